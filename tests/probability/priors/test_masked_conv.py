"""Against an enumeration of every code map of a small grid."""

import itertools

import numpy as np
import pytest
from keras import ops
from scipy import stats

from isthmus import recipes
from isthmus.networks import build_prior
from isthmus.probability import latent_of, namespace, prior_of

FIELDS = recipes.MaskedConvPrior(filters=5, blocks=2, kernel=3)
LATENT = latent_of(recipes.FiniteScalarLatent(grid=(2, 2), levels=(2, 2)))
PRIOR = prior_of(FIELDS, LATENT)
BOOK = LATENT.codebook
MAPS = np.array(list(itertools.product(range(4), repeat=4)))
"""All 256 maps of 4 positions and 4 codes."""
CODES = BOOK.codes(MAPS).reshape(256, -1)


def array(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.fixture(scope="module")
def model():
    built = build_prior(FIELDS, LATENT.group.shape, BOOK.levels)
    rng = np.random.default_rng(0)
    for weight in built.weights:
        weight.assign(0.7 * rng.standard_normal(weight.shape))
    return built


@pytest.fixture(scope="module")
def network(model):
    return lambda codes: {name: array(value) for name, value in model(np.asarray(codes, np.float32)).items()}


@pytest.fixture(scope="module")
def probabilities(network):
    return np.exp(PRIOR.log_p(namespace, CODES, network).astype(np.float64))


def test_the_probabilities_of_all_maps_sum_to_one(probabilities, model):
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-5)
    assert probabilities.std() > 0.01
    np.testing.assert_allclose(
        np.exp(array(PRIOR.log_p(ops, ops.convert_to_tensor(CODES), model))), probabilities, rtol=1e-4
    )


def test_a_later_position_never_changes_an_earlier_distribution(network):
    logits = network(CODES)["logits"].reshape(256, 4, 4)
    for position in range(4):
        for before in itertools.product(range(4), repeat=position):
            alike = logits[(MAPS[:, :position] == before).all(axis=1), position]
            np.testing.assert_array_equal(alike, np.broadcast_to(alike[0], alike.shape))
    assert logits[:, 3].std(axis=0).min() > 1e-3  # and an earlier one does change a later distribution


def test_samples_are_as_frequent_as_their_probabilities(network, probabilities):
    codes = PRIOR.sample(20_000, 8, np.random.default_rng(1), network)
    assert codes.dtype == np.float32
    counts = np.bincount(BOOK.numbers(namespace, codes) @ [64, 16, 4, 1], minlength=256)
    common = probabilities > 10 / 20_000
    observed = np.append(counts[common], counts[~common].sum())
    expected = 20_000 * np.append(probabilities[common], probabilities[~common].sum())
    assert stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue > 1e-3


def test_samples_do_not_depend_on_how_many_are_made_at_once(network, monkeypatch):
    whole = PRIOR.sample(7, 8, np.random.default_rng(2), network)
    monkeypatch.setattr("isthmus.probability.priors.masked_conv.MOST_LOGITS", 3 * 4 * 4)
    np.testing.assert_array_equal(PRIOR.sample(7, 8, np.random.default_rng(2), network), whole)


def test_slow_sampling_shows_its_progress(network, monkeypatch, capsys):
    PRIOR.sample(2, 8, np.random.default_rng(0), network)
    assert not capsys.readouterr().err
    monkeypatch.setattr("isthmus.probability.priors.masked_conv.SLOW_SECONDS", 0.0)
    PRIOR.sample(2, 8, np.random.default_rng(0), network)
    assert "sampling codes: 4/4" in capsys.readouterr().err


def test_starts_as_the_uniform_prior():
    built = build_prior(FIELDS, LATENT.group.shape, BOOK.levels)
    np.testing.assert_allclose(
        array(PRIOR.log_p(ops, ops.convert_to_tensor(CODES), built)), np.full(256, -4 * np.log(4)), rtol=1e-6
    )


def test_what_it_learns_is_declared(network):
    assert {name: value.shape[1:] for name, value in network(CODES[:1]).items()} == dict(PRIOR.learned_shapes(8))
    with pytest.raises(ValueError, match="expected the network of a learned prior"):
        PRIOR.log_p(namespace, CODES, None)
