"""Packed images: decoded once into one file of the cache, and read from there with memory that stays flat.

A pack is a folder: `pixels.npy`, uint8 or, of images of more bits for a model of floats, uint16 `(n, height, width,
channels)`; `digests.npy`, a hash of each image, so that
splitting needs no pixels; and `index.json`.

The images of a batch are read from the file straight to where they belong.  A memory map was tried and does worse: its
pages count as this process's memory until they are given back, and then cost a fault each; and a file that is cut short
would end the process instead of raising an error.

Grain is not used.  What takes time is decoding, and that is done once; a batch of a pack is a copy of a few hundred
kilobytes, less than handing it from one process to another would take.  Worker processes would also start a user's
script anew where it has no `__main__` guard, so decoding is left to threads.
"""

import contextlib
import json
import os
import shutil
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.content import DIGEST_BYTES, digest_of, digests_of, fingerprint_of
from isthmus.data.preprocessing import Preprocessing
from isthmus.data.sets import Skipped
from isthmus.data.source import ImageArray, ImageSpec, Indices, PixelType
from isthmus.errors import DataError
from isthmus.storage import new_folder, storage_errors

PIXELS, DIGESTS, INDEX = "pixels.npy", "digests.npy", "index.json"
VERSION = 2


@dataclass(frozen=True, eq=False)
class Pack:
    """A pack in the cache.

    Attributes:
        folder: Where it lies.
        shape: `(n, height, width, channels)`.
        about: What the index says: `name`, `kind`, `made`, `names`, `paths`, `labels`, `class_names`, `is_test`,
            `skipped`, `preprocessing`, `bits`, `found`, `refitted`, `notices`.
    """

    folder: Path
    shape: tuple[int, int, int, int]
    about: Mapping[str, Any]

    @property
    def preprocessing(self) -> Preprocessing | None:
        """What made its pixels of files; None of arrays."""
        fields = self.about["preprocessing"]
        return None if fields is None else Preprocessing(**fields)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What could not be packed."""
        return tuple(Skipped(*item) for item in self.about["skipped"])


class PackedSource:
    """The images of a pack.

    Args:
        pack: The pack.
        dtype: What `read` gives.

    Raises:
        DataError: If a file of the pack is not what it should be.
    """

    factors = None
    factor_names = ()

    def __init__(self, pack: Pack, dtype: PixelType = "uint8") -> None:
        self._pack, self._dtype = pack, dtype
        self.spec = ImageSpec(*pack.shape[1:], dtype)
        self.class_names = tuple(pack.about["class_names"])
        self.names: Sequence[str] = tuple(pack.about["names"])
        self.paths: Sequence[str] = tuple(pack.about["paths"])
        labels = pack.about["labels"]
        self.labels = None if labels is None else np.array(labels, np.int64)
        path = pack.folder / PIXELS
        try:
            self._file = path.open("rb", buffering=0)
            weakref.finalize(self, self._file.close)
            np.lib.format.read_magic(self._file)
            shape, fortran, kind = np.lib.format.read_array_header_1_0(self._file)
            self._start = self._file.tell()
            size = os.fstat(self._file.fileno()).st_size
            self._kind: np.dtype[Any] = kind
            if (
                shape != pack.shape
                or fortran
                or kind not in (np.uint8, np.dtype("<u2"))
                or size != self._start + self._size
            ):
                raise ValueError("it is not the array that the index tells of")
        except (OSError, ValueError) as error:
            raise DataError(f"'{path}' is damaged: {error}. Remove it: isthmus cache --clear") from error
        self._lock = threading.Lock()

    @property
    def _size(self) -> int:
        return int(np.prod(self._pack.shape, dtype=np.int64)) * self._kind.itemsize

    @cached_property
    def digests(self) -> NDArray[np.uint8]:
        """A hash of each image's pixels, `(n, 16)`: from the pack, or of the floats made of it."""
        if self._dtype == "uint8":
            with contextlib.suppress(OSError, ValueError, EOFError):
                stored: NDArray[np.uint8] = np.load(self._pack.folder / DIGESTS, allow_pickle=False)
                if stored.shape == (len(self), DIGEST_BYTES):
                    return stored
        return digests_of(self)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 in hexadecimal over shape, type, labels and pixels."""
        return fingerprint_of(self)

    def __len__(self) -> int:
        return self._pack.shape[0]

    def read(self, indices: Indices) -> ImageArray:
        """Copy the images at `indices`, `(m,)`, to an array `(m, height, width, channels)`."""
        images = np.empty((len(indices), *self._pack.shape[1:]), self._kind)
        target, one = images.reshape(-1).view(np.uint8).data, self.spec.dims * self._kind.itemsize
        if len(indices) and not 0 <= indices.min() <= indices.max() < len(self):
            raise IndexError(f"expected image numbers from 0 to {len(self) - 1}")
        # Neighbours are read together.
        ends = [*(np.flatnonzero(np.diff(indices) != 1) + 1).tolist(), len(indices)]
        first = 0
        for end in ends if len(indices) else ():
            self._read_to(target[first * one : end * one], self._start + int(indices[first]) * one)
            first = end
        if self._dtype == "float32":
            top = 255 if self._kind == np.uint8 else (1 << self._pack.about["bits"]) - 1
            return images.astype(np.float32) / np.float32(top)
        return images

    def _read_to(self, target: memoryview, place: int) -> None:
        """Fill `target` from a place of the file.

        Raises:
            DataError: If the file ends before.
        """
        while target:
            if hasattr(os, "preadv"):
                count = os.preadv(self._file.fileno(), [target], place)
            else:
                with self._lock:
                    self._file.seek(place)
                    count = self._file.readinto(target)
            if not count:
                raise DataError(f"'{self._pack.folder / PIXELS}' was cut short. Remove it: isthmus cache --clear")
            target, place = target[count:], place + count


def write_pack(
    folder: Path,
    images: Iterable[NDArray[np.uint8] | NDArray[np.uint16]],
    shape: tuple[int, int, int],
    about: Mapping[str, Any],
    deep: bool = False,
) -> Iterator[int]:
    """Write a pack of uint8, or of uint16 if it is `deep`, and give how many images it has after each.

    What is in `about` may still change while the images come; it is written last.

    Raises:
        StorageError: If the place cannot be written to, or is full; nothing is left then.
    """
    if folder.exists():  # damaged, or of another version
        remove_pack(folder)
    with new_folder(folder) as temporary:
        digests = bytearray()
        with (temporary / PIXELS).open("wb") as file:
            kind = np.dtype("<u2" if deep else "|u1")
            _write_header(file, (0, *shape), kind)
            start = file.tell()
            for image in images:
                file.write(np.ascontiguousarray(image, kind).data)
                digests += digest_of(image)
                yield len(digests) // DIGEST_BYTES
            file.seek(0)
            _write_header(file, (len(digests) // DIGEST_BYTES, *shape), kind)
            if file.tell() != start:  # NumPy leaves room for a length of any size
                raise DataError("the header of an array changed its size while it was written")
        np.save(temporary / DIGESTS, np.frombuffer(bytes(digests), np.uint8).reshape(-1, DIGEST_BYTES))
        whole = {
            "version": VERSION,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "shape": [len(digests) // DIGEST_BYTES, *shape],
            **about,
        }
        (temporary / INDEX).write_text(json.dumps(whole), encoding="ascii")


def read_pack(folder: Path) -> Pack | None:
    """Open a pack; None where there is none that is whole and of this version."""
    try:
        about = json.loads((folder / INDEX).read_text(encoding="ascii"))
        if about["version"] != VERSION:
            return None
        pack = Pack(folder, tuple(about["shape"]), about)
        PackedSource(pack)
    except (OSError, ValueError, KeyError, TypeError, DataError):
        return None
    with contextlib.suppress(OSError):
        os.utime(folder)  # what was used last is removed last
    return pack


def remove_pack(folder: Path) -> None:
    """Remove a pack, if it is still there; processes that have it open can read on.

    Raises:
        StorageError: If it cannot be removed.
    """
    with storage_errors(folder), contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _write_header(file: Any, shape: tuple[int, ...], kind: np.dtype[Any]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": kind.str, "fortran_order": False, "shape": shape})
