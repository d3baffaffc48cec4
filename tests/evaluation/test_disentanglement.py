import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from isthmus.data.named.sprites import sprite_source, sprites
from isthmus.evaluation.disentanglement import (
    dci,
    disentanglement_section,
    factor_vae_score,
    measure_disentanglement,
    mutual_information_gaps,
)


@pytest.fixture(scope="module")
def grid():
    """Every combination of three factors of 4, 5 and 6 values, four times each."""
    return np.array(list(itertools.product(range(4), range(5), range(6))) * 4, float)


def shuffled(grid):
    return np.random.default_rng(0).permutation(grid)


def test_a_code_that_is_its_factors_is_perfect(grid):
    factors = shuffled(grid)
    assert mutual_information_gaps(factors, factors) == pytest.approx((1.0, 1.0, 1.0))
    found = dci(factors, factors, 0)
    assert found.disentanglement == pytest.approx(1.0, abs=0.01)
    assert found.completeness == pytest.approx(1.0, abs=0.01)
    assert found.informativeness == pytest.approx(1.0, abs=0.01)
    assert factor_vae_score(factors, factors, 0) == 1.0


def test_a_sorted_listing_is_predicted_as_well_as_a_shuffled_one(grid):
    by_first_factor = grid[np.argsort(grid[:, 0], kind="stable")]
    assert dci(by_first_factor, by_first_factor, 0).informativeness == pytest.approx(1.0, abs=0.01)


def test_order_scale_and_sign_do_not_matter(grid):
    factors = shuffled(grid)
    codes = np.stack([-3.0 * factors[:, 2], np.exp(factors[:, 0]), 7.0 + factors[:, 1]], axis=1)
    assert mutual_information_gaps(codes, factors) == pytest.approx((1.0, 1.0, 1.0))
    assert factor_vae_score(codes, factors, 0) == 1.0


def test_a_factor_told_twice_has_no_gap(grid):
    factors = shuffled(grid)
    codes = np.concatenate([factors, factors[:, :1]], axis=1)
    assert mutual_information_gaps(codes, factors) == pytest.approx((0.0, 1.0, 1.0))


def test_a_factor_that_no_dimension_tells_has_no_gap(grid):
    factors = shuffled(grid)
    assert mutual_information_gaps(factors[:, :2], factors) == pytest.approx((1.0, 1.0, 0.0), abs=1e-9)
    assert dci(factors[:, :2], factors, 0).informativeness < 0.75


def test_a_code_of_noise_is_worth_nothing(grid):
    factors = shuffled(grid)
    noise = np.random.default_rng(1).standard_normal((len(factors), 3))
    assert max(mutual_information_gaps(noise, factors)) < 0.1
    found = dci(noise, factors, 0)
    assert found.disentanglement < 0.1
    assert found.informativeness < 0.3
    assert factor_vae_score(noise, factors, 0) == pytest.approx(1 / 3, abs=0.1)


def test_a_code_turned_by_45_degrees_has_little_gap():
    factors = np.random.default_rng(0).random((4000, 2))
    turned = factors @ np.array([[1.0, 1.0], [-1.0, 1.0]])
    assert max(mutual_information_gaps(turned, factors)) < 0.05
    assert min(mutual_information_gaps(factors, factors)) > 0.95
    assert dci(turned, factors, 0).disentanglement < 0.3 < 0.9 < dci(factors, factors, 0).disentanglement


def test_the_factors_of_sprites_as_codes_score_high():
    factors = sprites(3000, 0).factors
    assert np.mean(mutual_information_gaps(factors, factors)) > 0.9
    assert factor_vae_score(factors, factors, 0) == 1.0


def test_a_table_of_sprites_and_a_reason_where_factors_are_unknown():
    source = sprite_source(400, 0)
    codes = SimpleNamespace(mean=source.factors)
    section = disentanglement_section(
        measure_disentanglement(SimpleNamespace(test_subset=source, subset_codes=codes, seed=0))
    )
    assert section["factor_vae_score"].value == 1.0
    assert {f"mig_{name}" for name in source.factor_names} <= {row.key for row in section.rows}
    unknown = SimpleNamespace(test_subset=SimpleNamespace(factors=None), subset_codes=codes, seed=0)
    assert (
        "factors that these images were drawn from are not known"
        in disentanglement_section(measure_disentanglement(unknown)).note
    )


def test_a_collapsed_code_is_chance():
    factors = np.random.default_rng(0).integers(0, 4, (500, 4)).astype(float)
    assert factor_vae_score(np.zeros((500, 3)), factors, 0) == 0.25
    assert mutual_information_gaps(np.zeros((500, 3)), factors) == pytest.approx((0.0,) * 4)
    assert dci(np.zeros((500, 3)), factors, 0).disentanglement == 0.0
