"""How much one caller may ask for, so that a page left open, or a stranger's program, cannot bring the machine down."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """What is refused.

    Attributes:
        connections: Connections at once, of all clients.  One more replaces the connection that has been idle longest,
            and is closed where none is idle.
        connections_per_address: Connections at once of one address.
        idle_seconds: A connection is closed after this time without a complete request header, or without progress of a
            client that reads its response.
        body_bytes: A larger request body gets a 413.
        body_seconds: A body that takes longer to arrive gets a 408.
        linger_bytes: Of a body that is refused, what is still taken in so that its caller comes to read why.
        linger_seconds: How long that may take.
        file_pixels: A picture file of more pixels gets a 422.
        batch: More codes or images at once get a 422.
        waiting: Codes or images that wait for their turn, of all callers; more get a 503.
        requests_per_second: What one address may go on asking; more gets a 429.  A page that moves asks some hundred
            times, and this machine itself may ask `own_share` times as often.
        burst: Requests that it may have saved up.
        own_share: See there.
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


_REMEMBERED = 1024
"""Addresses whose past requests are remembered; of more, those that asked last."""


@dataclass
class RateLimit:
    """A bucket of tokens for each address: a request takes one, and each second brings new ones.

    Args:
        limits: The rate and the burst.
        clock: Seconds that only grow.
    """

    limits: Limits
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def seconds_to_wait(self, address: str) -> float:
        """Count a request: 0 if it may be answered, or how long the address should wait."""
        now = self.clock()
        share = self.limits.own_share if is_loopback(address) else 1.0
        rate, burst = share * self.limits.requests_per_second, share * self.limits.burst
        tokens, then = self._buckets.pop(address, (burst, now))
        tokens = min(burst, tokens + (now - then) * rate)
        allowed = tokens >= 1.0
        self._buckets[address] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - tokens) / rate


def is_loopback(address: str) -> bool:
    """Whether only programs of this machine have an address."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.lower() == "localhost"
