"""The 5,000 MNIST digits that come with the package, 500 of each class; `digits.LICENSE.txt` has their licence."""

import io
import lzma
from importlib import resources

import numpy as np

from isthmus.data.arrays import Labelled

FILE = "digits.npz.xz"
TRAIN_COUNT, TEST_COUNT = 4_000, 1_000


def read_digits() -> tuple[Labelled, Labelled]:
    """Read the training and the test digits: images uint8 `(n, 28, 28)` and labels uint8 `(n,)`, sorted by class.

    The split is fixed: of each class the 100 images whose SHA-256 is lowest are the test images.
    """
    content = lzma.decompress((resources.files("isthmus.data.named") / FILE).read_bytes())
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
