import dataclasses

import numpy as np

from isthmus.data import batches, select
from isthmus.scores import as_pixels, score
from isthmus.workflows import seeing
from isthmus.workflows.datasets import open_held_out


def test_what_is_seen_is_what_the_run_and_its_scores_say(tiny_run, bars, monkeypatch):
    monkeypatch.setattr(batches, "BATCH_IMAGES", 5)
    seen = seeing.look(tiny_run, open_held_out(tiny_run, bars, training_too=True))
    images = seen.source.read(np.arange(len(seen.source)))
    np.testing.assert_allclose(seen.posterior["mean"], tiny_run.encode(images)["mean"], atol=1e-6)
    direct = score(tiny_run, seen.source, tiny_run.recipe.training.seed)
    np.testing.assert_array_equal(seen.scores.distortion, direct.distortion)
    pixels = as_pixels(images, tiny_run.recipe.pixels)
    np.testing.assert_allclose(seen.pixel_variance, np.mean((pixels - pixels.mean(axis=0)) ** 2))


def test_scores_and_a_choice_of_images_do_not_depend_on_their_order(tiny_run, bars, monkeypatch):
    monkeypatch.setattr(seeing, "MOST_IMAGES", 4)
    found = open_held_out(tiny_run, bars, training_too=True)
    seen = seeing.look(tiny_run, found)
    assert len(seen.source) == len(seen.posterior["mean"]) == len(seen.scores.rate) == 4
    by_class = select(found.images, np.argsort(found.images.labels, kind="stable"))
    again = seeing.look(tiny_run, dataclasses.replace(found, images=by_class))
    assert again.source.names == seen.source.names
    np.testing.assert_array_equal(again.scores.distortion, seen.scores.distortion)
