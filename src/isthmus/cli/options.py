"""Arguments and options that several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

if TYPE_CHECKING:
    from isthmus.data import ImageOptions

RunPath = Annotated[
    Path, typer.Argument(metavar="RUN", help="The run folder that `isthmus train` made.", show_default=False)
]
_DATA = typer.Argument(
    metavar="DATA",
    show_default=False,
    help="A named data set (digits, mnist, fashion-mnist, kmnist, cifar10, sprites), a folder of images (class folders "
    "are labels), a zip or tar of one, a .csv or .parquet of paths and labels, a pattern ('photos/**/*.jpg'), an "
    ".npy, .npz or IDX file, one image, a Hugging Face data set (its folder, or hf:NAME). NAME:test and NAME:train "
    "select a split.",
)
DataName = Annotated[str, _DATA]
OptionalDataName = Annotated[str | None, _DATA]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed for the draws: the same seed gives the same result.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, and nothing else there.")
]
Threads = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Chunks in parallel; one per core by default.", show_default=False),
]
Size = Annotated[
    str | None,
    typer.Option(
        metavar="N|WxH",
        show_default=False,
        help="Size that image files are fitted to, in pixels; chosen from the images by default.",
    ),
]
Fitting = Annotated[
    str | None,
    typer.Option(
        "--fit",
        metavar="crop|pad|stretch",
        show_default=False,
        help="How to fit files of other proportions; crop by default.",
    ),
]
Channels = Annotated[
    int | None, typer.Option(metavar="1|3|4", show_default=False, help="Grey, RGB, or RGB with transparency.")
]
Background = Annotated[
    str | None,
    typer.Option(
        metavar="COLOUR", show_default=False, help="Colour behind transparent and padded parts; white by default."
    ),
]


def image_options(size: str | None, fit: str | None, channels: int | None, background: str | None) -> "ImageOptions":
    """Collect the options for fitting image files.

    Raises:
        UsageError: If a value is unknown.
    """
    from isthmus.data import ImageOptions, parse_size

    return ImageOptions(parse_size(size), cast("Any", fit), channels, background)
