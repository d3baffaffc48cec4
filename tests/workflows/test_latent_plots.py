import re

import numpy as np
import pytest

from isthmus import plots
from isthmus.errors import UsageError
from isthmus.workflows import latent_plots
from isthmus.workflows.datasets import open_held_out


def _points(figure):
    """Every point of a scatter, `(n, 2)`."""
    return np.concatenate([collection.get_offsets() for collection in figure.axes[0].collections])


def _cells(figure):
    return np.asarray(figure.axes[0].images[0].get_array())


def test_the_manifold_is_the_decoder_at_the_priors_quantiles(tiny_run):
    drawn = latent_plots.manifold(tiny_run, n=3)
    expected = tiny_run.decode(plots.manifold_codes(3)).reshape(3, 3, 12, 10).swapaxes(1, 2).reshape(36, 30)
    np.testing.assert_array_equal(_cells(drawn.figure)[..., 0], expected)
    assert drawn.summary == "the manifold of 3x3 codes"


def test_a_manifold_needs_two_dimensions_and_a_prior(tiny_ae_run):
    with pytest.raises(UsageError, match=r"has 3.*traversal"):
        latent_plots.manifold(tiny_ae_run)
    with pytest.raises(UsageError, match=r"has 3.*scatter"):
        latent_plots.grid(tiny_ae_run)


def test_a_plain_autoencoder_has_no_quantiles(tiny_ae_run, monkeypatch):
    recipe = tiny_ae_run.recipe
    plane = recipe.model_copy(update={"latent": recipe.latent.model_copy(update={"dim": 2})})
    monkeypatch.setattr(tiny_ae_run, "recipe", plane)
    with pytest.raises(UsageError, match="grid"):
        latent_plots.manifold(tiny_ae_run)


def test_the_grid_covers_its_range(tiny_run):
    drawn = latent_plots.grid(tiny_run, span=(-1.0, 1.0), step=0.5)
    assert _cells(drawn.figure).shape[:2] == (5 * 12, 5 * 10)
    assert "-1 to 1" in drawn.summary


def test_the_scatter_shows_the_codes_of_the_test_images(tiny_run, bars):
    drawn = latent_plots.scatter(tiny_run, data=bars)
    images = open_held_out(tiny_run, bars, training_too=True).images
    codes = tiny_run.encode(images.read(np.arange(len(images))))["mean"]
    found = _points(drawn.figure)
    np.testing.assert_allclose(found[np.lexsort(found.T)], codes[np.lexsort(codes.T)], atol=1e-6)
    legend = drawn.figure.axes[0].get_legend()
    assert {text.get_text() for text in legend.get_texts()} == set(map(str, np.unique(images.labels)))


def test_a_scatter_without_labels_has_one_colour(tiny_run, bars):
    drawn = latent_plots.scatter(tiny_run, data=bars[0][:20])
    (points,) = drawn.figure.axes[0].collections
    assert len(points.get_offsets()) == 20
    assert len(points.get_facecolors()) == 1
    assert drawn.figure.axes[0].get_legend() is None


def test_a_scatter_of_fewer_images_than_asked_for_says_so(tiny_run, bars):
    drawn = latent_plots.scatter(tiny_run, data=bars, count=4000)
    assert drawn.note.startswith("4,000 images were asked for; there are")
    assert len(_points(latent_plots.scatter(tiny_run, data=bars, count=3).figure)) == 3


def test_codes_of_more_dimensions_are_projected(tiny_ae_run, bars):
    drawn = latent_plots.scatter(tiny_ae_run, data=bars[0][:40])
    codes = tiny_ae_run.encode(bars[0][:40])["mean"]
    np.testing.assert_allclose(_points(drawn.figure), plots.project(codes, "pca").codes, atol=1e-5)
    assert "variance" in drawn.figure.axes[0].get_xlabel()
    named = latent_plots.scatter(tiny_ae_run, data=bars[0][:40], projection="tsne", seed=1)
    assert named.figure.axes[0].get_xlabel() == "t-SNE 1"


def test_ellipses_are_for_planes_of_a_vae(tiny_run, tiny_ae_run, bars):
    plain = latent_plots.scatter(tiny_run, data=bars[0][:5]).figure
    with_ellipses = latent_plots.scatter(tiny_run, data=bars[0][:5], ellipses=True).figure
    assert len(with_ellipses.axes[0].collections) > len(plain.axes[0].collections)
    with pytest.raises(UsageError, match="plain autoencoder"):
        latent_plots.scatter(tiny_ae_run, data=bars, ellipses=True)


def test_a_traversal_starts_from_an_image_and_is_sorted(tiny_run, bars):
    images = open_held_out(tiny_run, bars, training_too=True).images
    drawn = latent_plots.traversal(tiny_run, data=bars, image="1", count=1, span=(-2.0, 2.0))
    base = tiny_run.encode(images.read(np.array([1])))["mean"][0]
    kl = tiny_run.latent.kl(
        np, {k: v.astype(float) for k, v in tiny_run.encode(images.read(np.arange(len(images)))).items()}
    )
    most = int(np.argmax(kl.mean(axis=0)))
    expected = tiny_run.decode(plots.traversal_codes(base, [most], np.linspace(-2, 2, 13)))
    gap = 1
    cells = _cells(drawn.figure)[..., 0]
    np.testing.assert_array_equal(
        np.stack([cells[:, k * (10 + gap) : k * (10 + gap) + 10] for k in range(13)]), expected[..., 0]
    )
    assert drawn.figure.axes[0].get_yticklabels()[0].get_text().startswith(f"z[{most}]")
    assert images.names[1] in drawn.summary


def test_a_traversal_starts_from_an_image_that_it_names(tiny_ae_run, bars):
    drawn = latent_plots.traversal(tiny_ae_run, data=bars)
    name = re.fullmatch(r"3 of 3 dimensions, from image '(.+)'", drawn.summary)[1]
    named = latent_plots.traversal(tiny_ae_run, data=bars, image=name)
    np.testing.assert_array_equal(_cells(drawn.figure), _cells(named.figure))


def test_a_traversal_of_a_plain_autoencoder_spans_its_codes(tiny_ae_run, bars):
    figure = latent_plots.traversal(tiny_ae_run, data=bars).figure
    assert "variance" in figure.axes[0].get_yticklabels()[0].get_text()
    with pytest.raises(UsageError, match="lower first"):
        latent_plots.traversal(tiny_ae_run, data=bars, span=(3.0, -3.0))


def test_an_interpolation_begins_and_ends_at_images(tiny_run, bars):
    drawn = latent_plots.interpolation(tiny_run, data=bars[0], count=2, n=4, seed=5)
    chosen = np.random.default_rng(5).choice(len(bars[0]), 4, replace=False)
    expected = tiny_run.reconstruct(bars[0][chosen])
    cells = _cells(drawn.figure)[..., 0]
    np.testing.assert_array_equal(cells[:12, :10], expected[0, ..., 0])
    np.testing.assert_array_equal(cells[-12:, -10:], expected[3, ..., 0])


def test_an_interpolation_of_too_few_images(tiny_run, bars):
    few = latent_plots.interpolation(tiny_run, data=bars[0][:5], count=10)
    assert "enough for 2" in few.note
    with pytest.raises(UsageError, match="two images"):
        latent_plots.interpolation(tiny_run, data=bars[0][:1])
