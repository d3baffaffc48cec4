"""Make the gallery of the documentation: what runs that restore are shown, what they answer, and the truth.

    python examples/make_gallery.py docs/pictures denoise=runs/clean inpaint=runs/whole:fashion-mnist

Each argument names a picture, the run it is of and, behind a colon, where its images are if not by their own name.
"""

import argparse
from pathlib import Path

import numpy as np

import isthmus
from isthmus import plots
from isthmus.data import make_batch, spread
from isthmus.plots.display import as_answer, as_displayed
from isthmus.runs import Run
from isthmus.workflows.held_out import find_held_out

COLUMNS = 10
THEMES: tuple[plots.ThemeName, ...] = ("light", "dark")


def make_sheet(run: Run, data: str | None, out: Path, name: str) -> list[Path]:
    """Draw three rows, once for light and once for dark pages: what is shown, the answers, and the truth.

    Args:
        run: A run of any task but to reconstruct.
        data: Where its images are, if not by their own name.
        out: The folder; made where it is missing.
        name: Of the files: `restored-NAME-THEME.png`.

    Returns:
        The files.
    """
    source = find_held_out(run, data).images
    batch = make_batch(source.read(spread(len(source), COLUMNS)), run.recipe.task, run.recipe.training.seed)
    shown = batch.input[..., : run.source.channels] if run.recipe.task.kind == "inpaint" else batch.input
    rows = [
        as_displayed(shown),
        as_answer(run.recipe, batch.input, run.reconstruct(batch.input)),
        as_answer(run.recipe, batch.input, batch.target),
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
    """Read the command line and make the pictures."""
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
