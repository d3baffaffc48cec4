import json
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples/five_tutorials.ipynb"


@pytest.fixture
def notebook():
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")
    return nbformat.read(NOTEBOOK, as_version=4)


def outputs(notebook, source):
    """What the cell that holds `source` gave: all kinds of content, by type."""
    cell = next(cell for cell in notebook.cells if source in cell.source)
    return {kind: content for output in cell.outputs for kind, content in output.get("data", {}).items()}


def test_is_kept_without_outputs_and_without_a_machine_s_traces():
    stored = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell in stored["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert set(stored["metadata"]) == {"kernelspec", "language_info"}


@pytest.mark.slow
def test_runs_from_top_to_bottom(notebook, tmp_path):
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    for cell in notebook.cells:  # one epoch says as much about the notebook as eight do
        cell.source = cell.source.replace("EPOCHS = 8", "EPOCHS = 1")
    nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    assert "text/html" in outputs(notebook, "dense-vae")
    assert "image/gif" in outputs(notebook, "notebook.film")
    assert "application/vnd.jupyter.widget-view+json" in outputs(notebook, "notebook.sliders(conv)")
    for drawn in ("manifold", "scatter", "history", "interpolation", "traversal", "grid"):
        assert "image/png" in outputs(notebook, f'"{drawn}"')
