"""Serving the explorer: a socket, uvicorn on it, and an end at Ctrl-C."""

import logging
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from isthmus.errors import UsageError
from isthmus.explorer.limits import Limits, is_loopback
from isthmus.explorer.server.application import Application
from isthmus.explorer.server.body import BodyLimit
from isthmus.explorer.server.connections import Connections
from isthmus.explorer.server.guard import Guard, own_names
from isthmus.explorer.service import Service

DEFAULT_PORT = 8137


@dataclass(frozen=True)
class Place:
    """Where the explorer listens.

    Attributes:
        socket: Bound and listening: who connects before there is a server waits for it.
        host: As it was asked for.
        port: The port that it got.
    """

    socket: socket.socket
    host: str
    port: int

    def address(self, token: str | None = None) -> str:
        """What to open in a browser."""
        host = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(self.host, self.host)
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}/" + (f"?token={token}" if token else "")


def settle_token(host: str, token: str | None) -> str | None:
    """The token to ask for: the one that is given; one of our own where other machines can ask; or none.

    Raises:
        UsageError: If it could not travel in a header.
    """
    if token is None:
        return None if is_loopback(host) else secrets.token_urlsafe(24)
    if len(token) < 8 or not token.isascii() or not all(c.isalnum() or c in "-_.~" for c in token):
        raise UsageError("expected a --token of 8 or more letters, digits and -_.~ of ASCII.")
    return token


def bind(host: str, port: int | None) -> Place:
    """Take a port: the one asked for, or by default 8137, or any that is free.

    Raises:
        UsageError: If the host is no name or address of this machine, or the port cannot be had.
    """
    family, address = _look_up(host)
    for wanted in (DEFAULT_PORT, 0) if port is None else (port,):
        try:
            taken = _listening(family, address, wanted)
        except OSError as error:
            fault = error
            continue
        return Place(taken, host, taken.getsockname()[1])
    raise UsageError(
        f"cannot listen at {host}, port {port or DEFAULT_PORT}: {fault.strerror or fault}. Try another --port."
    )


def _look_up(host: str) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # Some port is always free: what fails here is not the port's fault.
        _listening(family, address, 0).close()
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"cannot listen at {host!r}: it is no name or address of this machine ({why}). Try --host 127.0.0.1, or "
            "0.0.0.0 to let other machines in."
        ) from None
    return family, address


def _listening(family: socket.AddressFamily, address: tuple[Any, ...], port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address[0], port, *address[2:]))
        # Two may bind a port that nobody listens at yet; only one comes to listen.
        made.listen()
    except OSError:
        made.close()
        raise
    return made


def server(
    service: Service, place: Place, token: str | None = None, ready: Callable[[], None] | None = None
) -> uvicorn.Server:
    """What will answer, once it is run on the socket of its place; see `serve`."""
    guarded = Guard(Application(service), service.limits, token, own_names(place.host))
    return _Server(settings(BodyLimit(guarded, service.limits), service.limits), ready)


def settings(app: ASGIApp, limits: Limits) -> uvicorn.Config:
    """How uvicorn serves an application: quietly, believing no client's word of who it is, each connection watched."""
    connections = Connections(limits)
    return uvicorn.Config(
        connections.serving(app),
        http=connections.watched(AutoHTTPProtocol),  # type: ignore[arg-type]  # it calls it, class or not
        log_config=None,
        log_level=logging.CRITICAL,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )


def serve(service: Service, place: Place, token: str | None = None, *, ready: Callable[[], None] | None = None) -> bool:
    """Answer until Ctrl-C.

    Args:
        service: What answers.
        place: Where.
        token: What requests must bring; None to ask for none.
        ready: Called once requests are answered.

    Returns:
        Whether all has ended, what went on in the background too; see `Service.stop`.
    """
    service.start()
    try:
        server(service, place, token, ready).run(sockets=[place.socket])
    except KeyboardInterrupt:  # uvicorn ends first, then says why
        pass
    finally:
        ended = service.stop()
        place.socket.close()
    return ended


def open_browser(address: str) -> None:
    """Show the page in the user's browser, if there is one; it may take its time."""
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._ready is not None:
            self._ready()
