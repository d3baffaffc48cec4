"""`isthmus explore`: a page on this machine, to explore the latent space of a run."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.console import say
from isthmus.cli.options import RunPath
from isthmus.progress import tell
from isthmus.wording import spell_bytes

if TYPE_CHECKING:
    from isthmus.runs import Run


def explore(
    run: RunPath,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="Other images than the run's own test images, or where those are now.",
            show_default=False,
        ),
    ] = None,
    images: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=2,
            max=200_000,
            help="How many of the images to show as points, at most: by default 10,000, and 2,000 in a file.",
            show_default=False,
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="PAGE.html",
            help="Write the page with the run in it to a file that a double click opens, and that needs no server.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            max=65_535,
            help="The port; by default 8137, or else any that is free.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            metavar="HOST",
            help="The address to listen at, by default 127.0.0.1. Other machines need the token.",
            show_default=False,
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="The token that clients need. By default none on this machine, and a new one where others connect.",
            show_default=False,
        ),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open the page; only print its address.")
    ] = False,
) -> None:
    """Explore the latent space of a run in a browser: move through it and see it decode.

    It needs no training framework and contacts no other machine. Ctrl-C ends it.

    Examples:

      isthmus explore runs/digits

      isthmus explore runs/digits --export digits.html
    """
    from isthmus.errors import UsageError
    from isthmus.runs import load

    if export is not None:
        served = {"--port": port, "--host": host, "--token": token}
        if idle := [flag for flag, value in served.items() if value is not None]:
            raise UsageError(f"--export goes without {' and '.join(idle)}: the file that it writes has no server.")
        _write(load(run), export, data, images)
        return
    from isthmus.explorer.server.runner import bind, open_browser, serve, settle_token
    from isthmus.explorer.service import Service

    host = "127.0.0.1" if host is None else host
    token = settle_token(host, token)
    service = Service(load(run), data, images or 10_000)
    place = bind(host, port)
    address = place.address(token)

    def ready() -> None:
        tell(f"isthmus: exploring {run} at {address}  (Ctrl-C ends it)")
        if not no_browser:
            open_browser(address)

    ended = serve(service, place, token, ready=ready)
    tell("isthmus: stopped.")
    if not ended:
        # A thread amid native code, which Python would unwind on its way out: that aborts the process, as a crash does.
        os._exit(0)


def _write(run: "Run", out: Path, data: str | None, images: int | None) -> None:
    from isthmus.explorer.export.page import export_page

    made = export_page(run, out, data, images)
    weights = "" if made.precision == "float32" else ", weights in half precision"
    say(f"{made.path}: {spell_bytes(made.bytes)}, {made.points:,} images{weights}. Open it with a browser.")
    if made.note:
        say(f"  {made.note}")
