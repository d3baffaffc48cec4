"""Run the notebook from top to bottom and store its outputs in it, small enough for version control.

    python examples/execute_notebook.py

Needs the notebook extra and a few minutes. Progress messages are removed, and plots are reduced to 64 colours.
"""

import argparse
import base64
import io
import re
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

NOTEBOOK = Path(__file__).parent / "five_tutorials.ipynb"
COLOURS = 64
_TEMPORARY = re.compile(rf"{re.escape(gettempdir())}/[^/\s<]+")


def main() -> None:
    """Read the command line and run the notebook."""
    parser = argparse.ArgumentParser(description="Run the notebook and store its outputs in it.")
    parser.add_argument("--notebook", type=Path, default=NOTEBOOK, help="Path of the notebook.")
    place = parser.parse_args().notebook
    notebook = nbformat.read(place, as_version=4)
    with TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": folder}}).execute()
    slim(notebook)
    nbformat.write(notebook, place)


def slim(notebook: Any) -> None:
    """Remove what depends on the machine from an executed notebook, and reduce its images."""
    notebook.metadata = {
        "kernelspec": notebook.metadata["kernelspec"],
        "language_info": {"name": "python"},
        **({"widgets": notebook.metadata["widgets"]} if "widgets" in notebook.metadata else {}),
    }
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type != "code":
            continue
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for output in cell.outputs:
            data = output.get("data", {})
            for kind in {"text/plain", "text/html"} & data.keys():
                data[kind] = _TEMPORARY.sub("runs", data[kind])
            if image := data.get("image/png"):
                data["image/png"] = fewer_colours(image)


def fewer_colours(png: str) -> str:
    """Convert a PNG in base64 to a palette of 64 colours."""
    content = io.BytesIO()
    image = Image.open(io.BytesIO(base64.b64decode(png)))
    image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(content, "PNG", optimize=True)
    return base64.b64encode(content.getvalue()).decode("ascii")


if __name__ == "__main__":
    main()
