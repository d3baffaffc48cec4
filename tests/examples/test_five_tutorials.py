import ast
import json
from pathlib import Path

import pytest

import isthmus
from isthmus import notebook as notebook_functions
from isthmus import plots

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


def test_is_stored_with_its_outputs_and_without_a_machine_s_traces():
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < 2_000_000
    assert "/tmp/" not in text
    stored = json.loads(text)
    assert set(stored["metadata"]) <= {"kernelspec", "language_info", "widgets"}
    cells = [cell for cell in stored["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))  # run once, top to bottom
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not any(output["output_type"] == "error" or output.get("name") == "stderr" for output in outputs)
    kinds = [kind for output in outputs for kind in output.get("data", {})]
    assert kinds.count("image/png") >= 12
    assert "image/gif" in kinds
    assert "text/html" in kinds


def test_what_it_calls_exists(notebook):
    modules = {"isthmus": isthmus, "notebook": notebook_functions, "plots": plots}
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            assert hasattr(modules[node.value.id], node.attr), ast.unparse(node)


@pytest.mark.slow
@pytest.mark.thorough
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
