import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from isthmus.data import ImageOptions, ImageSpec, Preprocessing, parse_size
from isthmus.errors import UsageError


def stripes(height, width):
    """Black, grey and white from left to right, a third each."""
    pixels = np.repeat(np.array([0, 120, 255], np.uint8), width // 3)
    return Image.fromarray(np.tile(pixels, (height, 1)))


class TestApply:
    def test_what_fits_keeps_its_pixels(self):
        pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
        np.testing.assert_array_equal(Preprocessing(5, 7, 3).apply(Image.fromarray(pixels)), pixels)

    def test_a_crop_is_the_middle(self):
        made = Preprocessing(20, 20, 1).apply(stripes(20, 60))
        np.testing.assert_array_equal(made, np.full((20, 20, 1), 120))

    def test_padding_shows_all_and_the_background(self):
        made = Preprocessing(60, 60, 3, "pad", "#102030").apply(stripes(20, 60))
        np.testing.assert_array_equal(made[20:40, 10], np.full((20, 3), 0))
        np.testing.assert_array_equal(made[20:40, 50], np.full((20, 3), 255))
        np.testing.assert_array_equal(made[:20], np.broadcast_to([16, 32, 48], (20, 60, 3)))

    def test_stretching_shows_all_and_no_background(self):
        made = Preprocessing(30, 30, 1, "stretch").apply(stripes(20, 60))
        assert [int(made[15, x, 0]) for x in (2, 15, 27)] == [0, 120, 255]

    def test_enlarging_and_reducing_keep_a_plain_image_plain(self):
        for fit in ("crop", "pad", "stretch"):
            for size in ((3, 200), (200, 3), (1, 1), (500, 500)):
                made = Preprocessing(16, 12, 1, fit, "#4d4d4d").apply(Image.new("L", size, 77))
                np.testing.assert_array_equal(made, np.full((16, 12, 1), 77))

    def test_what_is_transparent_lies_on_the_background(self):
        pixels = np.array([[[200, 0, 0, 0], [200, 0, 0, 255]]], np.uint8)
        assert Preprocessing(1, 2, 3, background="blue").apply(Image.fromarray(pixels)).tolist() == [
            [[0, 0, 255], [200, 0, 0]]
        ]
        np.testing.assert_array_equal(Preprocessing(1, 2, 4).apply(Image.fromarray(pixels)), pixels)

    def test_kept_transparency_is_padded_with_nothing(self):
        made = Preprocessing(3, 3, 4, "pad").apply(Image.new("RGBA", (3, 1), (9, 9, 9, 255)))
        assert made[:, 1].tolist() == [[0, 0, 0, 0], [9, 9, 9, 255], [0, 0, 0, 0]]

    def test_grey_of_colour_is_its_brightness(self):
        made = Preprocessing(1, 1, 1).apply(Image.new("RGB", (1, 1), (255, 0, 0)))
        assert made.item() == 76  # 0.299 of 255, ITU-R 601

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "La", "CMYK", "YCbCr", "HSV"])
    @pytest.mark.parametrize("channels", [1, 3, 4])
    def test_every_mode(self, mode, channels):
        image = Image.new(mode, (9, 4))
        assert Preprocessing(6, 6, channels).apply(image).shape == (6, 6, channels)

    @given(
        size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
        target=st.tuples(st.integers(1, 40), st.integers(1, 40)),
        fit=st.sampled_from(["crop", "pad", "stretch"]),
        channels=st.sampled_from([1, 3, 4]),
        seed=st.integers(0, 99),
    )
    def test_the_shape_is_as_asked_and_the_result_the_same_each_time(self, size, target, fit, channels, seed):
        pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
        how = Preprocessing(*target, channels, fit)
        made = how.apply(Image.fromarray(pixels))
        assert made.shape == (*target, channels) == how.spec().shape
        np.testing.assert_array_equal(made, how.apply(Image.fromarray(pixels)))


class TestWish:
    def settle(self, *sizes, colour=False, **wishes):
        return ImageOptions(**wishes).settle(np.array(sizes), colour)

    def test_small_images_of_one_size_are_taken_as_they_are(self):
        assert self.settle((28, 28), (28, 28)) == Preprocessing(28, 28, 1)
        assert self.settle((40, 64), colour=True) == Preprocessing(40, 64, 3)

    def test_others_become_squares(self):
        assert self.settle((28, 28), (29, 28)) == Preprocessing(32, 32, 1)
        assert self.settle((65, 65)) == Preprocessing(64, 64, 1)
        assert self.settle((480, 640), (480, 640), colour=True) == Preprocessing(64, 64, 3)

    def test_half_of_them_small_is_not_most(self):
        assert self.settle((20, 20), (500, 500)).height == 64
        assert self.settle((20, 20), (21, 20), (500, 500)).height == 32

    def test_what_is_said_is_done(self):
        wishes = {"size": (10, 20), "fit": "pad", "channels": 4, "background": "black"}
        assert self.settle((28, 28), **wishes) == Preprocessing(10, 20, 4, "pad", "black")
        assert self.settle((28, 28), colour=True, channels=1) == Preprocessing(28, 28, 1)

    def test_nothing_wished_is_false(self):
        assert not ImageOptions()
        assert ImageOptions(fit="crop")


@pytest.mark.parametrize(
    ("text", "size"),
    [("64", (64, 64)), (64, (64, 64)), ("96x64", (64, 96)), ("96×64", (64, 96)), ((3, 4), (3, 4)), (None, None)],
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "big", "64x", "1x2x3", "0", "-5", "6.5", (1, 2, 3), (0, 4), 2.5j])
def test_no_sizes(text):
    with pytest.raises(UsageError, match="expected a size in pixels"):
        parse_size(text)


@pytest.mark.parametrize(
    ("wish", "fault"),
    [
        ({"fit": "squeeze"}, "expected a fit of crop, pad, stretch; got 'squeeze'"),
        ({"channels": 2}, r"expected 1 channel \(grey\), 3 .*; got 2"),
        ({"background": "heaven"}, "expected a background such as white"),
        ({"size": (9999, 9999)}, "at most"),
    ],
)
def test_what_cannot_be_wished(wish, fault):
    with pytest.raises(UsageError, match=fault):
        ImageOptions(**wish)


def test_of_arrays():
    assert Preprocessing.of(ImageSpec(4, 5, 3)) == Preprocessing(4, 5, 3)
    assert Preprocessing.of(ImageSpec(4, 5, 2), bits=12) == Preprocessing(4, 5, 2, bits=12)


def test_in_words():
    assert str(Preprocessing(64, 96, 3, "pad")) == "96x64 RGB, padded where the proportions differ"
