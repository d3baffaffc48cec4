"""IDX files, the format that MNIST is published in: a header of sizes, then the numbers, often in gzip."""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.arrays import Labelled
from isthmus.data.limits import require_memory
from isthmus.errors import DataError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"


def is_idx(path: Path) -> bool:
    """Whether a file begins as an IDX file does, plain or in gzip."""
    try:
        with _open(path) as stream:
            start = stream.read(4)
    except (OSError, EOFError, zlib.error):
        return False
    return len(start) == 4 and start[:2] == b"\0\0" and start[2] in _TYPES and 1 <= start[3] <= 4


def read_idx(path: Path) -> NDArray[Any]:
    """Read an IDX file, plain or in gzip.

    Returns:
        An array of the file's own rank, shape and type.

    Raises:
        DataError: If the file is no IDX file, cannot be read, is shorter or longer than its header says, or takes more
            than the memory that is allowed.
    """
    if not is_idx(path):
        raise DataError(f"'{path}' is no IDX file: expected it to begin with two zero bytes, a type and a rank")
    try:
        with _open(path) as stream:
            type_code, rank = stream.read(4)[2:]
            sizes = stream.read(4 * rank)
            if len(sizes) < 4 * rank:
                raise DataError(f"'{path}' is cut short: it ends within its header. Get the file again")
            shape = struct.unpack(f">{rank}I", sizes)
            dtype = np.dtype(_TYPES[type_code])
            expected = math.prod(shape) * dtype.itemsize
            require_memory(expected, f"'{path}', unpacked,")
            content = _read_up_to(stream, expected + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"'{path}' cannot be read: {error}") from error
    if len(content) != expected:
        fault = "is cut short" if len(content) < expected else "is longer than it should be"
        came = f"{len(content)}" if len(content) < expected else "more"
        raise DataError(
            f"'{path}' {fault}: its header says {'x'.join(map(str, shape))}, {expected} bytes; "
            f"{came} came. Get the file again"
        )
    return np.frombuffer(content, dtype).reshape(shape)


def read_labelled(path: Path) -> Labelled:
    """Read an IDX file of images, with the labels that lie beside it under the usual name, or None.

    Raises:
        DataError: As `read_idx` does, for either file.
    """
    name = path.name.replace("images", "labels").replace("idx3", "idx1")
    labels = None if name == path.name else _plain_or_gzip(path.with_name(name.removesuffix(".gz")))
    return read_idx(path), None if labels is None else read_idx(labels)


def has_splits(folder: Path) -> bool:
    """Whether a folder holds MNIST's files, or others of the same names."""
    return _find(folder, "train") is not None or _find(folder, "t10k") is not None


def read_splits(folder: Path) -> tuple[Labelled, Labelled | None]:
    """Read the training images and labels (`train-images-idx3-ubyte` and so on), and the test ones (`t10k-`) or None.

    Raises:
        DataError: If the training images are missing, or a file is damaged.
    """
    train, test = _find(folder, "train"), _find(folder, "t10k")
    if train is None:
        raise DataError(f"expected train-images-idx3-ubyte, plain or .gz, in '{folder}', beside its t10k files")
    return read_labelled(train), None if test is None else read_labelled(test)


def _find(folder: Path, prefix: str) -> Path | None:
    # Unpackers differ in whether the last part of the name is a suffix.
    candidates = (_plain_or_gzip(folder / f"{prefix}-images{mark}idx3-ubyte") for mark in "-.")
    return next((path for path in candidates if path is not None), None)


def _plain_or_gzip(path: Path) -> Path | None:
    return next((file for file in (path, path.with_name(path.name + ".gz")) if file.is_file()), None)


def _open(path: Path) -> Any:
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP
    return gzip.open(path) if packed else path.open("rb")


def _read_up_to(stream: Any, size: int) -> bytes:
    """Read at most `size` bytes; of a gzip file that is cut short, what there is."""
    parts = []
    try:
        while size > 0 and (part := stream.read(min(size, 1 << 20))):
            parts.append(part)
            size -= len(part)
    except EOFError:
        pass
    return b"".join(parts)
