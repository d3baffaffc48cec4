import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLE = Path(__file__).parents[2] / "examples/draw_plots.py"


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("draw_plots", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_every_plot_is_drawn_and_replaced(example, tiny_run, bars, tmp_path, monkeypatch):
    np.savez(tmp_path / "bars.npz", images=bars[0], labels=bars[1])
    made = example.draw_plots(tiny_run, tmp_path / "out", str(tmp_path / "bars.npz"))
    monkeypatch.setattr(example, "KINDS", ["history"])
    replaced = example.draw_plots(tiny_run, tmp_path / "out")
    assert len(replaced) == 5
    assert set(replaced) < set(made)
    names = {path.name for path in made}
    assert {"manifold-light.png", "scatter-dark.png", "history-light.png", "samples-dark.png", "training.gif"} <= names
    for path in made:
        with Image.open(path) as picture:
            assert min(picture.size) > 40


def test_what_does_not_suit_a_run_is_left_out(example, tiny_ae_run, bars, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(example, "KINDS", ["manifold", "traversal"])
    np.savez(tmp_path / "bars.npz", images=bars[0], labels=bars[1])
    names = {path.name for path in example.draw_plots(tiny_ae_run, tmp_path / "out", str(tmp_path / "bars.npz"))}
    assert "manifold-light.png" not in names
    assert "traversal-light.png" in names
    assert "no manifold" in capsys.readouterr().out
