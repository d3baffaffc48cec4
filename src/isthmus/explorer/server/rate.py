"""The rate of requests from one address."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from isthmus.explorer.limits import Limits

_REMEMBERED = 1024
"""The number of addresses whose requests are counted; of more, those of the latest requests."""


@dataclass
class RateLimit:
    """A token bucket for each address; FastAPI has no limit of rates.

    Args:
        limits: The rate and the burst.
        clock: A monotonic clock, in seconds.
    """

    limits: Limits
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def seconds_to_wait(self, address: str) -> float:
        """Count a request: 0 if it is allowed, or the seconds that its address should wait."""
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
    """Whether an address is one of this machine's loopback interface."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.lower() == "localhost"
