import json
import tracemalloc
import zlib

import pytest

from isthmus.codec.archive.directory import MOST_IMAGES, Directory, directory_at
from isthmus.codec.archive.escape import Escaped
from isthmus.codec.archive.records import RecordReader, RecordWriter
from isthmus.errors import ArchiveError

SHAPE = (28, 28, 1)
SOUND = {
    "first": 7,
    "images": 6,
    "names": [["", 1, 8, ".png", 5], ["photo.jpg", 0, 0, "", 1]],
    "blocks": [1, 2],
    "words": 9,
    "escaped": [
        {"places": [[0, 1], [3, 4]], "shape": [2, 5, 3], "sizes": [40]},
        {"places": [[5, 6]], "shape": None, "sizes": [1000]},
    ],
    "check": 12345,
}


def packed(told):
    content = zlib.compress(json.dumps(told).encode(), 9)
    return len(content).to_bytes(4, "little") + content


def test_a_directory_comes_back():
    told = Directory.from_bytes(packed(SOUND), SHAPE)
    assert list(told.names) == ["8.png", "9.png", "10.png", "11.png", "12.png", "photo.jpg"]
    assert (told.first, told.blocks, told.coded, told.words, told.check) == (7, (1, 2), 3, 9, 12345)
    assert told.escaped == (Escaped((0, 3), (2, 5, 3), (40,)), Escaped((5,), None, (1000,)))
    assert told.shapes(SHAPE) == [(2, 5, 3), SHAPE, SHAPE, (2, 5, 3), SHAPE, None]
    again = Directory.from_bytes(told.to_bytes() + b"what follows", SHAPE)
    assert vars(again) == vars(told)


def group(**changes):
    return {**SOUND["escaped"][0], **changes}


@pytest.mark.parametrize(
    "change",
    [
        {"images": 5},
        {"images": 7},
        {"images": 0},
        {"images": 6.0},
        {"images": MOST_IMAGES + 1},
        {"first": -1},
        {"first": 1 << 60},
        {"first": float("nan")},
        {"first": True},
        {"names": []},
        {"names": [["", 1, 8, ".png", 10**9]]},
        {"blocks": [3, 0]},
        {"blocks": [4, -1]},
        {"blocks": "111"},
        {"words": float("inf")},
        {"words": -1},
        {"escaped": {}},
        {"escaped": [group(), group()]},
        {"escaped": [group(places=[[0, 1], [0, 1]])]},
        {"escaped": [group(places=[[3, 3]])]},
        {"escaped": [group(places=[[3, 1]])]},
        {"escaped": [group(places=[[5, 8]])]},
        {"escaped": [group(places=[[-1, 1]])]},
        {"escaped": [group(places=[])]},
        {"escaped": [group(shape=[0, 5, 3])]},
        {"escaped": [group(shape=[1 << 20, 1 << 20, 3])]},
        {"escaped": [group(shape=[2, 5])]},
        {"escaped": [group(sizes=[20, 20])]},
        {"escaped": [group(shape=None)]},
        {"check": "0"},
        {"check": None},
    ],
)
def test_what_cannot_be_is_refused(change):
    with pytest.raises(ArchiveError, match=r"a chunk's directory is damaged|the names of"):
        Directory.from_bytes(packed({**SOUND, **change}), SHAPE)


@pytest.mark.parametrize(
    ("change", "shape"),
    [
        ({"images": 201, "names": [["", 3, 0, "", 201]], "blocks": [201], "escaped": []}, SHAPE),
        ({"images": 3, "names": [["", 3, 0, "", 3]], "blocks": [1, 2], "escaped": []}, (1000, 1000, 3)),
    ],
)
def test_blocks_are_no_larger_than_writers_make_them(change, shape):
    with pytest.raises(ArchiveError, match="expected blocks of 1 to"):
        Directory.from_bytes(packed({**SOUND, **change}), shape)


@pytest.mark.parametrize(
    "change",
    [
        {"escaped": [{"places": [[0, MOST_IMAGES]] * 1000, "shape": [1, 1, 1], "sizes": [10]}]},
        {"escaped": [{"places": [[0, 10**12]], "shape": [1, 1, 1], "sizes": [10]}]},
        {"blocks": [MOST_IMAGES], "names": [["x" * 4000, 5, 0, "", MOST_IMAGES]], "escaped": []},
        {"blocks": [10**12]},
        {"names": "x" * (1 << 26)},
        {"names": [[]] * (1 << 21)},
    ],
)
def test_a_small_directory_fills_no_memory(change):
    content = packed({**SOUND, "images": MOST_IMAGES, "names": [["", 5, 0, "", MOST_IMAGES]], "blocks": [], **change})
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError):
            Directory.from_bytes(content, (1, 1, 1))
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("words", [8, 10, 1 << 40])
def test_sizes_that_do_not_fit_the_chunk_are_found_without_reading_it(tmp_path, words):
    content = packed({**SOUND, "words": words}) + bytes(4 * 9 + 40 + 1000)
    path = tmp_path / "x.isth"
    with path.open("wb") as file:
        writer = RecordWriter(file, {"format": 1})
        writer.add_chunk(content, 7, 6)
        writer.finish()
    with RecordReader(path) as reader:
        place = next(reader.records())
        with pytest.raises(ArchiveError, match=rf"expected \d+ bytes in the chunk; it has {len(content)}"):
            directory_at(reader, place, SHAPE)


def test_a_directory_that_is_cut_off_is_damaged():
    content = packed(SOUND)
    for length in (0, 3, 4, len(content) // 2, len(content) - 1):
        with pytest.raises(ArchiveError, match="damaged"):
            Directory.from_bytes(content[:length], SHAPE)
