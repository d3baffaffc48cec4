import numpy as np
import pytest

from isthmus.data import EvaluationBatches, as_source, batches
from isthmus.errors import DataError
from isthmus.runs import EncodedImages, encode, encoded_batches


def test_every_image_is_encoded_once_in_order(tiny_run, bars, monkeypatch):
    monkeypatch.setattr(batches, "BATCH_IMAGES", 50)
    source = as_source(bars[0], bars[1])
    found = encode(tiny_run, source)
    for name, whole in tiny_run.encode(bars[0]).items():
        np.testing.assert_allclose(found.posterior[name], whole, atol=1e-6)
    np.testing.assert_array_equal(found.labels, bars[1])
    assert [batch.start for batch in encoded_batches(tiny_run, source)] == [0, 50, 100]


def test_a_draw_is_as_far_from_the_mean_as_the_posterior_says(tiny_run, bars):
    source = as_source(bars[0])
    found = encode(tiny_run, source, 3)
    standardised = (found.drawn - found.mean) / np.exp(0.5 * found.log_variance)
    assert np.square(standardised).mean() == pytest.approx(1.0, abs=0.3)
    np.testing.assert_array_equal(encode(tiny_run, source, 3).drawn, found.drawn)
    assert (encode(tiny_run, source, 4).drawn != found.drawn).all()
    expected = 0.5 * (np.square(found.mean) + np.exp(found.log_variance) - 1 - found.log_variance)
    np.testing.assert_allclose(found.kl, expected)


def test_a_plain_autoencoder_draws_its_code(tiny_ae_run, bars):
    found = encode(tiny_ae_run, as_source(bars[0]))
    np.testing.assert_array_equal(found.drawn, found.mean)
    assert found.log_variance is None
    assert not found.kl.any()


def test_inputs_and_targets_are_those_of_the_task(tiny_restorer, bars):
    source = as_source(bars[0])
    (found,) = encoded_batches(tiny_restorer, source, 5)
    (expected,) = EvaluationBatches(source, 500, tiny_restorer.recipe, 5)
    np.testing.assert_array_equal(found.images.input, expected.input)
    np.testing.assert_array_equal(found.encoded["mean"], tiny_restorer.encode(expected.input)["mean"])


def test_images_are_prepared_and_counted(tiny_run, bars, capsys):
    found = encode(tiny_run, as_source(bars[0]), prepare=lambda images: 255 - images)
    np.testing.assert_allclose(found.posterior["mean"], tiny_run.encode(255 - bars[0])["mean"], atol=1e-6)
    assert "encoding: 120/120" in capsys.readouterr().err


def test_images_of_another_shape(tiny_run):
    with pytest.raises(DataError, match="expected images of 10x12x1, as run 'tiny' was trained on; got 10x10x3"):
        encode(tiny_run, as_source(np.zeros((2, 10, 10, 3), np.uint8)))


def test_what_a_gaussian_dimension_tells_is_its_kl(tiny_run):
    posterior = {
        "mean": np.array([[1.0, 0.0], [3.0, 0.0]], np.float32),
        "log_variance": np.array([[0.0, 0.0], [0.0, 0.0]], np.float32),
    }
    information, unit = EncodedImages(None, tiny_run.latent, posterior).information
    np.testing.assert_allclose(information, [(0.5 + 4.5) / 2, 0.0])  # mean² / 2 for unit variance
    assert unit == "nats"


def test_what_a_point_dimension_tells_is_its_variance(tiny_ae_run):
    codes = np.array([[1.0, 5.0, 0.0], [3.0, 5.0, 4.0]], np.float32)
    information, unit = EncodedImages(None, tiny_ae_run.latent, {"mean": codes}).information
    np.testing.assert_allclose(information, [1.0, 0.0, 4.0])
    assert unit == "variance"
