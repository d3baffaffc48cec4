"""Archives that were made to do harm: every checksum fits, and what they say cannot be."""

import contextlib
import io
import json
import lzma
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isthmus.codec import Archive, CodecModel, Damage, NamedImage
from isthmus.codec.archive.chunk import encode_chunk
from isthmus.codec.archive.records import RecordWriter
from isthmus.codec.model.embedded import model_from_bytes
from isthmus.errors import ArchiveError

MOST_MEMORY = 192 << 20
NUMBERS = [0, 1, 2, 3, 8, -1, 7.5, 200, 255, 65_536, 1 << 24, 1 << 33, 1 << 53, 1 << 63, 10**30, 1e999, float("nan")]
OTHERS = [True, None, "", "0", "x" * 5000, "normal", "product", [], {}, [[]], [0, 65_536], [[0, 8]] * 3000]
VALUES = st.sampled_from([*NUMBERS, *OTHERS])


@st.composite
def mutated(draw, value):
    """JSON with one thing in it another, twice, or gone."""
    if isinstance(value, dict | list) and value and draw(st.integers(0, 9)):
        keys = sorted(value) if isinstance(value, dict) else range(len(value))
        key = draw(st.sampled_from(keys))
        changed = value.copy()
        way = draw(st.integers(0, 15))
        if way == 0:
            del changed[key]
        elif way == 1 and isinstance(value, list):
            changed.insert(key, value[key])
        else:
            changed[key] = draw(mutated(value[key]))
        return changed
    return draw(VALUES | (st.integers(value - 3, value + 3) if type(value) is int else VALUES))


def unpacked(content):
    """Packed JSON behind its length, and what follows."""
    end = 4 + int.from_bytes(content[:4], "little")
    return json.loads(zlib.decompress(content[4:end])), content[end:]


def packed(told, rest):
    content = zlib.compress(json.dumps(told).encode(), 1)
    return len(content).to_bytes(4, "little") + content + rest


class Parts:
    """An archive in parts, of which any may be replaced before it is put together.

    Args:
        model: What codes its images.
        items: They, in two chunks.
    """

    def __init__(self, model: CodecModel, items: list[NamedImage]) -> None:
        middle = len(items) // 2
        self.model, self.items = model, items
        self.about = {"format": 2, "model": model.digest, "image": list(model.shape), "run": "r", "dtype": "uint8"}
        self.inside = model.to_bytes()
        self.chunks = [encode_chunk(model, items[:middle], 0)[0], encode_chunk(model, items[middle:], middle)[0]]
        self.told = [(0, middle), (middle, len(items) - middle)]

    def to_bytes(self, about=None, inside=None, chunks=None, index=lambda entries: entries):
        file = io.BytesIO()
        writer = RecordWriter(file, about or self.about)
        writer.add("modl", inside or self.inside)
        for content, (first, images) in zip(chunks or self.chunks, self.told, strict=True):
            writer.add_chunk(content, first, images)
        writer._index = index([list(entry) for entry in writer._index])
        writer.finish()
        return file.getvalue()


@pytest.fixture(scope="module", params=["bernoulli", "mixture"])
def parts(request, models):
    model = models[request.param]
    rng = np.random.default_rng(0)
    images = rng.integers(0, 2, (12, *model.shape)).astype(np.uint8) * 255
    items = [NamedImage(f"{i:02d}.png", image) for i, image in enumerate(images)]
    items[2:2] = [
        NamedImage("photo.jpg", file=b"a file" * 20),
        NamedImage("large.png", np.full((5, 6, 3), 9, np.uint8)),
    ]
    return Parts(model, items)


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Read what may be read of an archive, in bounded memory."""
    path = tmp_path_factory.mktemp("untrusted") / "x.isth"

    def read_bytes(content):
        path.write_bytes(content)
        found, damage = [], []
        tracemalloc.start()
        try:
            with contextlib.suppress(ArchiveError), Archive(path) as archive:
                damage += archive.faults()
                model = archive.embedded()
                for part in archive.items(model, archive.chunks()):
                    if isinstance(part, Damage):
                        damage.append(part)
                    else:
                        found += part[1]
            assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
        finally:
            tracemalloc.stop()
        return found, damage

    return read_bytes


def assert_among(found, items):
    """Each image once at most, and exactly."""
    expected = {item.name: item for item in items}
    assert len({item.name for item in found}) == len(found)
    for item in found:
        np.testing.assert_array_equal(item.pixels, expected[item.name].pixels)
        assert item.file == expected[item.name].file


FUZZ = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def test_a_stream_of_files_that_grows_without_end(parts, read):
    """The directory says how large the files are, and no more is unpacked."""
    told, _ = unpacked(parts.chunks[0])
    bomb = lzma.compress(bytes(1 << 26), preset=0)
    for sizes, packed_bytes in (([120], len(bomb)), ([1 << 26], 60), ([1 << 40], len(bomb)), ([0], len(bomb))):
        group = {"places": [[0, 1]], "shape": None, "sizes": sizes, "packed": packed_bytes}
        changes = {"images": 1, "names": [["n", 1, 0, "", 1]], "blocks": [], "words": 0, "escaped": [group]}
        chunk = packed({**told, **changes}, bomb)
        found, damage = read(parts.to_bytes(chunks=[chunk, parts.chunks[1]]))
        assert len(found) == 7
        assert damage


def test_sound_parts_are_a_sound_archive(parts, read):
    found, damage = read(parts.to_bytes())
    assert (len(found), damage) == (14, [])
    assert_among(found, parts.items)


@FUZZ
@given(data=st.data())
def test_heads(parts, read, data):
    about = data.draw(mutated(parts.about))
    assert_among(read(parts.to_bytes(about=about if isinstance(about, dict) else {"about": about}))[0], parts.items)


@FUZZ
@given(data=st.data())
def test_indexes(parts, read, data):
    assert_among(read(parts.to_bytes(index=lambda entries: data.draw(mutated(entries))))[0], parts.items)


def test_an_index_that_tells_of_one_chunk_many_times(parts, read):
    for index in (lambda e: e[:1] * 1000, lambda e: [e[0], [e[0][0], 7, 7]], lambda e: [e[0], [e[1][0], 0, 7]]):
        found, damage = read(parts.to_bytes(index=index))
        assert len(found) == 14
        assert "the index" in str(damage[0])


@pytest.mark.parametrize("kept", [0, 1])
def test_an_index_that_leaves_chunks_out(parts, read, kept):
    found, damage = read(parts.to_bytes(index=lambda entries: entries[:kept]))
    assert len(found) == 7 * kept
    assert ["the index does not list it" in str(part) for part in damage] == [True] * (2 - kept)


def test_a_record_within_a_record(parts, read, tmp_path):
    """A file in a chunk may itself be a record; an index must not give both."""
    (tmp_path / "x.isth").write_bytes(parts.to_bytes())
    with Archive(tmp_path / "x.isth") as archive:
        place = next(archive.chunks()).record
    inner = (tmp_path / "x.isth").read_bytes()[place.start : place.end]
    noise = np.random.default_rng(0).bytes(100 * len(inner))  # so that the files are stored as they are
    outer, _ = encode_chunk(
        parts.model, [NamedImage("inner.bin", file=inner), *[NamedImage("noise.bin", file=noise)] * 6], 7
    )
    plain = parts.to_bytes(chunks=[outer, parts.chunks[1]])
    inside = plain.index(inner)
    found, damage = read(
        parts.to_bytes(chunks=[outer, parts.chunks[1]], index=lambda e: [[e[0][0], 0, 7], [inside, 7, 7]])
    )
    assert found == []
    assert damage


@FUZZ
@given(data=st.data())
def test_directories(parts, read, data):
    told, rest = unpacked(parts.chunks[0])
    found, damage = read(parts.to_bytes(chunks=[packed(data.draw(mutated(told)), rest), parts.chunks[1]]))
    whole = [item for item in found if item.name in {item.name for item in parts.items[7:]}]
    assert len(whole) >= 7
    assert len(found) == 14 or damage


@FUZZ
@given(data=st.data())
def test_models(parts, read, data):
    told, rest = unpacked(parts.inside)
    inside = packed(data.draw(mutated(told)), rest)
    about = parts.about
    with contextlib.suppress(ArchiveError):
        about = {**about, "model": model_from_bytes(inside).digest}
    assert_among(read(parts.to_bytes(about=about, inside=inside))[0], parts.items)
