import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from isthmus.evaluation.equal_size import Candidate, EqualSize
from isthmus.evaluation.reconstruction import closeness
from isthmus.report.image_quality import image_quality

COUNT = 11


@pytest.fixture
def found():
    """Noise, and a model whose images are the darker the later they come."""
    rng = np.random.default_rng(0)
    originals = rng.integers(200, 256, (COUNT, 32, 32, 3), np.uint8)
    pixels = (originals / 255).astype(np.float32)
    darker = pixels * (1 - 0.05 * np.arange(1, COUNT + 1)[:, None, None, None]).astype(np.float32)
    candidates = [
        Candidate(key, key, images, closeness(pixels, images), size)
        for key, images, size in (("model", darker, None), ("quantised", darker, 20.0), ("jpeg", pixels, 1234.56))
    ]
    return EqualSize(originals, [f"{number}.png" for number in range(COUNT)], "test images", candidates, 3 << 20)


def _pixels(element):
    content = re.search(r"base64,([^\"]+)", str(element))[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


def test_the_table_has_a_row_for_each_with_its_bytes(found):
    table = image_quality(found).table
    assert [(row[0], row[-1]) for row in table.rows] == [("model", ""), ("quantised", "20.0"), ("jpeg", "1,234.6")]
    errors = [np.mean((0.05 * (k + 1) * found.originals[k] / 255.0) ** 2) for k in range(COUNT)]
    assert table.rows[0][1].startswith(f"{np.mean(-10 * np.log10(errors)):.1f}"[:-1])
    assert table.rows[2][1:4] == ("100 dB", "1", "1")
    assert "3 MiB" in table.note


def test_three_images_are_shown_by_their_error_with_the_model_and_the_format(found):
    examples = image_quality(found).examples
    assert [example.name for example in examples] == ["Easy: 1.png", "Median: 5.png", "Hard: 9.png"]
    for index, example in zip((1, 5, 9), examples, strict=True):
        np.testing.assert_array_equal(_pixels(example.images[0]), found.originals[index])
        np.testing.assert_allclose(_pixels(example.images[1]), found.candidates[0].images[index] * 255, atol=0.51)
        assert len(example.images) == len(example.notes) == 3
        assert example.notes[2] == "jpeg, 100.0 dB"


def test_flat_images_have_no_sharpness():
    flat = np.full((1, 32, 32, 3), 128, np.uint8)
    pixels = (flat / 255).astype(np.float32)
    near = Candidate("model", "This model", pixels, closeness(pixels, pixels))
    section = image_quality(EqualSize(flat, ["a.png"], "images", [near], 1))
    assert section.table.rows[0][3] == "none"
    assert [example.name for example in section.examples] == ["Easy: a.png", "Median: a.png", "Hard: a.png"]
