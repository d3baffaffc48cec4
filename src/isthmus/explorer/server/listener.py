"""The socket that the explorer listens at, and the token for other machines."""

import secrets
import socket
from dataclasses import dataclass
from typing import Any

from isthmus.errors import UsageError
from isthmus.explorer.server.rate import is_loopback

DEFAULT_PORT = 8137


@dataclass(frozen=True)
class Listener:
    """A socket that listens.

    Attributes:
        socket: Bound and listening; clients that connect before the server starts wait for it.
        host: The host as requested.
        port: The port that was bound.
    """

    socket: socket.socket
    host: str
    port: int

    def url(self, token: str | None = None) -> str:
        """The address to open in a browser."""
        host = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(self.host, self.host)
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}/" + (f"?token={token}" if token else "")


def settle_token(host: str, token: str | None) -> str | None:
    """The token that requests need: the one given, a new one if other machines can connect, or none.

    Raises:
        UsageError: If the token cannot be sent in a header.
    """
    if token is None:
        return None if is_loopback(host) else secrets.token_urlsafe(24)
    if len(token) < 8 or not token.isascii() or not all(c.isalnum() or c in "-_.~" for c in token):
        raise UsageError("expected a --token of 8 or more letters, digits and -_.~ of ASCII.")
    return token


def bind(host: str, port: int | None) -> Listener:
    """Listen at a port: the one given, or by default 8137, or else any that is free.

    Raises:
        UsageError: If the host is not a name or address of this machine, or the port is not free.
    """
    family, address = _look_up(host)
    for candidate in (DEFAULT_PORT, 0) if port is None else (port,):
        try:
            bound = _listening(family, address, candidate)
        except OSError as error:
            fault = error
            continue
        return Listener(bound, host, bound.getsockname()[1])
    raise UsageError(
        f"cannot listen at {host}, port {port or DEFAULT_PORT}: {fault.strerror or fault}. Try another --port."
    )


def _look_up(host: str) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # Some port is always free: a failure here is not due to the port.
        _listening(family, address, 0).close()
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"cannot listen at {host!r}: it is not a name or address of this machine ({why}). Try --host 127.0.0.1, or "
            "0.0.0.0 to let other machines in."
        ) from None
    return family, address


def _listening(family: socket.AddressFamily, address: tuple[Any, ...], port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address[0], port, *address[2:]))
        # Two processes may bind a port without a listener; only one can listen.
        made.listen()
    except OSError:
        made.close()
        raise
    return made
