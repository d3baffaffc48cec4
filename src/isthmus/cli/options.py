"""Arguments and options that several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

if TYPE_CHECKING:
    from isthmus.data import ImageOptions


def option(metavar: str | None, text: str, *flags: str, **settings: Any) -> Any:
    """An option of a command.

    Args:
        metavar: What its value is called; None for a flag.
        text: Its help, which says what leaving it out means, unless there is a default.
        flags: Its names on the command line; by default that of the parameter.
        settings: Others that `typer.Option` takes.
    """
    return typer.Option(*flags, metavar=metavar, help=text, **settings)


RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="The run folder that `isthmus train` made.")]
_DATA = typer.Argument(
    metavar="DATA",
    help="A named data set (digits, mnist, fashion-mnist, kmnist, cifar10, sprites). Or a folder of images, whose "
    "class folders are labels, or a zip or tar of one. Or a .csv or .parquet of paths and labels, a pattern "
    "('photos/**/*.jpg'), an .npy, .npz or IDX file, or one image. Or a Hugging Face data set: its folder, or hf:NAME. "
    "NAME:test and NAME:train select a split.",
)
DataName = Annotated[str, _DATA]
OptionalDataName = Annotated[str | None, _DATA]
Seed = Annotated[int, option("N", "Seed for the draws: the same seed gives the same result.", "--seed", min=0)]
AsJson = Annotated[bool, option(None, "Print one JSON object on standard output, and nothing else there.", "--json")]
Label = Annotated[
    str | None,
    option(
        "NAME",
        "With a conditional run: the class of all images, by its name or number in the training data; by default each "
        "image has its own.",
    ),
]
Threads = Annotated[int | None, option("N", "Chunks in parallel; one per core by default.", min=1)]
Size = Annotated[
    str | None, option("N|WxH", "Size that image files are fitted to, in pixels; chosen from the images by default.")
]
Fitting = Annotated[
    str | None, option("crop|pad|stretch", "How to fit files of other proportions; crop by default.", "--fit")
]
Channels = Annotated[int | None, option("1|3|4", "Grey, RGB, or RGB with transparency.")]
Background = Annotated[str | None, option("COLOUR", "Colour behind transparent and padded parts; white by default.")]


def image_options(size: str | None, fit: str | None, channels: int | None, background: str | None) -> "ImageOptions":
    """Collect the options for fitting image files.

    Raises:
        UsageError: If a value is unknown.
    """
    from isthmus.data import ImageOptions, parse_size

    return ImageOptions(parse_size(size), cast("Any", fit), channels, background)
