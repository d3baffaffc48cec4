"""Files for the cache: fetched from the first mirror that has them, verified, and put in place whole or not at all."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from isthmus.errors import DataError, StorageError
from isthmus.storage import atomic_file

_TIMEOUT_SECONDS = 30.0
_BLOCK_BYTES = 1 << 16


@dataclass(frozen=True)
class RemoteFile:
    """A published file: its name, the MD5 of its bytes and the URLs that have it, the best first."""

    name: str
    md5: str
    urls: tuple[str, ...]


def fetch(file: RemoteFile, folder: Path) -> Path:
    """Download a file into a folder, with a progress bar on standard error.

    MD5 is what the publishers give; it tells a damaged or changed file, and does not withstand a forger.

    Returns:
        The path of the file, whose MD5 is right.

    Raises:
        DataError: If no mirror gave the file as it should be; the message says how to place it by hand.
        StorageError: If the folder cannot be written to, or the disk is full.
    """
    target = folder / file.name
    failures = []
    for url in file.urls:
        try:
            with atomic_file(target) as part, part.open("wb") as sink:
                _copy(url, file, sink)
        except StorageError as error:
            raise StorageError(f"{error} ISTHMUS_CACHE names another folder for downloads.") from error
        except _MirrorError as error:
            failures.append(f"  {url}: {error}")
        else:
            return target
    advice = f"Try again, or put the file into '{folder}' by hand"
    raise DataError("\n".join([f"could not download '{file.name}':", *failures, advice]))


class _MirrorError(Exception):
    """The other side failed.  Network and disk both raise OSError, and only the network has a next mirror."""


def _copy(url: str, file: RemoteFile, sink: BinaryIO) -> None:
    """Copy a URL's bytes, and check them once they are there."""
    from http.client import HTTPException
    from urllib.request import urlopen

    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    digest = hashlib.md5(usedforsecurity=False)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        response = urlopen(url, timeout=_TIMEOUT_SECONDS)
    except (OSError, HTTPException) as error:
        raise _MirrorError(error) from error
    with response, Progress(*columns, console=Console(stderr=True)) as progress:
        size = response.headers.get("Content-Length")
        task = progress.add_task(file.name, total=int(size) if size and size.isdigit() else None)
        while True:
            try:
                block = response.read(_BLOCK_BYTES)
            except (OSError, HTTPException) as error:
                raise _MirrorError(error) from error
            if not block:
                break
            digest.update(block)
            sink.write(block)
            progress.advance(task, len(block))
    if digest.hexdigest() != file.md5:
        raise _MirrorError(f"expected MD5 {file.md5}; got {digest.hexdigest()}")
