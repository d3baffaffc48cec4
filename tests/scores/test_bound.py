import numpy as np
import pytest
from keras import ops
from scipy import integrate, special, stats

import isthmus.autoencoder
from isthmus.data import as_source, batches
from isthmus.errors import DataError
from isthmus.recipes import Pixels
from isthmus.scores import as_pixels, score


@pytest.fixture
def source(bars):
    return as_source(bars[0][:40])


def test_the_rate_is_the_integral_of_each_dimension(tiny_run, source):
    posterior = tiny_run.encode(source.images[:3])

    def divergence(mean, log_variance):
        q, p = stats.norm(mean, np.exp(log_variance / 2)), stats.norm()
        low, high = q.interval(1 - 1e-12)
        return integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), low, high)[0]

    expected = np.vectorize(divergence)(posterior["mean"], posterior["log_variance"]).sum(axis=1)
    np.testing.assert_allclose(score(tiny_run, source).rate[:3], expected, rtol=1e-4)


def test_the_distortion_is_a_draw_of_the_posteriors(tiny_run, source):
    """One image many times over: the scores' mean is that of other draws, priced by SciPy."""
    image = source.images[:1]
    found = score(tiny_run, as_source(np.repeat(image, 2000, axis=0))).distortion
    posterior = tiny_run.encode(image)
    law = stats.norm(posterior["mean"], np.exp(posterior["log_variance"] / 2))
    logits = tiny_run.decode_parameters(law.rvs((2000, 2), random_state=0))["logits"].astype(float)
    expected = -stats.bernoulli(special.expit(logits)).logpmf(image > 127).sum(axis=(1, 2, 3))
    assert stats.ks_2samp(found, expected).pvalue > 1e-3
    assert len(np.unique(found)) > 1000


def test_the_bound_is_made_of_both(tiny_run, source):
    found = score(tiny_run, source)
    np.testing.assert_array_equal(found.elbo, -(found.distortion + found.rate))
    assert all(part.shape == (40,) and part.dtype == np.float64 for part in (found.distortion, found.rate, found.elbo))


def test_an_autoencoder_costs_its_code_nothing(tiny_ae_run, source):
    found = score(tiny_ae_run, source)
    np.testing.assert_array_equal(found.rate, np.zeros(40))
    mean = tiny_ae_run.decode_parameters(tiny_ae_run.encode(source.images)["mean"])["mean"]
    expected = -stats.norm(mean, 0.2).logpdf(source.images / 255).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(found.distortion, expected, rtol=1e-5)
    np.testing.assert_allclose(
        found.squared_error, np.square(mean - source.images / 255).mean(axis=(1, 2, 3)), rtol=1e-4
    )


def test_the_error_is_that_of_the_mean_reconstruction(tiny_run, source):
    logits = tiny_run.decode_parameters(tiny_run.encode(source.images)["mean"])["logits"]
    expected = np.square(special.expit(logits) - (source.images > 127)).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(score(tiny_run, source).squared_error, expected, rtol=1e-4)


@pytest.mark.parametrize("batch", [1, 7, 40, 41])
def test_batches_change_nothing(tiny_run, source, monkeypatch, batch):
    whole = score(tiny_run, source)
    monkeypatch.setattr(batches, "BATCH_IMAGES", batch)
    parts = score(tiny_run, source)
    for name in ("distortion", "rate", "squared_error"):
        # The graph itself may sum in another order.
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-4)


def test_a_seed_fixes_the_draws(tiny_run, source):
    first, again, other = (score(tiny_run, source, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.distortion, again.distortion)
    assert (first.distortion != other.distortion).any()
    np.testing.assert_array_equal(first.rate, other.rate)


def test_images_of_another_shape(tiny_run):
    with pytest.raises(DataError, match="expected images of 10x12x1, as run 'tiny' was trained on; got 10x10x3"):
        score(tiny_run, as_source(np.zeros((2, 10, 10, 3), np.uint8)))


@pytest.mark.parametrize("pixels", [Pixels(), Pixels(dtype="float32"), Pixels(binarise="threshold", threshold=0.3)])
def test_pixels_are_what_the_graph_takes_them_for(pixels):
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    if pixels.dtype == "float32":
        images = (images / 255).astype(np.float32)
    expected = ops.convert_to_numpy(isthmus.autoencoder.as_pixels(images, pixels))
    np.testing.assert_allclose(as_pixels(images, pixels), expected, rtol=1e-6)
