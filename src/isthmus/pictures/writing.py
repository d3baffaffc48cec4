"""Writing a picture whole or not at all."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from isthmus.errors import StorageError, UsageError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; rename it to `path` when all went well, remove it when not.

    A reader sees the old picture or the new one, never half of one.  Missing folders are made.

    Raises:
        StorageError: If the place cannot be written to.
    """
    # The suffix stays, for writers that go by it; `tempfile` would leave the picture readable by its owner alone.
    temporary = path.with_name(f".{path.stem[:40]}-{secrets.token_hex(8)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise StorageError(
            f"expected to write {path}; got: {error.strerror or error}. Choose a place that can be written to."
        ) from error
    finally:
        # On success nothing is left here; where the folder itself cannot be, there is nothing to remove either.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def known_suffix(path: Path, known: Iterable[str]) -> str:
    """Return the suffix of `path` in lower case without its dot.

    Raises:
        UsageError: If it is none of `known`; the message lists them.
    """
    suffix = path.suffix.lower().removeprefix(".")
    formats = list(known)
    if suffix not in formats:
        came = f"'.{suffix}'" if suffix else "no suffix"
        raise UsageError(
            f"expected '{path.name}' to end in one of {', '.join('.' + name for name in formats)}; got {came}. "
            "The suffix chooses the format."
        )
    return suffix
