"""Draw the gallery of the documentation: inputs, predictions and targets of runs with a task.

    python examples/make_gallery.py docs/figures denoise=runs/clean inpaint=runs/whole:fashion-mnist

Each argument is the name of a figure, a run and, after a colon, images if not the run's own test images.
"""

import argparse
from pathlib import Path

import numpy as np

import isthmus
from isthmus import plots
from isthmus.data import make_batch, spread
from isthmus.plots.display import as_displayed, as_prediction
from isthmus.runs import Run
from isthmus.workflows.datasets import open_held_out

COLUMNS = 10
THEMES: tuple[plots.ThemeName, ...] = ("light", "dark")


def make_sheet(run: Run, data: str | None, out: Path, name: str) -> list[Path]:
    """Draw three rows, for light and for dark pages: inputs, predictions and targets.

    Args:
        run: A run of any task except reconstruct.
        data: Images, if not the run's own test images.
        out: The folder; created if missing.
        name: The part NAME of the files `restored-NAME-THEME.png`.

    Returns:
        The paths of the files.
    """
    source = open_held_out(run, data).images
    batch = make_batch(source.read(spread(len(source), COLUMNS)), run.recipe.task, run.recipe.training.seed)
    shown = run.task.visible(batch.input)
    rows = [
        as_displayed(shown),
        as_prediction(run.recipe, batch.input, run.reconstruct(batch.input)),
        as_prediction(run.recipe, batch.input, batch.target),
    ]
    colours = max(row.shape[-1] for row in rows)
    sheet = np.concatenate([np.repeat(row, colours, axis=-1) if row.shape[-1] < colours else row for row in rows])
    return [
        plots.save_figure(
            plots.samples(sheet, columns=COLUMNS, theme=theme), out / f"restored-{name}-{theme}.png", dpi=150
        )
        for theme in THEMES
    ]


def main() -> None:
    """Read the command line and draw the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN[:DATA]")
    asked = parser.parse_args()
    for part in asked.runs:
        name, _, place = part.partition("=")
        path, _, data = place.partition(":")
        for made in make_sheet(isthmus.load(path), data or None, asked.out, name):
            print(made)


if __name__ == "__main__":
    main()
