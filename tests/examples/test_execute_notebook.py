import base64
import importlib.util
import io
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import pytest
from PIL import Image

SCRIPT = Path(__file__).parents[2] / "examples/execute_notebook.py"


@pytest.fixture
def script():
    pytest.importorskip("nbclient", reason="nbclient is not installed")
    spec = importlib.util.spec_from_file_location("execute_notebook", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_outputs_stay_and_traces_of_the_machine_go(script):
    from nbformat import v4

    shades = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    content = io.BytesIO()
    Image.fromarray(shades).save(content, "PNG")
    outputs = [
        v4.new_output("stream", name="stderr", text="training: 3/3"),
        v4.new_output("stream", name="stdout", text="0.5"),
        v4.new_output(
            "execute_result", data={"text/plain": f"<Run {gettempdir()}/tmp1x/a: 28x28x1>"}, execution_count=1
        ),
        v4.new_output("display_data", data={"image/png": base64.b64encode(content.getvalue()).decode()}),
    ]
    cell = v4.new_code_cell("1", outputs=outputs, metadata={"execution": {"iopub.execute_input": "2026-01-01"}})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = v4.new_notebook(
        cells=[v4.new_markdown_cell("Text"), cell],
        metadata={"kernelspec": kernel, "language_info": {"name": "python", "version": "3.11.2"}},
    )
    script.slim(notebook)
    assert notebook.metadata == {"kernelspec": kernel, "language_info": {"name": "python"}}
    assert cell.metadata == {}
    text, run, image = cell.outputs
    assert text.text == "0.5"
    assert run.data["text/plain"] == "<Run runs/a: 28x28x1>"
    kept = Image.open(io.BytesIO(base64.b64decode(image.data["image/png"])))
    assert kept.size == (60, 40)
    assert len(kept.convert("RGB").getcolors()) <= 64
