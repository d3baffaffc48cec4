import tracemalloc

import numpy as np
import pytest
from sklearn.decomposition import PCA

from isthmus.data import as_source
from isthmus.recipes import Augmentation, named_recipe
from isthmus.workflows.datasets.orientations import choose_orientations, with_orientations

ALL = Augmentation(flip_horizontal=True, flip_vertical=True, transpose=True)


def smooth(count, height, width, seed=0):
    """Images of a random field whose statistics are the same in every orientation: few of them show few of it."""
    noise = np.random.default_rng(seed).standard_normal((count, height, width, 3))
    frequencies = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))[None, :, :, None]
    images = np.fft.ifft2(np.fft.fft2(noise, axes=(1, 2)) / (0.02 + frequencies) ** 2, axes=(1, 2)).real
    images = (images - images.mean()) / images.std()
    return np.clip(128 + 40 * images, 0, 255).astype(np.uint8)


def ramps(count):
    """Images that are always brighter below, of few dimensions."""
    rng = np.random.default_rng(0)
    shapes = np.linspace(0, 1, 24)[:, None] ** rng.uniform(0.5, 3, (count, 1, 24))
    return (200 * shapes[..., None] * rng.uniform(0.5, 1, (count, 1, 1, 1))).astype(np.uint8)


def test_a_field_without_a_direction_is_seen_in_all_orientations():
    found = choose_orientations(as_source(smooth(300, 32, 32)))
    assert found.augmentation == ALL
    assert found.ratio < 0.95


def test_only_square_images_are_transposed():
    found = choose_orientations(as_source(smooth(300, 32, 20)))
    assert found.augmentation == Augmentation(flip_horizontal=True, flip_vertical=True)


def test_what_has_a_direction_stays_as_it_is():
    assert choose_orientations(as_source(ramps(300))).augmentation == Augmentation()


def test_the_ratio_is_that_of_pca_on_turned_images(monkeypatch):
    """The covariance of all orientations is that of the images in all orientations, as scikit-learn computes it."""
    from isthmus.workflows.datasets import orientations

    images = smooth(60, 12, 12)
    halves = as_source(images[:40]), as_source(images[40:])
    monkeypatch.setattr(orientations, "split_by_content", lambda *_: halves)
    found = choose_orientations(as_source(images))

    known, new = images[:40] / 255.0, images[40:].reshape(20, -1) / 255.0
    turned = [np.rot90(way, turn, (1, 2)) for way in (known, known.swapaxes(1, 2)) for turn in range(4)]

    def error(fitting):
        pca = PCA(39, svd_solver="full").fit(fitting.reshape(len(fitting), -1))
        return np.mean((new - pca.inverse_transform(pca.transform(new))) ** 2)

    assert found.augmentation == ALL
    assert found.ratio == pytest.approx(error(np.concatenate(turned)) / error(known), rel=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_few_images_are_no_fault(count):
    found = choose_orientations(as_source(smooth(count, 8, 8)))
    assert found is None or found.ratio <= 1.0


@pytest.mark.parametrize("levels", [1, 2, 30])
def test_plain_images_are_no_fault(levels):
    images = np.broadcast_to(np.arange(levels, dtype=np.uint8)[:, None, None, None], (levels, 8, 8, 1))
    found = choose_orientations(as_source(np.ascontiguousarray(images)))
    assert found is None or found.augmentation.is_off


def test_large_images_are_read_a_few_at_a_time(monkeypatch):
    """Means of blocks, however few images are held at once."""
    from isthmus.workflows.datasets import orientations

    images = smooth(40, 40, 35)
    expected = images[:, :39, :33].reshape(40, 13, 3, 11, 3, 3).mean(axis=(2, 4)) / 255
    monkeypatch.setattr(orientations, "batch_size_for", lambda dims: 7)
    read = []

    class Counted:
        spec = as_source(images).spec

        def __len__(self):
            return len(images)

        def read(self, indices):
            read.append(len(indices))
            return images[indices]

    np.testing.assert_allclose(orientations._reduced(Counted()), expected, rtol=1e-12)
    assert read == [7] * 5 + [5]


def test_equal_images_have_no_components(monkeypatch):
    from isthmus.workflows.datasets import orientations

    black, white = np.zeros((20, 24, 24, 3), np.uint8), np.full((20, 24, 24, 3), 255, np.uint8)
    monkeypatch.setattr(orientations, "split_by_content", lambda *_: (as_source(black), as_source(white)))
    assert choose_orientations(as_source(np.concatenate([black, white]))) == (Augmentation(), 1.0)


def test_images_of_many_channels_are_reduced_to_fewer_pixels():
    """The covariance of 16 x 16 x 16 numbers takes 128 MiB, and each orientation as much again."""
    images = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 16)).astype(np.uint8)
    tracemalloc.start()
    choose_orientations(as_source(images))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200 << 20


def test_many_images_are_not_read():
    class Many:
        def __len__(self):
            return 5_001

    assert choose_orientations(Many()) is None


def test_what_is_given_stays():
    source = as_source(smooth(300, 32, 32))
    recipe = named_recipe("photo-ae")
    assert with_orientations(recipe, source, {}).augmentation == ALL
    assert with_orientations(recipe, source, {"augmentation.shift": 0.0}) == recipe
    assert with_orientations(named_recipe("photo-vae"), source, {}) == named_recipe("photo-vae")
