"""All commands in one place."""

from collections.abc import Callable
from typing import Annotated

import typer

from isthmus.cli import (
    archives,
    catalogue,
    codes,
    compression,
    evaluation,
    explorer,
    inspection,
    plots,
    restoration,
    train,
)

app = typer.Typer(
    name="isthmus",
    help="Autoencoders and variational autoencoders for images.\n\nStart here: isthmus train digits --out runs/digits",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS: tuple[Callable[..., None], ...] = (
    train.train,
    codes.reconstruct,
    codes.sample,
    codes.encode,
    codes.decode,
    restoration.restore,
    evaluation.evaluate,
    evaluation.compare,
    plots.plot,
    plots.report,
    explorer.explore,
    compression.compress,
    archives.decompress,
    archives.list_images,
    archives.verify,
    inspection.inspect,
    inspection.cache,
    catalogue.recipes,
    catalogue.datasets,
    catalogue.info,
)
# A function of this name would hide Python's own.
_NAMES = {archives.list_images: "list"}
for _command in _COMMANDS:
    app.command(_NAMES.get(_command))(_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        from isthmus import __version__

        typer.echo(f"isthmus {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
