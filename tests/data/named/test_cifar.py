import io
import tarfile

import numpy as np
import pytest

from isthmus.data.named.cifar import ARCHIVE, read_cifar10
from isthmus.errors import DataError

NAMES = [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]


def write(folder, batches, mode="w:gz", name=ARCHIVE):
    with tarfile.open(folder / name, mode) as archive:
        for batch, content in batches.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{batch}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def records(count, seed):
    """Labelled images and their bytes as CIFAR's page describes them: label, red plane, green plane, blue plane."""
    rng = np.random.default_rng(seed)
    images, labels = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8), rng.integers(0, 10, count)
    content = b""
    for image, label in zip(images, labels, strict=True):
        content += bytes([label]) + b"".join(image[..., channel].tobytes() for channel in range(3))
    return images, labels, content


@pytest.mark.parametrize(("mode", "name"), [("w:gz", ARCHIVE), ("w:xz", ARCHIVE), ("w", ARCHIVE.removesuffix(".gz"))])
def test_reads_what_its_page_describes(tmp_path, mode, name):
    made = [records(2, seed) for seed in range(6)]
    batches = {batch: content for batch, (_, _, content) in zip(NAMES, made, strict=True)}
    # The order in the archive is not that of the numbers.
    write(tmp_path, dict(reversed(batches.items())) | {"readme.html": b"hello"}, mode, name)
    (train, train_labels), (test, test_labels) = read_cifar10(tmp_path)
    np.testing.assert_array_equal(train, np.concatenate([images for images, _, _ in made[:5]]))
    np.testing.assert_array_equal(train_labels, np.concatenate([labels for _, labels, _ in made[:5]]))
    np.testing.assert_array_equal(test, made[5][0])
    np.testing.assert_array_equal(test_labels, made[5][1])


def test_a_batch_cut_short_or_missing(tmp_path):
    batches = dict.fromkeys(NAMES, records(1, 0)[2])
    write(tmp_path, batches | {"data_batch_3.bin": bytes(3000)})
    with pytest.raises(DataError, match=r"3073 bytes in data_batch_3\.bin; got 3000"):
        read_cifar10(tmp_path)
    del batches["test_batch.bin"]
    write(tmp_path, batches)
    with pytest.raises(DataError, match=r"test_batch\.bin; got 0"):
        read_cifar10(tmp_path)


def test_an_archive_cut_short(tmp_path):
    write(tmp_path, dict.fromkeys(NAMES, records(3, 0)[2]))
    path = tmp_path / ARCHIVE
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match="is damaged"):
        read_cifar10(tmp_path)
