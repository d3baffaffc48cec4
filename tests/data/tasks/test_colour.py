import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from isthmus.data.tasks.colour import chroma, is_grey, luma, recolour

PICTURES = hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3)))


@given(PICTURES)
def test_brightness_is_pillows(picture):
    np.testing.assert_array_equal(luma(picture)[..., 0], np.asarray(Image.fromarray(picture).convert("L")))


@given(PICTURES)
def test_chroma_is_pillows_to_a_level(picture):
    other = np.asarray(Image.fromarray(picture).convert("YCbCr"))[..., 1:]
    assert np.abs(chroma(picture).astype(int) - other).max() <= 1


@given(PICTURES)
def test_apart_and_together_again(picture):
    # Where rounding leaves the colours of a screen, recolouring pales it: by 9 at most, tried on all 2^24 colours.
    assert np.abs(recolour(luma(picture), chroma(picture)).astype(int) - picture).max() <= 9
    within = np.clip(picture, 8, 247)
    assert np.abs(recolour(luma(within), chroma(within)).astype(int) - within).max() <= 3  # three roundings


@given(PICTURES, st.data())
def test_any_colours_keep_the_brightness(picture, data):
    grey = luma(picture)
    colours = data.draw(hnp.arrays(np.uint8, (*grey.shape[:2], 2)))
    assert np.abs(luma(recolour(grey, colours)).astype(int) - grey).max() <= 1


def test_what_is_grey(random_images):
    grey = random_images(3, 4, 5, 1)
    assert is_grey(grey)
    assert is_grey(np.repeat(grey, 3, axis=-1))
    assert not is_grey(random_images(3, 4, 5, 3))
    np.testing.assert_array_equal(recolour(grey, np.full((*grey.shape[:3], 2), 128, np.uint8)), np.repeat(grey, 3, -1))
