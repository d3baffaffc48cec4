"""Make the pictures of the documentation from a run: every kind of plot, and a sheet of samples.

    isthmus train mnist --recipe conv-vae-fast --epochs 3 --out runs/mnist
    python examples/make_pictures.py runs/mnist docs/pictures

Pictures that are there already are made anew.
"""

import argparse
from pathlib import Path

import isthmus
from isthmus import plots
from isthmus.errors import UsageError
from isthmus.runs import Run
from isthmus.workflows.plot import KINDS, draw, options_of, plot

THEMES: tuple[plots.ThemeName, ...] = ("light", "dark")


def make_pictures(run: Run, out: Path, data: str | None = None) -> list[Path]:
    """Write every picture that suits a run, those that are figures once for light and once for dark pages.

    Args:
        run: The run.
        out: The folder; made where it is missing.
        data: Where the run's images are, if not by their own name.

    Returns:
        The files.
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
    made.append(plot(run.path, "training", film).path)
    return made


def main() -> None:
    """Read the command line and make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", help="where the run's images are, if not by their own name")
    asked = parser.parse_args()
    for path in make_pictures(isthmus.load(asked.run), asked.out, asked.data):
        print(path)


if __name__ == "__main__":
    main()
