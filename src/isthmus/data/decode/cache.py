"""The cache: where it is, which packs it holds, and how much room they may take."""

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from isthmus.data.decode.pack import INDEX, Pack, read_pack, remove_pack
from isthmus.data.limits import CACHE_VARIABLE, cache_limit
from isthmus.errors import StorageError
from isthmus.storage import locked, write_text
from isthmus.wording import spell_bytes

PACKS = "packs"
PLACES = "places"
_POINTER, _LOCK = ".pointer", ".lock"
_OURS = re.compile(r"(?P<key>[0-9a-f]{40})|\.(?P<part>[0-9a-f]{40})-.*\.part")
"""The names of packs, and of those that are being written: nothing else is ours to remove."""
_SPARE_BYTES = 256 << 20
"""What packing leaves free on the disk."""


@dataclass(frozen=True)
class Cached:
    """Something in the cache.

    Attributes:
        what: What it is, in words.
        path: Its folder.
        bytes: What it takes.
        used: Seconds since 1970 when it was last used.
        is_pack: Whether it is packed images, which are made again when they are needed, or a download.
    """

    what: str
    path: Path
    bytes: int
    used: float
    is_pack: bool


def cache_folder() -> Path:
    """The folder for what was downloaded, built or packed: `ISTHMUS_CACHE`, or the user's own cache."""
    own = os.environ.get("ISTHMUS_CACHE")
    if own:
        return Path(own).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("isthmus", appauthor=False)


def pack_folder(key: str) -> Path:
    """Where the pack of a key is, or would be."""
    return cache_folder() / PACKS / key[:40]


def find_pack(signature: str) -> Pack | None:
    """The pack that was made of data of this signature, if it is still there."""
    try:
        key = _pointer(signature).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return read_pack(pack_folder(key)) if key.isalnum() else None


def remember_pack(signature: str, key: str) -> None:
    """Note that data of this signature is in the pack of a key.

    Raises:
        StorageError: If the cache cannot be written to.
    """
    write_text(_pointer(signature), key + "\n")


def packing(key: str, before_waiting: Callable[[], object] | None = None) -> contextlib.AbstractContextManager[bool]:
    """Have the pack of a key for oneself, to write or to remove it; gives whether one has.

    Args:
        key: The key.
        before_waiting: What to do where another process is at it, before it is waited for; None does not wait.

    Raises:
        StorageError: If the cache cannot be written to.
    """
    return locked(cache_folder() / PACKS / f"{key[:40]}{_LOCK}", before_waiting)


def make_room(size: int, key: str) -> None:
    """Make room for a pack of this size in bytes: the packs that were not used for longest go.

    Args:
        size: The bytes.
        key: The key of the pack, which the caller has for itself.

    Raises:
        StorageError: If it is larger than the limit, or than what is free on the disk.
    """
    limit, folder = cache_limit(), cache_folder()
    if size > limit:
        raise StorageError(
            f"the packed images take {spell_bytes(size)}, and the cache's limit is {spell_bytes(limit)}. "
            f"Raise it ({CACHE_VARIABLE}=200GiB), or choose a smaller --size"
        )
    packs = sorted((item for item in cached() if item.is_pack), key=lambda item: item.used)
    taken = sum(item.bytes for item in packs)
    for item in packs:
        if taken + size <= limit:
            break
        taken -= _remove(item, own=key)
    free = shutil.disk_usage(_existing(folder)).free
    if size + _SPARE_BYTES > free:
        raise StorageError(
            f"the packed images take {spell_bytes(size)}, and {folder} has {spell_bytes(free)} free. "
            "Name another folder (ISTHMUS_CACHE=...), clear it (isthmus cache --clear), or choose a smaller --size"
        )


def cached() -> list[Cached]:
    """Everything in the cache: packs, the largest first, and then data sets."""
    folder = cache_folder()
    packs = [
        Cached(_title(path), path, _size(path), used, True)
        for path, used in _folders(folder / PACKS)
        if _OURS.fullmatch(path.name)
    ]
    others = [
        Cached(f"data set {path.name}", path, _size(path), used, False)
        for path, used in _folders(folder)
        if path.name not in (PACKS, PLACES)
    ]
    return sorted(packs, key=lambda item: -item.bytes) + sorted(others, key=lambda item: item.what)


def clear() -> int:
    """Remove every pack, what an interrupted packing left included, and the notes of where data was.

    What another process is packing now stays, and so does whatever isthmus did not put there.

    Returns:
        The bytes that were freed.

    Raises:
        StorageError: If a pack cannot be removed.
    """
    freed = 0
    for item in cached():
        if item.is_pack:
            freed += _remove(item)
    for path in (*(cache_folder() / PACKS).glob(f"*{_POINTER}"), *(cache_folder() / PLACES).glob("*.json")):
        if _OURS.fullmatch(path.stem):
            with contextlib.suppress(OSError):
                path.unlink()
    return freed


def _pointer(signature: str) -> Path:
    return cache_folder() / PACKS / f"{hashlib.sha256(signature.encode('utf-8', 'replace')).hexdigest()[:40]}{_POINTER}"


def _remove(item: Cached, own: str = "") -> int:
    """Remove a pack, unless another process is writing it; give the bytes that are free by that."""
    key = _key(item.path)
    with contextlib.nullcontext(True) if key == own[:40] else packing(key) as alone:
        if not alone:
            return 0
        remove_pack(item.path)
    return item.bytes


def _key(path: Path) -> str:
    """The first letters of the key of a pack's folder, whole or being written."""
    match = _OURS.fullmatch(path.name)
    return "" if match is None else match["key"] or match["part"]


def _folders(folder: Path) -> Iterator[tuple[Path, float]]:
    """The folders in a folder, and when each was used; others may add and remove some meanwhile."""
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir()):
            with contextlib.suppress(OSError):
                if path.is_dir():
                    yield path, path.stat().st_mtime


def _title(path: Path) -> str:
    try:
        about = json.loads((path / INDEX).read_text(encoding="ascii"))
        count, height, width, channels = about["shape"]
        return f"{about['kind']} {about['name']}, {count:,} images of {width}x{height}x{channels}"
    except (OSError, ValueError, KeyError, TypeError):
        return "left by a packing that was broken off, or goes on"


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
