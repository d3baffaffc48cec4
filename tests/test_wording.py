import pytest

from isthmus.wording import no_such, spell_bytes, spell_count, spell_images, spell_seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.01234, "0.0123 s"),
        (45, "45 s"),
        (119.9, "120 s"),
        (121, "2 min 1 s"),
        (3599.6, "1 h 0 min"),
        (7320, "2 h 2 min"),
    ],
)
def test_seconds(seconds, text):
    assert spell_seconds(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (2000, "2,000 images")])
def test_counts(count, text):
    assert spell_count(count, "image") == text


@pytest.mark.parametrize(("count", "text"), [(1, "1 test image of images"), (2000, "2,000 test images of images")])
def test_described_images(count, text):
    assert spell_images(count, "test images of images") == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (5 * 2**20, "5 MiB"), (3 * 2**40, "3072 GiB")],
)
def test_bytes(count, text):
    assert spell_bytes(count) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dgo", "there is no label 'dgo'; did you mean 'dog'? There are cat, dog"),
        ("CAT", "there is no label 'CAT'; did you mean 'cat'? There are cat, dog"),
        ("horse", "there is no label 'horse'; there are cat, dog"),
    ],
)
def test_the_nearest_name_is_suggested(name, text):
    assert no_such("label", name, ["cat", "dog"]) == text


def test_of_many_names_the_first_are_listed():
    said = no_such("label", "m0999", [f"n{number:04d}" for number in range(1000)])
    assert "did you mean 'n0999'?" in said
    assert said.endswith("n0018, n0019 and 980 more")
