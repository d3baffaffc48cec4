"""`isthmus explore`: a page on this machine, to feel what a run learned."""

import sys
from typing import Annotated

import typer

from isthmus.cli.options import RunPath


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
        int, typer.Option(metavar="N", min=2, max=200_000, help="How many of the images to show as points, at most.")
    ] = 10_000,
    port: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, max=65_535, help="8137, or any that is free.", show_default=False),
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Where to listen. Others than this machine need the token.")
    ] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="What to ask callers for. By default nothing on this machine, and a new one where others can call.",
            show_default=False,
        ),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open the page; only say where it is.")
    ] = False,
) -> None:
    """Open a page to feel what a run learned: move through its latent space and see it decode.

    Needs no training framework, and asks no other machine for anything. Ctrl-C ends it.

    Example:

      isthmus explore runs/digits
    """
    from isthmus.explorer.server import bind, open_browser, serve, settle_token
    from isthmus.explorer.service import Service
    from isthmus.runs import load

    token = settle_token(host, token)
    service = Service(load(run), data, images)
    place = bind(host, port)
    address = place.address(token)

    def ready() -> None:
        print(f"isthmus: exploring {run} at {address}  (Ctrl-C ends it)", file=sys.stderr, flush=True)
        if not no_browser:
            open_browser(address)

    serve(service, place, token, ready=ready)
    print("isthmus: stopped.", file=sys.stderr)
