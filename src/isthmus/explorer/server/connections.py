"""Connections: how many there may be, and how long one may be idle.

A client that connects and sends no request, or half of one, occupies a connection that others need.  So does one that
does not read its response.  FastAPI sees neither, and uvicorn times only a connection that is idle after a response.
So both are watched here, on asyncio's transports.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from isthmus.explorer.limits import Limits

Peer = tuple[str, int]
"""A client's address and port."""


class Connections:
    """All connections of a server.

    Args:
        limits: How many there may be, and how long one may be idle.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._open: dict[Peer, _Connection] = {}

    def watched(self, protocol: Callable[..., asyncio.Protocol]) -> Callable[..., "_Connection"]:
        """Wrap a server's protocol, so that each of its connections is counted and timed."""
        return lambda *args, **kwargs: _Connection(protocol(*args, **kwargs), self)

    def serving(self, app: ASGIApp) -> ASGIApp:
        """Wrap an application, so that a connection is not idle while its request is answered."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            connection = self._open.get(tuple(scope.get("client") or ()))
            if connection is not None:
                connection.mark(busy=True)
            try:
                await app(scope, receive, send)
            finally:
                if connection is not None:
                    connection.mark(busy=False)

        return serve

    def admit(self, connection: "_Connection") -> bool:
        """Count a new connection; at a limit it replaces the one that has been idle longest, if any."""
        everyone = list(self._open.values())
        same = [other for other in everyone if other.peer[0] == connection.peer[0]]
        if len(same) >= self.limits.connections_per_address:
            candidates = same
        elif len(everyone) >= self.limits.connections:
            candidates = everyone
        else:
            candidates = []
        if candidates:
            oldest = min((other for other in candidates if not other.busy), key=lambda other: other.since, default=None)
            if oldest is None:
                return False
            oldest.drop()
        self._open[connection.peer] = connection
        return True

    def forget(self, connection: "_Connection") -> None:
        """Count a connection no longer."""
        if self._open.get(connection.peer) is connection:
            del self._open[connection.peer]


class _Connection:
    """One connection, before the protocol that reads its requests and gets all other calls.

    Bytes alone are no request, so they do not count as activity.

    Attributes:
        peer: Its client.
        busy: Whether a request is being answered.
        since: When that last changed, in the loop's seconds.
    """

    def __init__(self, protocol: asyncio.Protocol, connections: Connections) -> None:
        self._protocol, self._connections = protocol, connections
        self._loop = asyncio.get_running_loop()
        self._admitted, self._unread = False, 0
        self.busy, self.since = False, self._loop.time()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol, name)

    def mark(self, *, busy: bool) -> None:
        """Record that a request begins or ends."""
        self.busy, self.since = busy, self._loop.time()

    def drop(self) -> None:
        """Close the connection at once; what its client has not read yet is lost."""
        self._connections.forget(self)
        self._transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Admit the client, or turn it away."""
        self._transport = transport
        peer = transport.get_extra_info("peername")  # none if the client has gone already
        self.peer: Peer = tuple(peer[:2]) if peer else ("", 0)
        self._admitted = bool(peer) and self._connections.admit(self)
        if not self._admitted:
            transport.abort()
            return
        self._look_later(self._connections.limits.idle_seconds)
        self._protocol.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting the connection."""
        self._connections.forget(self)
        if self._admitted:
            self._timer.cancel()
            self._protocol.connection_lost(exc)

    def _look_later(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        limit = self._connections.limits.idle_seconds
        left = self.since + limit - self._loop.time()
        if left > 0:
            self._look_later(left)
            return
        before, self._unread = self._unread, self._transport.get_write_buffer_size()
        if self._unread != before or (self.busy and self._unread == 0):
            self._look_later(limit)
        else:
            self.drop()
