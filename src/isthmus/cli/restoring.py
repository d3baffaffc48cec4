"""`isthmus restore`: pictures made whole by a run whose task that is."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.console import print_json, say
from isthmus.cli.options import AsJson, RunPath, Seed


def restore(
    run: RunPath,
    pictures: Annotated[
        str,
        typer.Argument(
            metavar="PICTURES", help="A folder or an archive of picture files of any size, or one.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder for the answers.", show_default=False)],
    masks: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="To inpaint: masks with the pictures' names, white where a pixel is missing; by default what is "
            "transparent is missing.",
            show_default=False,
        ),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Of a VAE: so many answers besides, and how far they differ."),
    ] = None,
    seed: Seed = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the answers that this run made in DIR, and make the rest.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Denoise, colour, fill in, enlarge, sharpen or segment pictures, as the run has learned.

    Pictures keep their names, folders, formats and sizes (but to super-resolve), unless that would lose what must not
    change; large ones go through in overlapping tiles. A segmentation writes masks with a palette, and each laid over
    its picture.

    Examples:

      isthmus train photos/ --task denoise --out runs/clean

      isthmus restore runs/clean scans/ --out cleaned
    """
    from isthmus.runs import load
    from isthmus.workflows.restoring import restore_folder

    done = restore_folder(load(run), pictures, out, masks=masks, draws=draws, seed=seed, resume=resume)
    if as_json:
        print_json({"images": done.written, "kept": done.kept, "unreadable": done.unreadable, "out": str(done.path)})
        return
    kept = f", {done.kept} were there already" if done.kept else ""
    left = f", {done.unreadable} could not be read" if done.unreadable else ""
    say(f"{done.written} pictures in {done.path}{kept}{left}")
