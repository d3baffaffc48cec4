"""CIFAR-10 in its binary version: records of a label and 3,072 pixels, so that nothing needs to be unpickled."""

import tarfile
from pathlib import Path

import numpy as np

from isthmus.data.arrays import Labelled
from isthmus.errors import DataError

ARCHIVE = "cifar-10-binary.tar.gz"
_RECORD_BYTES = 1 + 3 * 32 * 32
_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_TEST = ("test_batch.bin",)


def read_cifar10(folder: Path) -> tuple[Labelled, Labelled]:
    """Read the archive in a folder.

    Returns:
        Training images `(50000, 32, 32, 3)` with labels `(50000,)`, and the same of the 10,000 test images; all uint8.

    Raises:
        DataError: If the archive is damaged, or a batch is missing from it or cut short.
    """
    path = folder / ARCHIVE
    if not path.is_file():
        path = path.with_suffix("")  # unpacked by one layer
    batches = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name in _TRAIN + _TEST and (content := archive.extractfile(member)) is not None:
                    batches[name] = content.read()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise DataError(f"'{path}' is damaged: {error}. Remove it, and it is downloaded again") from error
    for name in _TRAIN + _TEST:
        size = len(batches.get(name, b""))
        if size == 0 or size % _RECORD_BYTES:
            raise DataError(
                f"'{path}' is not CIFAR-10's binary version: expected whole records of {_RECORD_BYTES} bytes "
                f"in {name}; got {size} bytes. Remove it, and it is downloaded again"
            )
    return _images(b"".join(batches[name] for name in _TRAIN)), _images(batches[_TEST[0]])


def _images(content: bytes) -> Labelled:
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD_BYTES)
    channels_first = records[:, 1:].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(channels_first.transpose(0, 2, 3, 1)), records[:, 0]
