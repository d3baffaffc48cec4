"""`isthmus explore`: a web page on this machine to explore the latent space of a run."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from isthmus.cli.console import say
from isthmus.cli.options import RunPath, option
from isthmus.progress import tell
from isthmus.wording import spell_bytes, spell_count

if TYPE_CHECKING:
    from isthmus.runs import Run


def explore(
    run: RunPath,
    data: Annotated[
        str | None,
        option("DATA", "Images to use instead of the run's own test images, or the path of those if they were moved."),
    ] = None,
    images: Annotated[
        int | None,
        option(
            "N",
            "The largest number of images to show as points. Default: 10,000, or 2,000 with --export.",
            min=2,
            max=200_000,
        ),
    ] = None,
    export: Annotated[
        Path | None, option("PAGE.html", "Write the page and the run to one HTML file, which needs no server.")
    ] = None,
    port: Annotated[
        int | None, option("N", "The port. Default: 8137, or any free port if that is taken.", min=0, max=65_535)
    ] = None,
    host: Annotated[
        str | None,
        option("HOST", "The address to listen at. Default: 127.0.0.1. Clients on other machines need the token."),
    ] = None,
    token: Annotated[
        str | None,
        option("TEXT", "The token that clients need. Default: none, or a new one if --host admits other machines."),
    ] = None,
    no_browser: Annotated[bool, option(None, "Do not open the page; only print its address.", "--no-browser")] = False,
) -> None:
    """Explore the latent space of a run in a browser, with images decoded as you move.

    No training framework is needed, and no other machine is contacted. Ctrl-C stops the server.

    Examples:

      isthmus explore runs/digits

      isthmus explore runs/digits --export digits.html
    """
    from isthmus.errors import UsageError
    from isthmus.runs import load

    if export is not None:
        served = {"--port": port, "--host": host, "--token": token}
        if idle := [flag for flag, value in served.items() if value is not None]:
            raise UsageError(f"--export excludes {' and '.join(idle)}: the file that it writes needs no server.")
        _write(load(run), export, data, images)
        return
    from isthmus.explorer.server.listener import bind, settle_token
    from isthmus.explorer.server.runner import open_browser, serve
    from isthmus.explorer.service import Service

    host = "127.0.0.1" if host is None else host
    token = settle_token(host, token)
    service = Service(load(run), data, images or 10_000)
    listener = bind(host, port)
    address = listener.url(token)

    def ready() -> None:
        tell(f"isthmus: exploring {run} at {address}  (Ctrl-C to stop)")
        if not no_browser:
            open_browser(address)

    ended = serve(service, listener, token, ready=ready)
    tell("isthmus: stopped.")
    if not ended:
        # A thread is in native code. Python would unwind it on exit, which aborts the process like a crash.
        os._exit(0)


def _write(run: "Run", out: Path, data: str | None, images: int | None) -> None:
    from isthmus.explorer.export.page import export_page

    made = export_page(run, out, data, images)
    weights = "" if made.precision == "float32" else ", weights in half precision"
    images_inside = spell_count(made.points, "image")
    say(f"{made.path}: {spell_bytes(made.bytes)}, {images_inside}{weights}. Open it with a browser.")
    if made.note:
        say(f"  {made.note}")
