"""`isthmus restore`: images restored by a run with a task."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.console import print_json, say
from isthmus.cli.options import AsJson, RunPath, Seed, option
from isthmus.wording import spell_count


def restore(
    run: RunPath,
    images: Annotated[
        str,
        typer.Argument(metavar="IMAGES", help="A folder, an archive or one file, with images of any size."),
    ],
    out: Annotated[Path, option("DIR", "The folder for the results.")],
    masks: Annotated[
        Path | None,
        option(
            "DIR",
            "For inpainting: masks with the images' names, white where a pixel is missing; by default "
            "transparent pixels are missing.",
        ),
    ] = None,
    draws: Annotated[
        int | None,
        option("N", "With a VAE: also N restored images from draws of the posterior, and how far they differ.", min=1),
    ] = None,
    seed: Seed = 0,
    resume: Annotated[bool, option(None, "Restore the images that DIR lacks, after a stop.", "--resume")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore or segment images with a run trained on a task.

    Images keep their names, folders, formats and sizes (except with super-resolve). A format that would lose what must
    not change is replaced. Large images are restored in overlapping tiles. A segmentation writes masks with a palette,
    and overlays of these on the images.

    Examples:

      isthmus train photos/ --task denoise --out runs/clean

      isthmus restore runs/clean scans/ --out cleaned
    """
    from isthmus.runs import load
    from isthmus.workflows.restoration import restore_folder

    done = restore_folder(load(run), images, out, masks=masks, draws=draws, seed=seed, resume=resume)
    if as_json:
        print_json({"images": done.written, "kept": done.kept, "unreadable": done.unreadable, "out": str(done.path)})
        return
    kept = f", {done.kept} had been restored before" if done.kept else ""
    left = f", {done.unreadable} could not be read" if done.unreadable else ""
    say(f"{spell_count(done.written, 'image')} in {done.path}{kept}{left}")
