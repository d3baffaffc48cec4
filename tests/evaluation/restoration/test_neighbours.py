import numpy as np
import pytest

from isthmus.data import as_source
from isthmus.data.tasks.kinds import with_holes
from isthmus.evaluation.restoration import neighbours
from isthmus.evaluation.restoration.neighbours import Neighbours

SHAPE = (6, 5, 2)


@pytest.fixture
def known():
    return np.random.default_rng(0).integers(0, 256, (200, *SHAPE)).astype(np.uint8)


@pytest.fixture
def seen():
    """Images with holes, a different one in each."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (7, *SHAPE)).astype(np.uint8)
    return np.stack([with_holes(image, rng.random(SHAPE[:2]) < 0.4) for image in images])


@pytest.fixture
def order(known, seen):
    """Every pair compared over the known pixels, one after the other."""
    apart = [
        [np.square((image[..., :-1].astype(float) - other)[image[..., -1] > 0]).sum() for other in known]
        for image in seen
    ]
    return np.argsort(apart, axis=1)


@pytest.mark.parametrize("numbers", [1, 900, 1 << 23])
@pytest.mark.parametrize("count", [1, 10, 200])
def test_the_nearest_are_those_of_a_plain_search_whatever_the_parts(known, seen, order, monkeypatch, numbers, count):
    monkeypatch.setattr(neighbours, "_MOST_NUMBERS", numbers)
    np.testing.assert_array_equal(Neighbours(as_source(known)).nearest(seen, count), order[:, :count])


@pytest.mark.parametrize("count", [1, 3, 30])
def test_holes_get_the_mean_of_so_many_and_the_rest_is_kept(known, seen, order, count):
    filled = Neighbours(as_source(known)).fill(seen, count)
    for image, given, found in zip(seen, filled, order, strict=True):
        missing = image[..., -1] == 0
        np.testing.assert_array_equal(given[~missing], image[~missing][:, :-1])
        np.testing.assert_allclose(given[missing], known[found[:count]].mean(axis=0)[missing], atol=0.5)


def test_other_images_are_looked_up_anew(known, seen, order):
    fill = Neighbours(as_source(known)).fill
    fill(seen[:3], 1)
    np.testing.assert_array_equal(fill(seen[3:], 1), Neighbours(as_source(known)).fill(seen[3:], 1))


def test_each_image_is_read_once_for_all_counts(known, seen):
    class Counting:
        """A source that counts how many images were read."""

        spec, read_images = as_source(known).spec, 0

        def __len__(self):
            return len(known)

        def read(self, indices):
            self.read_images += len(indices)
            return known[indices]

    source = Counting()
    fill = Neighbours(source).fill
    for count in (1, 3, 10):
        fill(seen, count)
    assert source.read_images == len(known) + len(seen) * (1 + 3 + 10)
