import numpy as np
import pytest

from isthmus.plots.of_run import tells_of
from isthmus.report.latent_space import latent_pictures
from isthmus.workflows.datasets import open_held_out
from isthmus.workflows.seeing import look


def _pictures(run, bars):
    seen = look(run, open_held_out(run, bars, training_too=True))
    tells, unit = tells_of(run, seen.posterior)
    return {picture.title: picture for picture in latent_pictures(run, seen, tells, unit)}


def test_a_plane_is_shown_whole(tiny_run, bars):
    found = _pictures(tiny_run, bars)
    assert list(found) == ["The manifold", "The codes", "What each dimension says", "From image to image"]
    assert "20x20" in found["The manifold"].caption
    assert found["What each dimension says"].html.count("nats") >= 1


def test_more_dimensions_are_projected_and_traversed(tiny_ae_run, bars):
    found = _pictures(tiny_ae_run, bars)
    assert list(found) == [
        "The codes, by PCA",
        "The codes, by t-SNE",
        "What each dimension says",
        "From image to image",
        "What each dimension does",
    ]
    assert "variance" in found["What each dimension says"].caption


def test_a_point_stands_for_each_image(tiny_run, bars):
    picture = _pictures(tiny_run, bars)["The codes"]
    count = tiny_run.manifest.data.test_images
    assert f"each of {count} test images" in picture.caption
    # One mark in the cloud for each image, and one in the legend for each class that is there.
    present = len(np.unique(open_held_out(tiny_run, bars, training_too=True).images.labels))
    assert picture.html.count("<use") >= count + present


def test_without_images_only_a_plane_is_left(tiny_run, tiny_ae_run):
    assert [picture.title for picture in latent_pictures(tiny_run, None, None, "nats")] == ["The manifold"]
    assert latent_pictures(tiny_ae_run, None, None, "nats") == []


def test_codes_that_are_all_the_same_are_no_cloud(tiny_ae_run, bars, monkeypatch):
    seen = look(tiny_ae_run, open_held_out(tiny_ae_run, bars, training_too=True))
    seen.posterior["mean"][:] = 0
    found = [picture.title for picture in latent_pictures(tiny_ae_run, seen, np.zeros(3), "variance")]
    assert found == ["What each dimension says", "From image to image", "What each dimension does"]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_handful_of_images_is_enough(tiny_run, tiny_ae_run, bars, count):
    for run in (tiny_run, tiny_ae_run):
        seen = look(run, open_held_out(run, bars[0][:count], training_too=True))
        tells, unit = tells_of(run, seen.posterior)
        assert latent_pictures(run, seen, tells, unit)
