import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from isthmus.runs.tiles import by_tiles


@given(
    st.tuples(st.integers(1, 70), st.integers(1, 70), st.integers(1, 4)),
    st.tuples(st.integers(1, 33), st.integers(1, 33)),
)
def test_what_changes_nothing_gives_the_image_back(shape, side):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    np.testing.assert_allclose(by_tiles(image, side, lambda tiles: tiles.astype(np.float32)), image, atol=1e-3)


def test_tiles_are_all_of_the_size_and_number():
    image = np.random.default_rng(0).integers(0, 256, (50, 300, 3)).astype(np.uint8)
    seen = []

    def transform(tiles):
        seen.append(tiles.shape)
        return tiles[..., :1] / 255

    steps = []
    out = by_tiles(image, (16, 24), transform, lambda *done: steps.append(done))
    assert out.shape == (50, 300, 1)
    assert all(shape[1:] == (16, 24, 3) for shape in seen)
    assert steps[-1][0] == steps[-1][1] == sum(shape[0] for shape in seen)


@pytest.mark.parametrize("side", [16, 28, 32, 64])
def test_tiles_that_disagree_leave_no_seam(side):
    """Each tile is given another brightness; what is made of that changes as smoothly as the overlap allows."""
    rng = np.random.default_rng(0)

    def transform(tiles):
        return tiles.astype(np.float32) / 255 + rng.uniform(-0.1, 0.1, (len(tiles), 1, 1, 1))

    out = by_tiles(np.full((200, 200, 1), 128, np.uint8), (side, side), transform)[..., 0]
    overlap = max(8, side // 4)
    # Two tiles differ by 0.2 at most, and a cosine over the overlap is steepest in its middle: pi/2 of the mean slope.
    steepest = 0.2 * np.pi / 2 / overlap
    for axis in (0, 1):
        assert np.abs(np.diff(out, axis=axis)).max() < 1.5 * steepest


def test_a_filter_by_tiles_is_the_filter_of_the_whole():
    """Far enough from a tile's edge a blur knows all it needs, and the edges hardly count."""
    image = (gaussian_filter(np.random.default_rng(0).random((150, 130, 1)), (2, 2, 0)) * 255).astype(np.uint8)

    def transform(tiles):
        return gaussian_filter(tiles / 255.0, (0, 1, 1, 0))

    whole = gaussian_filter(image / 255.0, (1, 1, 0))
    assert np.abs(by_tiles(image, (32, 32), transform) - whole).max() < 0.02
