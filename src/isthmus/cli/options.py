"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

RunPath = Annotated[
    Path, typer.Argument(metavar="RUN", help="The run folder that `isthmus train` made.", show_default=False)
]
DataName = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        show_default=False,
        help="A named set (digits, mnist, fashion-mnist, kmnist, cifar10, sprites), a folder of images (class folders "
        "are labels), an .npy, .npz or IDX file, or one image. NAME:test and NAME:train pick a split.",
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, help="Fixes everything random: the same seed gives the same result.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, and nothing else there.")
]
