"""The server of the explorer: uvicorn on a socket, until Ctrl-C."""

import logging
import socket
import threading
import webbrowser
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from isthmus.explorer.limits import Limits
from isthmus.explorer.server.application import Application
from isthmus.explorer.server.body import BodyLimit
from isthmus.explorer.server.connections import Connections
from isthmus.explorer.server.guard import Guard, own_names
from isthmus.explorer.server.listener import Listener
from isthmus.explorer.service import Service


def server(
    service: Service, listener: Listener, token: str | None = None, ready: Callable[[], None] | None = None
) -> uvicorn.Server:
    """The server of a service, to be run on the socket of its listener; see `serve`."""
    guarded = Guard(Application(service), service.limits, token, own_names(listener.host))
    return _Server(settings(BodyLimit(guarded, service.limits), service.limits), ready)


def settings(app: ASGIApp, limits: Limits) -> uvicorn.Config:
    """The settings of uvicorn: no log, no trust in headers of proxies, and each connection watched."""
    connections = Connections(limits)
    return uvicorn.Config(
        connections.serving(app),
        http=connections.watched(AutoHTTPProtocol),  # type: ignore[arg-type]  # uvicorn calls it, class or not
        log_config=None,
        log_level=logging.CRITICAL,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )


def serve(
    service: Service, listener: Listener, token: str | None = None, *, ready: Callable[[], None] | None = None
) -> bool:
    """Serve until Ctrl-C.

    Args:
        service: The run and its cloud.
        listener: The socket.
        token: The token that requests need; None for none.
        ready: Called once the server answers.

    Returns:
        Whether all jobs in the background have ended; see `Service.stop`.
    """
    service.start()
    try:
        server(service, listener, token, ready).run(sockets=[listener.socket])
    except KeyboardInterrupt:  # uvicorn raises it after its own shutdown
        pass
    finally:
        ended = service.stop()
        listener.socket.close()
    return ended


def open_browser(address: str) -> None:
    """Open the page in the user's browser, if there is one, without waiting for it."""
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._ready is not None:
            self._ready()
