import importlib.util
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA

from isthmus.workflows.datasets import open_training_data

EXAMPLE = Path(__file__).parents[2] / "examples/draw_photographs.py"


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("draw_photographs", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_row_for_each(example, tiny_run, bars, tmp_path):
    path = str(tmp_path / "bars.npz")
    np.savez(path, images=bars[0], labels=bars[1])
    rows = example.rows_of(tiny_run, path)
    train = open_training_data(path, tiny_run.recipe).train
    pixels = train.read(np.arange(len(train))).reshape(len(train), -1) / 255.0
    pca = PCA(tiny_run.recipe.latent.dim, svd_solver="full").fit(pixels)
    given = rows["originals"].reshape(example.SHOWN, -1)
    expected = np.clip(pca.inverse_transform(pca.transform(given)), 0, 1)
    np.testing.assert_allclose(rows["PCA"].reshape(example.SHOWN, -1), expected, atol=2e-3)
    made = tiny_run.reconstruct(np.rint(rows["originals"] * 255).astype(np.uint8))
    np.testing.assert_allclose(rows[tiny_run.path.name] * 255, made, atol=1e-4)
    assert list(rows) == ["originals", tiny_run.path.name, "PCA"]
    panels = example.draw_rows(rows, "light").axes
    assert [axes.get_ylabel() for axes in panels if axes.get_ylabel()] == list(rows)
