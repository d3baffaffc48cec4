import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from isthmus.data.named import catalogue

DATA_OF_THIS_MACHINE = os.environ.get("ISTHMUS_DATA")


@pytest.fixture(autouse=True)
def empty_machine(monkeypatch, tmp_path):
    """No data set lies anywhere, and what is cached goes away."""
    monkeypatch.delenv("ISTHMUS_DATA", raising=False)
    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(catalogue, "SYSTEM_FOLDER", tmp_path / "no-system-folder")


@pytest.fixture
def real_mnist(monkeypatch):
    """The folder of MNIST's real files, for the machines that have them."""
    folder = Path(DATA_OF_THIS_MACHINE or "/nowhere") / "mnist"
    if not folder.is_dir():
        pytest.skip("needs MNIST's files in the folder mnist of ISTHMUS_DATA")
    monkeypatch.setenv("ISTHMUS_DATA", str(folder.parent))
    return folder


@pytest.fixture
def random_images():
    def make(*shape, seed=0):
        return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)

    return make


@pytest.fixture
def write_idx():
    """Write unsigned bytes as the IDX format is described, in gzip where the name says so."""

    def write(path, array):
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        content = header + array.astype(np.uint8).tobytes()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
        return path

    return write


@pytest.fixture
def write_mnist(write_idx, random_images):
    """Write a folder of MNIST's four files, with few images; return the training and the test images."""

    def write(folder, suffix=".gz", train=6, test=4):
        splits = {"train": random_images(train, 28, 28, seed=1), "t10k": random_images(test, 28, 28, seed=2)}
        for prefix, images in splits.items():
            write_idx(folder / f"{prefix}-images-idx3-ubyte{suffix}", images)
            write_idx(folder / f"{prefix}-labels-idx1-ubyte{suffix}", np.arange(len(images)) % 10)
        return splits["train"], splits["t10k"]

    return write


@pytest.fixture
def encoded():
    """An array as the bytes of an image file."""
    from io import BytesIO

    from PIL import Image

    def encode(array, kind="PNG", **options):
        content = BytesIO()
        (array if isinstance(array, Image.Image) else Image.fromarray(array)).save(content, kind, **options)
        return content.getvalue()

    return encode


@pytest.fixture
def write_files():
    """Write contents below a folder by relative name; return the folder."""

    def write(folder, contents):
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder

    return write
