import numpy as np
import pytest

from isthmus.report.latent_space import latent_space
from isthmus.workflows.datasets import open_held_out
from isthmus.workflows.diagnosis import measure


def _panels(run, bars):
    measured = measure(run, open_held_out(run, bars, training_too=True))
    return {panel.title: panel for panel in latent_space(run, measured)}


def test_a_plane_is_shown_whole(tiny_run, bars):
    found = _panels(tiny_run, bars)
    assert list(found) == ["The manifold", "Latent codes", "Information per dimension", "Interpolation"]
    assert "20x20" in found["The manifold"].caption
    assert found["Information per dimension"].html.count("nats") >= 1


def test_more_dimensions_are_projected_and_traversed(tiny_ae_run, bars):
    found = _panels(tiny_ae_run, bars)
    assert list(found) == [
        "Latent codes, by PCA",
        "Latent codes, by t-SNE",
        "Information per dimension",
        "Interpolation",
        "Traversal",
    ]
    assert "Variance" in found["Information per dimension"].caption


def test_a_point_stands_for_each_image(tiny_run, bars):
    panel = _panels(tiny_run, bars)["Latent codes"]
    count = tiny_run.manifest.data.test_images
    assert f"each of {count} test images" in panel.caption
    # One mark in the cloud for each image, and one in the legend for each class that is there.
    present = len(np.unique(open_held_out(tiny_run, bars, training_too=True).images.labels))
    assert panel.html.count("<use") >= count + present


def test_without_images_only_a_plane_is_left(tiny_run, tiny_ae_run):
    assert [panel.title for panel in latent_space(tiny_run, None)] == ["The manifold"]
    assert latent_space(tiny_ae_run, None) == []


def test_codes_that_are_all_the_same_are_no_cloud(tiny_ae_run, bars, monkeypatch):
    measured = measure(tiny_ae_run, open_held_out(tiny_ae_run, bars, training_too=True))
    measured.codes.posterior["mean"][:] = 0
    found = [panel.title for panel in latent_space(tiny_ae_run, measured)]
    assert found == ["Information per dimension", "Interpolation", "Traversal"]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_handful_of_images_is_enough(tiny_run, tiny_ae_run, bars, count):
    for run in (tiny_run, tiny_ae_run):
        measured = measure(run, open_held_out(run, bars[0][:count], training_too=True))
        assert latent_space(run, measured)
