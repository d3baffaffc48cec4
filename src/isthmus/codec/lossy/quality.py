"""How coarse a grid to take: by a quality from 1 to 100, or by the bytes that there are."""

from isthmus.codec.lossy.grid import fit_grid
from isthmus.codec.lossy.message import Message
from isthmus.codec.lossy.statistics import CodeStatistics
from isthmus.errors import UsageError

LEAST, MOST = 1, 100
DEFAULT = 50
_PER_DOUBLING = 10
_ONE_TOLERANCE = 60
"""The quality at which marks lie one tolerance apart."""


def coarseness(quality: int) -> float:
    """The distance between marks, in tolerances: half as much for every ten of quality."""
    return float(2.0 ** ((_ONE_TOLERANCE - quality) / _PER_DOUBLING))


def require_quality(quality: int) -> None:
    """Check that there is such a quality.

    Raises:
        UsageError: If there is none.
    """
    if not LEAST <= quality <= MOST:
        raise UsageError(f"expected a quality from {LEAST} to {MOST}; got {quality}")


def message_at(statistics: CodeStatistics, quality: int) -> Message:
    """The codes, rounded as coarsely as a quality says."""
    grid = fit_grid(statistics.tolerances, statistics.means, statistics.deviations, coarseness(quality))
    return Message(grid, grid.marks(statistics.codes))


def compress_to_quality(statistics: CodeStatistics, quality: int) -> tuple[int, bytes]:
    """The smallest message of at least a quality, and the quality that it has.

    A finer grid may by luck take fewer bytes, for a few images; it is then better in both ways, and taken.  So a lower
    quality never takes more bytes than a higher one.

    Raises:
        UsageError: If there is no such quality.
    """
    require_quality(quality)
    messages = {finer: message_at(statistics, finer).to_bytes() for finer in range(quality, MOST + 1)}
    best = min(messages, key=lambda finer: (len(messages[finer]), -finer))
    return best, messages[best]


def compress_to_size(statistics: CodeStatistics, size: int, around: int = 0) -> tuple[int, bytes]:
    """The message of the highest quality that takes at most so many bytes, and its quality.

    Args:
        statistics: Of the codes.
        size: The bytes that there are.
        around: Those of them that are taken by what stands around the message.

    Raises:
        UsageError: If none does; the error says how many bytes the coarsest takes, with what stands around it.
    """
    least = None
    for quality in range(MOST, LEAST - 1, -1):
        content = message_at(statistics, quality).to_bytes()
        taken = around + len(content)
        if taken <= size:
            return quality, content
        least = taken if least is None else min(least, taken)
    raise UsageError(f"{size} bytes are too few: the coarsest rounding takes {least}.")
