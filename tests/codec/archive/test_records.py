import io
import tracemalloc
import zlib

import pytest

from isthmus.codec.archive import records
from isthmus.codec.archive.records import Gap, RecordReader, RecordWriter
from isthmus.errors import ArchiveError


@pytest.fixture
def write(tmp_path):
    def make(chunks=(b"first", b"second" * 50, b"third"), about=None):
        path = tmp_path / "x.isth"
        with path.open("wb") as file:
            writer = RecordWriter(file, about or {"format": 1, "made": "here"})
            for i, chunk in enumerate(chunks):
                writer.add_chunk(chunk, 10 * i, 10)
            writer.finish()
        assert writer.size == path.stat().st_size
        return path

    return make


def contents(path):
    with RecordReader(path) as reader:
        return [
            p if isinstance(p, Gap) else reader.read(p) for p in reader.records() if getattr(p, "kind", "") != "indx"
        ]


def test_records_come_back(write):
    path = write()
    assert contents(path) == [b"first", b"second" * 50, b"third"]
    with RecordReader(path) as reader:
        assert reader.head["made"] == "here"
        index = reader.index()
        assert [(first, images) for _, first, images in index] == [(0, 10), (10, 10), (20, 10)]
        assert [reader.read(reader.record_at(start)) for start, _, _ in index] == contents(path)


def test_a_flipped_bit_is_noticed_where_it_is(write):
    path = write()
    sound = path.read_bytes()
    at = sound.index(b"second" * 50) + 7
    path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
    with RecordReader(path) as reader:
        _, second, third, _ = reader.records()
        with pytest.raises(ArchiveError, match="record 2 is damaged"):
            reader.read(second)
        assert reader.read(third) == b"third"


def test_behind_damage_the_next_record_is_found(write):
    path = write()
    sound = path.read_bytes()
    at = sound.index(b"second" * 50) - 24
    path.write_bytes(sound[:at] + b"????" + sound[at + 4 :])
    found = contents(path)
    assert (found[0], found[2]) == (b"first", b"third")
    assert found[1] == Gap(at, at + 24 + 300 + 16)


def test_an_index_that_is_cut_off_is_none(write):
    path = write()
    path.write_bytes(path.read_bytes()[:-30])
    with RecordReader(path) as reader:
        assert reader.index() is None
    assert contents(path)[:3] == [b"first", b"second" * 50, b"third"]


def test_a_record_of_another_archive_is_damage(write):
    path = write()
    mine = path.read_bytes()
    theirs = write(about={"format": 1, "made": "there"}).read_bytes()
    at, size = mine.index(b"first") - 24, 24 + 5 + 16
    foreign = theirs[theirs.index(b"first") - 24 :][:size]
    path.write_bytes(mine[:at] + foreign + mine[at + size :])
    with RecordReader(path) as reader, pytest.raises(ArchiveError, match="damaged"):
        reader.read(next(reader.records()))


@pytest.mark.parametrize("content", [b"", b"PK", b"\x89ISTH\r\n\x1a", b"\x89ISTH\r\n\x1a" + b"x" * 99])
def test_what_is_no_archive(tmp_path, content):
    (tmp_path / "x.isth").write_bytes(content)
    with pytest.raises(ArchiveError):
        RecordReader(tmp_path / "x.isth")


def test_a_missing_one(tmp_path):
    with pytest.raises(ArchiveError, match="cannot be opened"):
        RecordReader(tmp_path / "x.isth")


def test_a_newer_format_asks_for_an_upgrade(write):
    with pytest.raises(ArchiveError, match="Upgrade"):
        RecordReader(write(about={"format": 3}))


def test_the_same_records_give_the_same_bytes():
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        writer = RecordWriter(file, {"format": 1})
        writer.add("modl", b"model")
        writer.finish()
    assert files[0].getvalue() == files[1].getvalue()


@pytest.mark.parametrize("record", ["head", "index"])
def test_a_small_record_fills_no_memory(write, monkeypatch, record):
    """Each is of millions of empty lists, which zlib writes in kilobytes."""
    bomb = zlib.compress(b'{"chunks":[' + b"[]," * (1 << 23) + b"[]]}", 1)
    real = records.to_json
    monkeypatch.setattr(
        records, "to_json", lambda value, what, **limits: bomb if record in what else real(value, what, **limits)
    )
    path = write()
    tracemalloc.start()
    try:
        if record == "head":
            with pytest.raises(ArchiveError, match="the head is damaged"):
                RecordReader(path)
        else:
            with RecordReader(path) as reader:
                assert reader.index() is None
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
