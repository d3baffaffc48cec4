import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLE = Path(__file__).parents[2] / "examples/make_gallery.py"


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("make_gallery", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_sheet_for_each_theme(example, tiny_restorer, bars, tmp_path):
    np.save(tmp_path / "bars.npy", bars[0])
    made = example.make_sheet(tiny_restorer, str(tmp_path / "bars.npy"), tmp_path / "out", "bars")
    assert [path.name for path in made] == ["restored-bars-light.png", "restored-bars-dark.png"]
    for path in made:
        with Image.open(path) as picture:
            assert min(picture.size) > 40
