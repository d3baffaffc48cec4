"""Draw held-out photographs of 8 bits above what a run and PCA with as many dimensions make of them.

    python examples/draw_photographs.py runs/photos photos docs/figures

Writes `photographs-light.png` and `photographs-dark.png`; existing files are replaced.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import isthmus
from isthmus import plots
from isthmus.data import spread
from isthmus.evaluation.pca import PCABaseline
from isthmus.plots.figures import new_figure
from isthmus.runs import Run
from isthmus.workflows.datasets import open_training_data

SHOWN = 8
THEMES: tuple[plots.ThemeName, ...] = ("light", "dark")


def rows_of(run: Run, data: str) -> dict[str, NDArray[np.float32]]:
    """Test images, and what the run and PCA of its training images make of them, by name: `(n, h, w, c)`, 0 to 1."""
    parts = open_training_data(data, run.recipe)
    held_out = parts.test or parts.train
    images = held_out.read(spread(len(held_out), SHOWN))
    made = run.reconstruct(images).astype(np.float32)
    fitting = parts.train.read(np.arange(len(parts.train))).astype(np.float32) / 255.0
    pca = PCABaseline(fitting, run.recipe.latent.dim, seed=0)
    pixels = images.astype(np.float32) / 255.0
    return {"originals": pixels, run.path.name: made / np.float32(255), "PCA": pca.reconstruct(pixels)}


def draw_rows(rows: dict[str, NDArray[np.float32]], theme: plots.ThemeName) -> Figure:
    """Draw a row of images for each name."""
    count = len(next(iter(rows.values())))
    with plots.style_context(theme):
        figure = new_figure((1.1 * count, 1.1 * len(rows)))
        panels = figure.subplots(len(rows), count, squeeze=False)
        for line, (name, images) in zip(panels, rows.items(), strict=True):
            for axes, image in zip(line, images, strict=True):
                axes.imshow(np.clip(image, 0.0, 1.0).squeeze(), cmap="gray", vmin=0.0, vmax=1.0)
                axes.set_xticks([])
                axes.set_yticks([])
            line[0].set_ylabel(name)
    return figure


def main() -> None:
    """Read the command line and draw the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("data")
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    rows = rows_of(isthmus.load(asked.run), asked.data)
    for theme in THEMES:
        print(plots.save_figure(draw_rows(rows, theme), asked.out / f"photographs-{theme}.png", dpi=150))


if __name__ == "__main__":
    main()
