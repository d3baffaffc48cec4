"""Locks on run folders: one process at a time writes to a run; reading one takes no lock."""

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from isthmus.errors import RunError, StorageError, UsageError
from isthmus.runs.folder import MANIFEST, read_manifest
from isthmus.runs.manifest import Manifest
from isthmus.storage import locked, require_free, storage_errors

LOCK = ".lock"
"""The file in a run folder that exists while a process writes to the run."""


@contextmanager
def locked_run(path: Path) -> Iterator[Manifest]:
    """Hold an existing run in order to write to it, and give its manifest.

    The lock ends with the process that holds it, however that ends.  A folder that cannot be written to needs no lock.

    Raises:
        RunError: If the folder holds no run, or another process holds it.
    """
    read_manifest(path)
    with ExitStack() as held:
        try:
            alone = held.enter_context(locked(path / LOCK))
        except StorageError:  # a read-only folder
            alone = True
        if not alone:
            raise RunError(f"another process is training or evaluating {path}. Wait until it ends, then try again.")
        yield read_manifest(path)


@contextmanager
def new_run(path: Path, *, numbered: bool = False) -> Iterator[Path]:
    """Make the folder of a new run, hold it, and give its path; it is removed if the block leaves it empty.

    Args:
        path: The folder.  One that exists and is empty is free.
        numbered: Whether to add a number to a name that is taken, and never to use a folder that exists.

    Raises:
        UsageError: If the folder is taken, by a run, by other files or by another process.
        StorageError: If it cannot be made.
    """
    missing = [folder for folder in path.parents if not folder.exists()]
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path, made = _make(path, numbered)
    if not made:
        try:
            _require_free(path)
        except UsageError:
            if not (path / LOCK).exists():  # a process that holds it is named below
                raise
    with ExitStack() as held:
        for folder in reversed([path, *missing] if made else []):
            held.callback(_remove_empty, folder)
        if not held.enter_context(locked(path / LOCK)):
            raise UsageError(f"another process is training in {path}: choose another --out, or wait until it ends.")
        if len(list(path.iterdir())) > 1:
            _require_free(path)
        yield path


def _require_free(path: Path) -> None:
    """Check that a folder is empty or missing, and say of a run how to resume it."""
    if (path / MANIFEST).is_file():
        resume = f"isthmus train --out {shlex.quote(str(path))} --resume"
        raise UsageError(f"{path} holds a run already; choose another --out, or resume that run: {resume}")
    require_free(path)


def _make(path: Path, numbered: bool) -> tuple[Path, bool]:
    """Make a folder; its path, and whether it was made here."""
    place, number = path, 1
    while True:
        try:
            place.mkdir()
        except FileExistsError:
            if not numbered:
                return place, False
            number += 1
            place = path.with_name(f"{path.name}-{number}")
        else:
            return place, True


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
