import math

import numpy as np
import pytest

from isthmus import recipes
from isthmus.errors import RecipeError
from isthmus.probability import LatentGroup, latent_of, latent_variable, namespace
from isthmus.recipes import Recipe, with_fields

FSQ = with_fields(Recipe(), {"latent": "fsq", "latent.grid": [2, 3], "latent.levels": [4, 3], "prior": "uniform"})
Z = np.array([[-1.0, -1, 0.5, 1, 0, 0, -0.5, 1, -1, 0, 0, 1]] * 2, np.float32)


def test_is_a_code_map_on_a_grid():
    assert FSQ.latent.dim == 12
    assert latent_of(FSQ.latent).group == LatentGroup("latent", "fsq", (2, 3, 2))
    variable = latent_variable(FSQ)
    assert (variable.is_discrete, variable.has_rate, variable.is_random) == (True, True, False)
    assert not latent_variable(Recipe()).is_discrete


def test_all_probability_is_on_one_code():
    variable = latent_variable(FSQ)
    noise = np.random.default_rng(0).standard_normal((3, *Z.shape))
    np.testing.assert_array_equal(variable.sample(namespace, {"mean": Z}, noise), np.stack([Z] * 3))
    np.testing.assert_array_equal(variable.latent.log_q(namespace, np.stack([Z] * 3), {"mean": Z}), np.zeros((3, 2)))


def test_the_rate_under_a_uniform_prior_is_that_of_counting():
    """Six positions of twelve codes; the closed form by dimension, and -log p of the code, say the same."""
    variable, posterior = latent_variable(FSQ), {"mean": Z}
    expected = [6 * math.log(12)] * 2
    np.testing.assert_allclose(variable.rate(namespace, Z, posterior), expected, rtol=1e-6)
    np.testing.assert_allclose(variable.log_ratio(namespace, Z, posterior), expected, rtol=1e-6)
    np.testing.assert_allclose(variable.kl(namespace, posterior)[0, :2], np.log([4, 3]), rtol=1e-6)


def test_samples_of_a_uniform_prior_are_uniform():
    variable = latent_variable(FSQ)
    codes = variable.sample_prior(2000, np.random.default_rng(0))
    assert codes.dtype == np.float32
    counts = np.bincount(variable.codebook.numbers(namespace, codes).ravel(), minlength=12)
    assert np.abs(counts - 1000).max() < 5 * math.sqrt(1000)


def test_a_discrete_code_is_worth_few_numbers():
    recipe = with_fields(FSQ, {"latent.grid": [8, 8], "latent.levels": [8, 5, 5, 5]})
    assert latent_variable(recipe).float_dim == math.ceil(64 * math.log2(1000) / 32)
    assert latent_variable(Recipe()).float_dim == Recipe().latent.dim


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"prior": "standard-normal"}, r"set prior=masked-conv, which learns to sample them, or prior=uniform"),
        ({"latent": "gaussian"}, r"prior.kind='uniform' gives discrete codes .* set latent=fsq"),
        ({"network": "dense"}, r"latent.kind='fsq' needs a network with a grid"),
        ({"objective": "iwae"}, r"objective.kind='iwae' weighs draws .* one code for each image"),
        ({"objective.beta": 2.0}, r"objective.beta weighs .* trains the prior alone: set objective.beta=1.0"),
        ({"objective.beta_warmup_epochs": 2.0}, r"objective.beta_warmup_epochs .* trains the prior alone"),
        ({"objective.estimator": "monte-carlo"}, r"set objective.estimator=closed-form"),
        ({"condition": "labels"}, r"do not depend on the class"),
        ({"latent.levels": [4, 1]}, r"latent.levels.1: input should be greater than or equal to 2"),
        ({"latent.levels": [256, 256, 2]}, r"at most 65,536; got 131,072"),
        ({"latent.levels": [16, 16, 32], "prior": "masked-conv"}, r"each of the 8,192 codes .* 4,096 are the most"),
        ({"prior": "masked-conv", "prior.kernel": 4}, r"prior.kernel: expected an odd number"),
        ({"latent.dim": 10}, r"6 positions of latent.grid x 2 channels of latent.levels = 12 dimensions; got 10"),
    ],
)
def test_what_does_not_go_together_says_why(changes, fault):
    with pytest.raises(RecipeError, match=fault):
        with_fields(FSQ, changes)


def test_its_own_number_of_dimensions_changes_nothing():
    assert with_fields(FSQ, {"latent.dim": 12}) == FSQ


def test_is_described_in_codes():
    assert FSQ.latent.description == "6 discrete codes, each one of 12"
    assert recipes.PointLatent(dim=1).description == "1 latent dimension"
