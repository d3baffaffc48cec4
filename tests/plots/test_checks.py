import numpy as np
import pytest

from isthmus.errors import UsageError
from isthmus.plots.checks import as_codes, as_images, as_labels, as_vector, choice, class_title, decoded, known_suffix


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_good_images_pass_as_they_are(channels):
    images = np.zeros((2, 5, 4, channels), np.uint8)
    assert as_images(images) is images


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 5, 4, 1)), r"`mine` of dtype uint8.*float64.*Scale"),
        (np.zeros((2, 5, 4), np.uint8), r"`mine`.*\(2, 5, 4\).*last axis"),
        (np.zeros((2, 5, 4, 2), np.uint8), "1, 3 or 4 channels"),
        (np.zeros((0, 5, 4, 1), np.uint8), r"at least one image in `mine`"),
    ],
)
def test_bad_images_are_named(images, message):
    with pytest.raises(UsageError, match=message):
        as_images(images, "mine")


def test_codes_and_vectors_must_be_finite_and_shaped():
    assert as_codes([[1, 2]]).dtype == np.float64
    with pytest.raises(UsageError, match=r"shape \(n, d\).*\(2,\)"):
        as_codes([1, 2])
    with pytest.raises(UsageError, match="1 of 2 are infinite"):
        as_codes([[1, np.nan]])
    with pytest.raises(UsageError, match="`kl` to be a vector"):
        as_vector([[1.0]], "kl")
    with pytest.raises(UsageError, match="`kl`; 1 of 1"):
        as_vector([np.inf], "kl")


def test_decode_is_held_to_one_image_for_each_code():
    codes = np.zeros((3, 2), np.float32)
    assert decoded(lambda z: np.zeros((len(z), 2, 2, 1), np.uint8), codes).shape == (3, 2, 2, 1)
    with pytest.raises(UsageError, match=r"each of 3 codes.*got 1"):
        decoded(lambda z: np.zeros((1, 2, 2, 1), np.uint8), codes)
    with pytest.raises(UsageError, match=r"decode\(codes\).*float32"):
        decoded(lambda z: np.zeros((3, 2, 2, 1), np.float32), codes)


def test_labels():
    assert as_labels(None, 3) is None
    assert as_labels(np.array([1, 2], np.uint8), 2).dtype == np.int64
    with pytest.raises(UsageError, match="3 whole numbers"):
        as_labels([1, 2], 3)
    with pytest.raises(UsageError, match="float64"):
        as_labels([1.0, 2.0], 2)


def test_class_title_falls_back_to_the_number():
    assert class_title(1, ["cat", "dog"]) == "dog"
    assert class_title(2, ["cat", "dog"]) == "2"
    assert class_title(-1, ["cat", "dog"]) == "-1"
    assert class_title(7, None) == "7"


def test_choice_lists_what_is_known():
    assert choice("b", ("a", "b"), "letter") == "b"
    with pytest.raises(UsageError, match="`letter` to be one of a, b; got 'c'"):
        choice("c", ("a", "b"), "letter")


def test_known_suffix(tmp_path):
    assert known_suffix(tmp_path / "a.PNG", ("png", "svg")) == "png"
    with pytest.raises(UsageError, match=r"'a\.xyz' to end in one of \.png, \.svg; got '\.xyz'"):
        known_suffix(tmp_path / "a.xyz", ("png", "svg"))
    with pytest.raises(UsageError, match="got no suffix"):
        known_suffix(tmp_path / "a", ("png",))
