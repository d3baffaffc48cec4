"""The named data sets: what they are, where they are looked for, and how they are opened."""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from isthmus.data.arrays import Labelled, as_source
from isthmus.data.decode.cache import cache_folder
from isthmus.data.named import cifar, digits, idx
from isthmus.data.named.downloads import RemoteFile, fetch
from isthmus.data.named.sprites import SHAPES, SIDE, sprite_source
from isthmus.data.sets import ImageSet
from isthmus.data.source import ImageSpec, PixelType
from isthmus.errors import DataError, UsageError

SYSTEM_FOLDER = Path("/usr/share/datasets")
"""Where a Linux distribution puts data sets, each in a folder of its name."""

_SPRITES = re.compile(r"sprites(?:-([1-9][0-9]{0,8}))?")


@dataclass(frozen=True)
class NamedSet:
    """A data set that has a name."""

    name: str
    summary: str
    spec: ImageSpec
    train_count: int
    test_count: int
    class_names: tuple[str, ...]
    licence: str
    files: tuple[RemoteFile, ...] = ()
    """What is downloaded; none where the images are made, or come with isthmus."""

    def locate(self) -> Path | None:
        """Find the folder that holds the downloaded files already, or None.

        Looked for in the folder `ISTHMUS_DATA`, the system's own and the cache, in that order; in each, the set has a
        folder of its name.
        """
        own = os.environ.get("ISTHMUS_DATA")
        roots = [Path(own).expanduser()] if own else []
        for root in (*roots, SYSTEM_FOLDER, cache_folder()):
            folder = root / self.name
            if all(_is_here(folder / file.name) for file in self.files):
                return folder
        return None


def is_named(name: str) -> bool:
    """Whether a name is that of a data set: one of `DATASETS`, or `sprites-50000` for another number of sprites."""
    return name in DATASETS or _SPRITES.fullmatch(name) is not None


def open_named(name: str, dtype: PixelType = "uint8") -> ImageSet:
    """Open a named set, and download it first where it is not at hand.

    `sprites-N` has N training images, of which `sprites` are the first, and the same test images.  A file in
    `ISTHMUS_DATA` or of the system is used as it is; a download is verified.

    Raises:
        UsageError: If there is no set of that name.
        DataError: If the set cannot be had, or a file of it is damaged.
        StorageError: If it cannot be stored.
    """
    if (match := _SPRITES.fullmatch(name)) is not None:
        entry = DATASETS["sprites"]
        train_count = int(match[1]) if match[1] else entry.train_count
        return ImageSet(name, sprite_source(train_count, 0, dtype), sprite_source(entry.test_count, 1, dtype))
    if name not in DATASETS:
        raise UsageError(f"expected a named data set ({', '.join(DATASETS)}); got {name!r}")
    entry = DATASETS[name]
    if name == "digits":
        return _as_set(entry, digits.read_digits(), dtype)
    folder = entry.locate() or _download(entry)
    try:
        return _as_set(entry, _read(entry, folder), dtype)
    except DataError as error:
        raise DataError(f"the data set '{name}' in '{folder}' cannot be used: {error}") from error


def _as_set(entry: NamedSet, splits: tuple[Labelled, Labelled], dtype: PixelType) -> ImageSet:
    train, test = (replace(as_source(*split, dtype=dtype), class_names=entry.class_names) for split in splits)
    return ImageSet(entry.name, train, test)


def _download(entry: NamedSet) -> Path:
    """Download a set into the cache."""
    folder = cache_folder() / entry.name
    for file in entry.files:
        # What an interrupted download left complete is kept.
        if not _is_here(folder / file.name):
            fetch(file, folder)
    return folder


def _read(entry: NamedSet, folder: Path) -> tuple[Labelled, Labelled]:
    if entry.name == "cifar10":
        return cifar.read_cifar10(folder)
    train, test = idx.read_splits(folder)
    if test is None:
        raise DataError("expected test images beside the training images; there are none")
    return train, test


def _is_here(path: Path) -> bool:
    """Whether a file is there, as it was downloaded or unpacked."""
    return path.is_file() or path.with_name(path.name.removesuffix(".gz")).is_file()


_IDX_FILES = tuple(
    f"{part}-ubyte.gz" for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
)


def _idx_files(mirrors: tuple[str, ...], checksums: tuple[str, str, str, str]) -> tuple[RemoteFile, ...]:
    """MNIST's four files, and those of the sets in its likeness."""
    return tuple(
        RemoteFile(name, md5, tuple(mirror + name for mirror in mirrors))
        for name, md5 in zip(_IDX_FILES, checksums, strict=True)
    )


_NUMERALS = tuple("0123456789")
_GREY_28 = ImageSpec(28, 28, 1)

DATASETS: dict[str, NamedSet] = {
    entry.name: entry
    for entry in (
        NamedSet(
            "digits",
            "5,000 handwritten digits of MNIST, which come with isthmus: nothing to download",
            _GREY_28,
            digits.TRAIN_COUNT,
            digits.TEST_COUNT,
            _NUMERALS,
            "CC BY-SA 3.0",
        ),
        NamedSet(
            "mnist",
            "70,000 handwritten digits (LeCun, Cortes and Burges)",
            _GREY_28,
            60_000,
            10_000,
            _NUMERALS,
            "CC BY-SA 3.0",
            _idx_files(
                (
                    "https://ossci-datasets.s3.amazonaws.com/mnist/",
                    "https://storage.googleapis.com/cvdf-datasets/mnist/",
                ),
                (
                    "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                    "d53e105ee54ea40749a09fcbcd1e9432",
                    "9fb629c4189551a2d022fa330f9573f3",
                    "ec29112dd5afa0611ce80d1b7f02629c",
                ),
            ),
        ),
        NamedSet(
            "fashion-mnist",
            "70,000 images of clothes, bags and shoes (Zalando Research)",
            _GREY_28,
            60_000,
            10_000,
            ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
            "MIT",
            _idx_files(
                (
                    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
                    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
                ),
                (
                    "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                    "25c81989df183df01b3e8a0aad5dffbe",
                    "bef4ecab320f06d8554ea6380940ec79",
                    "bb300cfdad3c16e7a12a480ee83cd310",
                ),
            ),
        ),
        NamedSet(
            "kmnist",
            "70,000 characters of cursive Japanese (Kuzushiji-MNIST, CODH)",
            _GREY_28,
            60_000,
            10_000,
            ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
            "CC BY-SA 4.0",
            _idx_files(
                (
                    "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
                    "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
                    "https://storage.googleapis.com/kuzushiji-mnist/",
                ),
                (
                    "bdb82020997e1d708af4cf47b453dcf7",
                    "e144d726b3acfaa3e44228e80efcd344",
                    "5c965bf0a639b31b8f53240b1b52f4d7",
                    "7320c461ea6c1c855c0b718fb2a4b134",
                ),
            ),
        ),
        NamedSet(
            "cifar10",
            "60,000 small colour photographs of animals and vehicles (Krizhevsky, 2009)",
            ImageSpec(32, 32, 3),
            50_000,
            10_000,
            ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
            "none stated; cite Krizhevsky, 2009",
            (
                RemoteFile(
                    cifar.ARCHIVE,
                    "c32a1d4ab5d03f1284b67883e8d87530",
                    (
                        f"https://www.cs.toronto.edu/~kriz/{cifar.ARCHIVE}",
                        f"https://cave.cs.toronto.edu/kriz/{cifar.ARCHIVE}",
                    ),
                ),
            ),
        ),
        NamedSet(
            "sprites",
            "Shapes of known scale, rotation and position; sprites-50000 makes another number of them",
            ImageSpec(SIDE, SIDE, 1),
            10_000,
            1_000,
            SHAPES,
            "Apache-2.0, made by isthmus",
        ),
    )
}
