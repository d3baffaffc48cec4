import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from scipy.ndimage import gaussian_filter

from isthmus.data.tasks.corruptions import add_noise, blur, clutter, coarsen, resized

KINDS = ("gaussian", "poisson", "salt-and-pepper", "speckle", "jpeg")
SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 2, 3, 4, 5]))


def rng(seed=0):
    return np.random.default_rng(seed)


@given(hnp.arrays(np.uint8, SHAPES), st.sampled_from(KINDS), st.floats(0.01, 1.0))
def test_any_image_keeps_its_shape_type_and_alpha(image, kind, strength):
    noisy = add_noise(image, kind, strength, rng())
    assert noisy.shape == image.shape
    assert noisy.dtype == np.uint8
    if image.shape[2] == 4:
        np.testing.assert_array_equal(noisy[..., 3], image[..., 3])


@pytest.mark.parametrize("kind", KINDS)
def test_noise_follows_from_the_generator(kind, random_images):
    image = random_images(1, 16, 16, 3)[0]
    np.testing.assert_array_equal(add_noise(image, kind, 0.3, rng(1)), add_noise(image, kind, 0.3, rng(1)))
    if kind != "jpeg":
        assert (add_noise(image, kind, 0.3, rng(1)) != add_noise(image, kind, 0.3, rng(2))).any()


@pytest.mark.parametrize(
    ("kind", "level", "deviation"),
    [
        ("gaussian", 128, 0.1),
        ("gaussian", 100, 0.05),
        ("speckle", 128, 0.1 * 128 / 255),
        ("poisson", 128, 0.1 * np.sqrt(128 / 255)),
    ],
)
def test_the_deviation_is_as_told(kind, level, deviation):
    """Far from black and white, where nothing is cut off; the standard error of a deviation is sigma / sqrt(2 n)."""
    strength = 0.05 if deviation == 0.05 else 0.1
    image = np.full((300, 300, 1), level, np.uint8)
    noisy = add_noise(image, kind, strength, rng()) / 255
    assert abs(noisy.std() - deviation) < 5 * deviation / np.sqrt(2 * image.size) + 1 / 255 / 12
    assert abs(noisy.mean() - level / 255) < 5 * deviation / np.sqrt(image.size) + 1e-3


def test_salt_and_pepper_in_equal_shares():
    noisy = add_noise(np.full((300, 300, 3), 100, np.uint8), "salt-and-pepper", 0.2, rng())
    assert set(np.unique(noisy)) == {0, 100, 255}
    assert (noisy == noisy[..., :1]).all()
    for value in (0, 255):
        assert abs((noisy == value).mean() - 0.1) < 0.01


def test_a_jpeg_of_less_quality_is_farther_off():
    smooth = (gaussian_filter(rng().random((64, 64, 3)), (3, 3, 0)) * 255).astype(np.uint8)
    off = [np.abs(add_noise(smooth, "jpeg", s, rng()).astype(int) - smooth).mean() for s in (0.1, 0.5, 0.9)]
    assert off[0] < off[1] < off[2]


def test_each_step_of_little_strength_is_a_jpeg_of_its_own():
    """The quality is what was asked for up to 100, where next to nothing is lost."""
    image = rng().integers(0, 256, (32, 32, 1)).astype(np.uint8)
    off = [np.abs(add_noise(image, "jpeg", s, rng()).astype(int) - image).mean() for s in (1e-6, 0.02, 0.04, 0.06)]
    assert off == sorted(set(off))
    assert off[0] < 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strength", [5e-324, 1e-10, 1e-4])
def test_next_to_no_strength_is_next_to_no_noise(kind, strength):
    image = rng().integers(0, 256, (32, 32, 1)).astype(np.uint8)
    off = np.abs(add_noise(image, kind, strength, rng()).astype(int) - image)
    assert off.max() <= (1 if kind == "jpeg" else 0)


def test_blur_is_scipys():
    image = np.random.default_rng(0).integers(0, 256, (20, 21, 3)).astype(np.uint8)
    expected = np.rint(gaussian_filter(image / 255.0, (1.5, 1.5, 0)) * 255)
    np.testing.assert_array_equal(blur(image, 1.5, 0.0, rng()), expected)
    assert np.abs(blur(image, 1.5, 0.1, rng()) - expected).std() > 10


def test_what_is_coarse_was_small():
    image = np.random.default_rng(0).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    small = Image.fromarray(image).resize((4, 3), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(resized(image, 3, 4), np.asarray(small))
    large = np.asarray(small.resize((16, 12), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(coarsen(image, 4), large)
    assert coarsen(image[:1, :1], 4).shape == (1, 1, 3)


def test_clutter_hides_shapes_in_what_is_as_bright():
    mask = np.zeros((64, 64, 1), np.uint8)
    mask[20:40, 20:40] = 255
    plain, busy = clutter(mask, 0.1, rng()), clutter(mask, 1.0, rng())
    assert plain[25:35, 25:35].mean() > plain[:10].mean() + 30
    assert busy[mask == 0].max() > busy[mask == 255].min()
    assert busy[mask == 0].std() > plain[mask == 0].std()
