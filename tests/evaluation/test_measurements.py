import numpy as np

from isthmus.data import as_source, select
from isthmus.evaluation import measurements
from isthmus.evaluation.measurements import Measurements
from isthmus.scores import as_pixels, score


def test_measurements_are_those_of_the_run_and_its_scores(tiny_run, bars):
    measured = Measurements.of(tiny_run, as_source(*bars), None, seed=3)
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
