"""How coarsely codes are quantised: by a quality from 1 to 100, or by the bytes available."""

from isthmus.codec.lossy.grid import fit_grid
from isthmus.codec.lossy.message import Message
from isthmus.codec.lossy.statistics import CodeStatistics
from isthmus.errors import UsageError

LEAST, MOST = 1, 100
DEFAULT = 50
MOST_BYTES = 1 << 20
"""Bytes for each image, at most: more than any code takes."""
_PER_DOUBLING = 10
_ONE_TOLERANCE = 60
"""The quality at which neighbouring values are one tolerance apart."""


def coarseness(quality: int) -> float:
    """The distance between neighbouring values, in tolerances: half as much for every ten of quality."""
    return float(2.0 ** ((_ONE_TOLERANCE - quality) / _PER_DOUBLING))


def require_size_or_quality(quality: int | None, bytes_per_image: float | None) -> None:
    """Check a quality or a number of bytes.

    Raises:
        UsageError: If it is out of range, or both are given.
    """
    if quality is not None and bytes_per_image is not None:
        raise UsageError("expected --quality or --bytes-per-image; got both")
    if quality is not None and not LEAST <= quality <= MOST:
        raise UsageError(f"expected a quality from {LEAST} to {MOST}; got {quality}")
    if bytes_per_image is not None and not 0 < bytes_per_image <= MOST_BYTES:  # NaN is out of range too
        raise UsageError(f"expected --bytes-per-image above 0 and up to {MOST_BYTES}; got {bytes_per_image:g}")


def message_at(statistics: CodeStatistics, quality: int) -> Message:
    """The codes, quantised as coarsely as a quality says."""
    grid = fit_grid(statistics.tolerances, statistics.means, statistics.deviations, coarseness(quality))
    return Message.of(grid, grid.quantise(statistics.codes))


def compress_to_quality(statistics: CodeStatistics, quality: int) -> tuple[int, bytes]:
    """Encode codes as the smallest message of at least a quality.

    For a few images, a finer grid may take fewer bytes by chance; it is then used.  So a lower quality never takes more
    bytes than a higher one.

    Returns:
        The quality of the message, and its bytes.
    """
    messages = {finer: message_at(statistics, finer).to_bytes() for finer in range(quality, MOST + 1)}
    best = min(messages, key=lambda finer: (len(messages[finer]), -finer))
    return best, messages[best]


def compress_to_size(statistics: CodeStatistics, size: int, around: int = 0) -> tuple[int, bytes]:
    """Encode codes as the message of the highest quality that fits into `size` bytes.

    Args:
        statistics: The codes.
        size: Bytes available.
        around: Bytes of them that the rest of the file takes.

    Returns:
        The quality of the message, and its bytes.

    Raises:
        UsageError: If even the lowest quality takes more.
    """
    least = None
    for quality in range(MOST, LEAST - 1, -1):
        content = message_at(statistics, quality).to_bytes()
        taken = around + len(content)
        if taken <= size:
            return quality, content
        least = taken if least is None else min(least, taken)
    raise UsageError(f"{size} bytes are too few: the lowest quality takes {least}.")
