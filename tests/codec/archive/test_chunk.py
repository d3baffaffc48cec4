import io
import lzma
import tarfile

import numpy as np
import pytest
from PIL import Image

from isthmus.codec.archive import chunk
from isthmus.codec.archive.chunk import decode_chunk, encode_chunk
from isthmus.codec.archive.directory import Directory
from isthmus.codec.archive.image import NamedImage
from isthmus.codec.archive.tally import Tally
from isthmus.errors import ArchiveError


def as_items(images, stem="a/"):
    return [NamedImage(f"{stem}{i:03d}.png", image) for i, image in enumerate(images)]


def same(found, expected):
    assert [item.name for item in found] == [item.name for item in expected]
    for mine, theirs in zip(found, expected, strict=True):
        if theirs.pixels is None:
            assert mine.file == theirs.file
        else:
            np.testing.assert_array_equal(mine.pixels, theirs.pixels)


@pytest.fixture
def mixed(models, pictures):
    """Images that are coded, images of another shape or more levels, and a file, in turns."""
    rng = np.random.default_rng(0)
    items = as_items(pictures(models["bernoulli"], 20))
    items.insert(3, NamedImage("big.png", rng.integers(0, 256, (7, 5, 3)).astype(np.uint8)))
    items.insert(9, NamedImage("b.jpg", file=b"not even an image"))
    items.insert(9, NamedImage("grey.png", rng.integers(0, 256, (4, 3, 1)).astype(np.uint8)))
    items.append(NamedImage("empty.gif", file=b""))
    items.append(NamedImage("big2.png", rng.integers(0, 256, (7, 5, 3)).astype(np.uint8)))
    return items


def test_a_mixed_chunk_comes_back_in_its_order(models, mixed):
    model = models["bernoulli"]
    content, tally = encode_chunk(model, mixed, 100)
    assert (tally.images, tally.coded) == (25, 20)
    directory = Directory.from_bytes(content, model.shape)
    assert (directory.first, directory.coded, list(directory.names)) == (100, 20, [item.name for item in mixed])
    assert directory.shapes(model.shape)[3] == (7, 5, 3)
    assert directory.shapes(model.shape)[10] is None
    same(decode_chunk(model, content, model.shape), mixed)


@pytest.mark.parametrize("kind", ["bernoulli", "logistic", "mixture"])
def test_chunks_of_one_kind(models, pictures, kind):
    items = as_items(pictures(models[kind], 30))
    content, tally = encode_chunk(models[kind], items, 0)
    assert tally.coded + tally.poor == 30
    same(decode_chunk(models[kind], content, models[kind].shape), items)


def test_what_the_model_knows_nothing_of_is_packed_without_it(models, pictures, monkeypatch):
    monkeypatch.setattr(chunk, "_plain_bits", lambda model, images: np.zeros(len(images), np.int64))
    items = as_items(pictures(models["logistic"], 5))
    content, tally = encode_chunk(models["logistic"], items, 0)
    assert (tally.coded, tally.poor) == (0, 5)
    same(decode_chunk(None, content, models["logistic"].shape), items)


def test_the_same_images_give_the_same_bytes(models, mixed):
    assert encode_chunk(models["bernoulli"], mixed, 0) == encode_chunk(models["bernoulli"], mixed, 0)


@pytest.mark.parametrize("kind", ["bernoulli", "mixture"])
def test_whatever_is_smallest_is_kept(models, pictures, kind):
    """The file that an image came in, if it is."""
    model = models[kind]
    images = pictures(model, 30)
    tiny, huge = b"x", np.random.default_rng(1).bytes(9999)
    items = [NamedImage(f"{place:02d}.jpg", image, (None, tiny, huge)[place % 3]) for place, image in enumerate(images)]
    content, tally = encode_chunk(model, items, 0)
    assert (tally.smaller, tally.files, tally.numbers) == (10, 0, images.size)
    assert tally.coded + tally.poor == 20
    found = decode_chunk(model, content, model.shape)
    same(
        found,
        [
            NamedImage(item.name, None, tiny) if item.file == tiny else NamedImage(item.name, item.pixels)
            for item in items
        ],
    )
    _, without = encode_chunk(model, [NamedImage(item.name, item.pixels) for item in items], 0)
    assert without.smaller == 0


def test_images_that_no_model_codes_may_be_smaller_as_files_too(models):
    image = np.random.default_rng(0).integers(0, 256, (9, 8, 3)).astype(np.uint8)
    content, tally = encode_chunk(
        models["logistic"],
        [NamedImage("a", image, b"file"), NamedImage("b", image, np.random.default_rng(1).bytes(999))],
        0,
    )
    assert (tally.smaller, tally.poor) == (1, 0)
    same(decode_chunk(None, content, models["logistic"].shape), [NamedImage("a", file=b"file"), NamedImage("b", image)])


@pytest.fixture
def jpegs():
    """Small photographs, as JPEG files: about 600 bytes of each are the same tables."""
    rng = np.random.default_rng(0)
    files = []
    for _ in range(60):
        smooth = rng.integers(0, 256, (4, 4, 3)).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(smooth).resize((32, 32), Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
        files.append(file.getvalue())
    return files


def test_files_that_are_alike_take_no_more_than_in_tar_and_xz(models, jpegs):
    items = [NamedImage(f"photos/{(7919 * i) % 10_000:04d}.jpg", file=file) for i, file in enumerate(jpegs)]
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as packer:
        for item in items:
            entry = tarfile.TarInfo(item.name)
            entry.size = len(item.file)
            packer.addfile(entry, io.BytesIO(item.file))
    content, tally = encode_chunk(models["logistic"], items, 0)
    assert len(content) <= 1.02 * len(lzma.compress(tar.getvalue(), preset=9))
    assert len(content) < 0.6 * sum(map(len, jpegs))
    assert tally.escaped_bytes < len(content)
    same(decode_chunk(None, content, models["logistic"].shape), items)


def test_a_file_counts_as_what_it_adds_to_the_others(model_maker):
    """Alone its tables make it larger than the pixels; beside files with the same tables it is smaller."""
    model = model_maker("logistic", shape=(8, 8, 3))
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (60, 8, 8, 3)).astype(np.uint8)
    table = rng.bytes(600)
    items = [NamedImage(f"{i:02d}", image, table + rng.bytes(60)) for i, image in enumerate(pixels)]
    _, alone = encode_chunk(model, items[:1], 0)
    _, together = encode_chunk(model, items, 0)
    assert alone.smaller == 0
    assert together.smaller == 59


def test_large_files_that_cannot_be_packed_are_stored_as_they_are(models):
    items = [NamedImage(f"{i}.jpg", file=np.random.default_rng(i).bytes(50_000)) for i in range(3)]
    content, tally = encode_chunk(models["logistic"], items, 0)
    assert tally.escaped_bytes == 150_000
    same(decode_chunk(None, content, models["logistic"].shape), items)


def test_tallies_add_up():
    assert Tally(1, 1, 9, 8, 3, 0, 0, 9) + Tally(2, 0, 0, 0, 0, 5, 1, 6, 1, 2) == Tally(3, 1, 9, 8, 3, 5, 1, 15, 1, 2)


def test_another_model_is_noticed(models, pictures, model_maker):
    content, _ = encode_chunk(models["bernoulli"], as_items(pictures(models["bernoulli"], 40)), 0)
    other = model_maker("bernoulli", seed=8)
    with pytest.raises(ArchiveError, match="without the model"):
        decode_chunk(None, content, other.shape)
    with pytest.raises(ArchiveError):
        decode_chunk(other, content, other.shape)


def test_damage_never_gives_wrong_pixels(models, mixed):
    model = models["bernoulli"]
    content, _ = encode_chunk(model, mixed, 0)
    rng = np.random.default_rng(0)
    for _ in range(400):
        torn = bytearray(content)
        torn[rng.integers(len(torn))] ^= 1 << rng.integers(8)
        try:
            found = decode_chunk(model, bytes(torn), model.shape)
        except ArchiveError:
            continue
        for mine, theirs in zip(found, mixed, strict=True):
            np.testing.assert_array_equal(mine.pixels, theirs.pixels)
            assert mine.file == theirs.file
