"""Limits for clients, so that no page left open and no untrusted program can overload the machine."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How much clients may ask for.

    Attributes:
        connections: Connections at once, of all clients.  One more replaces the connection that has been idle longest,
            and is closed where none is idle.
        connections_per_address: Connections at once of one address.
        idle_seconds: A connection is closed after this time without a complete request header, or without progress of a
            client that reads its response.
        body_bytes: A larger request body gets a 413.
        body_seconds: A body that takes longer to arrive gets a 408.
        linger_bytes: How much of a refused body is read and dropped, so that its client can read the response.
        linger_seconds: How long that may take.
        file_pixels: An image file of more pixels gets a 422.
        batch: More codes or images in one request get a 422.
        waiting: Codes or images of all clients that may wait to be computed; more get a 503.
        requests_per_second: Requests of one address in the long run; more get a 429.  A moving page makes a hundred or
            so.
        burst: Requests of one address at once.
        own_share: Requests from this machine itself may be this many times as frequent.
    """

    connections: int = 512
    connections_per_address: int = 256
    idle_seconds: float = 10.0
    body_bytes: int = 16 << 20
    body_seconds: float = 20.0
    linger_bytes: int = 64 << 20
    linger_seconds: float = 2.0
    file_pixels: int = 1 << 25
    batch: int = 1024
    waiting: int = 8192
    requests_per_second: float = 1000.0
    burst: float = 3000.0
    own_share: float = 10.0
