"""`isthmus plot` and `report`: what a trained run looks like."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from isthmus.cli.console import print_json, say
from isthmus.cli.options import AsJson, RunPath, option

_FLAGS = {"span": "--range"}
"""Options with another name here than in the function that draws."""

OtherData = Annotated[
    str | None, option("DATA", "Other images than the run's own test images, or the present place of those.")
]


def plot(
    run: RunPath,
    kind: Annotated[
        Literal["manifold", "grid", "scatter", "traversal", "interpolation", "history", "training"],
        typer.Argument(
            metavar="KIND",
            help="manifold, grid (a 2-D latent space, decoded), scatter (image codes), traversal (each "
            "dimension varied), interpolation (between images), history (the loss), or training (an animation).",
        ),
    ],
    out: Annotated[
        Path,
        option(
            "FILE",
            "The file to write; must not exist. The suffix selects the format: png, svg, pdf, jpg or webp; for "
            "training gif, webp or mp4.",
        ),
    ],
    data: OtherData = None,
    theme: Annotated[
        Literal["light", "dark"] | None, option(None, "Light or dark background; light by default.")
    ] = None,
    n: Annotated[int | None, option("N", "Images per side (manifold) or per row (interpolation).", "-n", "--n")] = None,
    span: Annotated[
        tuple[float, float] | None, option("LOW HIGH", "The range of the codes (grid, traversal).", "--range")
    ] = None,
    step: Annotated[float | None, option("S", "The distance between codes (grid).")] = None,
    count: Annotated[
        int | None, option("N", "Points (scatter), dimensions (traversal) or pairs (interpolation).", min=1)
    ] = None,
    label: Annotated[str | None, option("L", "Images of one class only, such as 7.")] = None,
    image: Annotated[
        str | None, option("NAME|NUMBER", "The image to start from (traversal); a typical one by default.")
    ] = None,
    projection: Annotated[
        Literal["pca", "tsne"] | None,
        option(None, "The projection of codes to two dimensions (scatter); pca by default."),
    ] = None,
    ellipses: Annotated[
        bool, option(None, "Draw each posterior's standard deviations (scatter).", "--ellipses")
    ] = False,
    way: Annotated[
        Literal["linear", "spherical"] | None, option(None, "The path (interpolation); linear by default.")
    ] = None,
    seed: Annotated[int | None, option(None, "Seed for the draws (pairs to interpolate, t-SNE).", min=0)] = None,
    as_json: AsJson = False,
) -> None:
    """Draw a plot of a run.

    Examples:

      isthmus plot runs/digits manifold --out manifold.pdf

      isthmus plot runs/digits scatter --ellipses --out codes.svg

      isthmus plot runs/digits grid --range -3 3 --step 0.5 --out grid.png

      isthmus plot runs/digits training --out film.gif
    """
    from isthmus.workflows.plot import plot as write_plot
    from isthmus.workflows.plot import require_options

    options = {
        "data": data,
        "theme": theme,
        "n": n,
        "span": span,
        "step": step,
        "count": count,
        "label": label,
        "image": image,
        "projection": projection,
        "ellipses": ellipses or None,
        "way": way,
        "seed": seed,
    }
    flags = {name: _FLAGS.get(name, f"--{name}") for name in options}
    require_options(kind, [name for name, value in options.items() if value is not None], flags)
    summary, note = write_plot(run, kind, out, options)
    if as_json:
        print_json({"out": str(out), "plot": kind, "shows": summary, "note": note})
        return
    say(f"{out}: {summary}")
    if note:
        say(f"  {note}")


def report(
    run: RunPath,
    data: OtherData = None,
    out: Annotated[
        Path | None,
        option("FILE.html", "The file to write; must not exist. By default report.html in the run is replaced."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the report of a run: one HTML page to read, print and mail.

    The page is self-contained and contacts no other machine.

    Example:

      isthmus report runs/digits
    """
    from isthmus.runs import load
    from isthmus.workflows.report import write_report

    path = write_report(load(run), data, out)
    if as_json:
        print_json({"out": str(path), "bytes": path.stat().st_size})
    else:
        say(f"{path}: open it in a browser")
