"""Draw the plots of the documentation from a run: every kind of plot, and a sheet of samples.

    isthmus train mnist --recipe conv-vae-fast --epochs 3 --out runs/mnist
    python examples/draw_plots.py runs/mnist docs/figures

Existing files are replaced.
"""

import argparse
from pathlib import Path

import isthmus
from isthmus import plots
from isthmus.errors import UsageError
from isthmus.runs import Run
from isthmus.workflows.plot import KINDS, draw, options_of, plot

THEMES: tuple[plots.ThemeName, ...] = ("light", "dark")


def draw_plots(run: Run, out: Path, data: str | None = None) -> list[Path]:
    """Write every plot that suits a run: static ones for light and for dark pages, and the training animation.

    Args:
        run: The run.
        out: The folder; created if missing.
        data: Images, if not the run's own test images.

    Returns:
        The paths of the files.
    """
    made = []
    for kind in KINDS:
        own = {"data": data} if data is not None and "data" in options_of(kind) else {}
        for theme in THEMES:
            try:
                drawing = draw(run, kind, theme=theme, **own)
            except UsageError as error:
                print(f"no {kind}: {error}")
                break
            made.append(plots.save_figure(drawing.figure, out / f"{kind}-{theme}.png", dpi=150))
    for theme in THEMES:
        sheet = plots.samples(run.sample(60), columns=12, theme=theme)
        made.append(plots.save_figure(sheet, out / f"samples-{theme}.png", dpi=150))
    film = out / "training.gif"
    film.unlink(missing_ok=True)
    plot(run.path, "training", film)
    return [*made, film]


def main() -> None:
    """Read the command line and draw the plots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", help="images, if not the run's own test images")
    asked = parser.parse_args()
    for path in draw_plots(isthmus.load(asked.run), asked.out, asked.data):
        print(path)


if __name__ == "__main__":
    main()
