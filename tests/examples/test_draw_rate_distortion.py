import importlib.util
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples/draw_rate_distortion.py"
POINTS = [
    {"format": name, "layout": layout, "bytes_per_image": size, "psnr_db": 10.0 + size}
    for name in ("isthmus", "WebP")
    for layout in ("joined", "single")
    for size in (8.0, 2.0, 4.0)
]


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("draw_rate_distortion", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_curve_for_each_format_that_was_measured(example):
    panels = example.draw_curves(POINTS, "light").axes
    assert [axes.get_title(loc="left") for axes in panels] == list(example.LAYOUTS.values())
    for axes in panels:
        assert [line.get_label() for line in axes.lines] == ["isthmus", "WebP"]
        assert all(list(line.get_xdata()) == [2.0, 4.0, 8.0] for line in axes.lines)


def test_images_in_a_few_bytes(example, tiny_run, bars, tmp_path):
    np.savez(tmp_path / "bars.npz", images=bars[0], labels=bars[1])
    labels = [axes.get_ylabel() for axes in example.draw_few_bytes(tiny_run, tmp_path / "bars.npz", "dark").axes]
    assert labels[0] == "originals"
    assert float(labels[1].split("\n")[1].removesuffix(" bytes")) <= example.BUDGET
    assert [label.partition("\n")[0] for label in labels[2:]] == ["WebP", "AVIF", "JPEG"]
