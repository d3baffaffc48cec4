import re

import numpy as np
import pytest

from isthmus.errors import DataError, UsageError
from isthmus.probability import latent_variable
from isthmus.recipes import Recipe
from isthmus.runs.checks import checked_codes, generator_of


@pytest.mark.parametrize(
    "codes", [np.ones((3, 2), complex), np.array([[1j, 0.0]], object), [["a", "b"]], [[1.0, 2.0], [3.0]]], ids=str
)
def test_what_are_no_real_numbers_are_no_codes(codes):
    with pytest.raises(DataError, match=re.escape("expected codes as an array of shape (n, 2)")):
        checked_codes(codes, latent_variable(Recipe()))


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", "float64", object])
def test_codes_of_any_real_type_are_float32(dtype):
    found = checked_codes(np.ones((3, 2), dtype), latent_variable(Recipe()))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.ones((3, 2)))


@pytest.mark.parametrize("seed", [-1, 1.0, True, "1", None])
def test_what_is_no_seed(seed):
    with pytest.raises(UsageError, match=re.escape(f"at least 0; got {seed!r}")):
        generator_of(seed)


def test_a_seed_of_any_integer_type_gives_numpys_generator():
    assert generator_of(np.int64(7)).random() == generator_of(7).random() == np.random.default_rng(7).random()


def test_no_draws_are_made_from_a_wrong_seed(tiny_run):
    for draw in (
        lambda: tiny_run.sample(2, seed=-1),
        lambda: tiny_run.reconstruct(np.zeros((1, 12, 10, 1), np.uint8), draws=1, seed=-1),
        lambda: tiny_run.reconstruct(np.zeros((1, 24, 20, 1), np.uint8), draws=1, seed=-1, tiles=True),
    ):
        with pytest.raises(UsageError, match="at least 0"):
            draw()
