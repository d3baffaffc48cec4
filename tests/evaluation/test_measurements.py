import numpy as np

from isthmus.data import as_source, select
from isthmus.evaluation import measurements
from isthmus.evaluation.measurements import Measurements, decode, pixels, subset
from isthmus.scores import as_pixels, score


def test_measurements_are_those_of_the_run_and_its_scores(tiny_run, bars):
    unequal = select(as_source(*bars), np.arange(50))  # of one class more than of others: the mean image is not flat
    measured = Measurements.of(tiny_run, unequal, None, seed=3)
    images = measured.test.read(np.arange(len(measured.test)))
    np.testing.assert_allclose(measured.codes.mean, tiny_run.encode(images)["mean"], atol=1e-6)
    np.testing.assert_array_equal(measured.scores.distortion, score(tiny_run, measured.test, 3).distortion)
    pixels = as_pixels(images, tiny_run.recipe.pixels)
    np.testing.assert_allclose(measured.pixel_variance, np.mean((pixels - pixels.mean(axis=0)) ** 2), rtol=1e-6)


def test_the_limit_and_the_order_of_images_depend_on_their_content_alone(tiny_run, bars, monkeypatch):
    monkeypatch.setattr(measurements, "MOST_TEST", 4)
    source = as_source(*bars)
    measured = Measurements.of(tiny_run, source, None, seed=0).limited()
    assert len(measured.test) == len(measured.codes) == len(measured.scores.rate) == 4
    by_class = select(source, np.argsort(source.labels, kind="stable"))
    again = Measurements.of(tiny_run, by_class, None, seed=0).limited()
    np.testing.assert_array_equal(again.test.read(np.arange(4)), measured.test.read(np.arange(4)))
    np.testing.assert_array_equal(again.scores.distortion, measured.scores.distortion)


def test_training_images_are_measured_where_they_are_found(tiny_ae_run, bars, monkeypatch):
    source = as_source(*bars)
    monkeypatch.setattr(measurements, "MOST_IMAGES", 50)
    measured = Measurements.of(tiny_ae_run, select(source, np.arange(20)), source, seed=0)
    assert len(measured.train_subset) == len(measured.train_codes) == len(measured.train_pixels) == 50
    assert measured.train_codes is measured.train_codes
    # PCA by the singular values of the same pixels: what three components leave of them.
    rows = measured.train_pixels.reshape(50, -1).astype(np.float64)
    singular = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    left = np.mean((measured.pca.reconstruct(measured.train_pixels) - measured.train_pixels) ** 2)
    np.testing.assert_allclose(left, (singular[3:] ** 2).sum() / rows.size, rtol=0.01)
    lost = Measurements.of(tiny_ae_run, source, None, seed=0)
    assert lost.train_subset is lost.train_codes is lost.train_pixels is lost.pca is None


def test_a_subset_is_chosen_by_the_seed_and_bounded_by_its_numbers(bars, monkeypatch):
    source = as_source(*bars)
    assert subset(source, 120, 0) is source
    monkeypatch.setattr(measurements, "MOST_NUMBERS", 7 * 120)
    chosen = [subset(source, 50, seed).read(np.arange(7)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(chosen[0], chosen[1])
    assert (chosen[0] != chosen[2]).any()
    assert len(subset(source, 50, 0)) == 7


def test_batches_change_neither_pixels_nor_decoded_images(tiny_run, bars, monkeypatch):
    source, codes = as_source(*bars), tiny_run.sample_codes(30, seed=1)
    whole = pixels(tiny_run, source, 0), decode(tiny_run, codes)
    monkeypatch.setattr(measurements, "batch_size_for", lambda numbers: 7)
    np.testing.assert_array_equal(pixels(tiny_run, source, 0), whole[0])
    np.testing.assert_allclose(decode(tiny_run, codes), whole[1], atol=1e-6)
    np.testing.assert_allclose(whole[1] * 255, tiny_run.decode(codes), atol=0.501)
