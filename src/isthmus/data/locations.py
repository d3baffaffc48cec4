"""Where data is on this machine, and where nothing else should be.

A run stores the name of its training data, and no path of the machine, since runs are given away.  The user's cache
remembers the path, so that commands find the images again.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from isthmus.data.decode.cache import PLACES, cache_folder
from isthmus.data.decode.entries import Collection
from isthmus.data.named.catalogue import is_named
from isthmus.data.open.hub import PREFIX
from isthmus.data.open.images import Data, at_home, locate
from isthmus.errors import DataError, StorageError, UsageError
from isthmus.storage import write_text


@dataclass(frozen=True)
class DataLocation:
    """What to open again.

    Attributes:
        data: As `open_images` takes it; paths are absolute.
        targets: The same for the targets, where they are files of their own.
    """

    data: str
    targets: str | None = None

    def holds(self, data: Data) -> bool:
        """Whether `data` names this place."""
        return _spelled(data) == self.data


def require_apart(out: Path, *given: Data | None) -> None:
    """Check that what will be written does not come to lie among the images that were given.

    Raises:
        UsageError: If it would.
    """
    place = out.resolve()
    for data in given:
        for folder in _folders(data):
            if place.is_relative_to(folder.resolve()):
                raise UsageError(
                    f"{out} would lie among the images of {folder.resolve()}, and be taken for some of them the next "
                    "time. Write elsewhere, with --out"
                )


def remember_location(
    fingerprint: str, data: Data, targets: Data | None = None, class_names: Sequence[str] = ()
) -> None:
    """Note where the images of a fingerprint are, and of these classes: at a path, or on the Hugging Face hub.

    Named sets are found anyway, and arrays have no place.  A cache that cannot be written to remembers nothing.
    """
    place, beside = _spelled(data), None if targets is None else _spelled(targets)
    if place is not None and (targets is None or beside is not None):
        with contextlib.suppress(StorageError):
            write_text(_note(fingerprint, class_names), json.dumps(asdict(DataLocation(place, beside))) + "\n")


def recall_location(fingerprint: str, class_names: Sequence[str] = ()) -> DataLocation | None:
    """Where images were when they were last trained on; they may have gone since."""
    # Earlier versions noted the place by the fingerprint alone, which counts the labels and not their names.
    for note in (_note(fingerprint, class_names), _note(fingerprint)):
        try:
            place = DataLocation(**json.loads(note.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue
        if isinstance(place.data, str) and isinstance(place.targets, str | None):
            return place
    return None


def _folders(data: Data | None) -> set[Path]:
    """The folders of images that are files here; invalid data is reported where it is opened."""
    if data is None or (isinstance(data, str) and data.startswith(PREFIX)):
        return set()
    try:
        target, _ = locate(data)
        return target.folders() if isinstance(target, Collection) else set()
    except (DataError, UsageError):
        return set()


def _spelled(data: Data) -> str | None:
    if isinstance(data, str):
        if is_named(data.removesuffix(":train").removesuffix(":test")):
            return None
        if data.startswith(PREFIX):
            return data
    elif not isinstance(data, os.PathLike):
        return None
    return str(at_home(Path(data)).absolute())


def _note(fingerprint: str, class_names: Sequence[str] = ()) -> Path:
    key = fingerprint
    if class_names:
        key = hashlib.sha256("\0".join((fingerprint, *class_names)).encode("utf-8", "replace")).hexdigest()
    return cache_folder() / PLACES / f"{key[:40]}.json"
