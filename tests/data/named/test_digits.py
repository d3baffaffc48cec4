import hashlib

import numpy as np

from isthmus.data.named.digits import read_digits
from isthmus.data.named.idx import read_idx


def test_the_split_is_stratified_and_by_content():
    (train, train_labels), (test, test_labels) = read_digits()
    assert train.dtype == test.dtype == np.uint8
    assert train.shape == (4000, 28, 28)
    assert test.shape == (1000, 28, 28)
    assert np.bincount(train_labels).tolist() == [400] * 10
    assert np.bincount(test_labels).tolist() == [100] * 10
    for label in range(10):
        kept, apart = (
            [hashlib.sha256(image.tobytes()).digest() for image in images[labels == label]]
            for images, labels in ((train, train_labels), (test, test_labels))
        )
        assert max(apart) < min(kept)


def test_images_and_labels_are_mnist_s(real_mnist):
    images, labels = (read_idx(real_mnist / f"train-{kind}-ubyte.gz") for kind in ("images-idx3", "labels-idx1"))
    published = {(image.tobytes(), label) for image, label in zip(images, labels.tolist(), strict=True)}
    ours = [(image.tobytes(), label) for part in read_digits() for image, label in zip(*part, strict=True)]
    assert len(ours) == 5000
    assert {(image, int(label)) for image, label in ours} <= published
