import hashlib
import io
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from isthmus.codec import Archive, Damage, NamedImage, RecordReader, write_archive
from isthmus.codec.archive.records import HEAD_SIZE, RecordWriter
from isthmus.errors import ArchiveError

KINDS = ["bernoulli", "logistic", "mixture"]
GOLDEN = Path(__file__).parents[1] / "golden"


def items_for(model, pictures, count=30, seed=0):
    items = [NamedImage(f"a/{i:02d}.png", image) for i, image in enumerate(pictures(model, count, seed=seed))]
    rng = np.random.default_rng(seed)
    items.insert(4, NamedImage("b/photo.jpg", file=b"a file of its own kind"))
    items.insert(8, NamedImage("c.png", rng.integers(0, 256, (3, 5, 3)).astype(np.uint8)))
    return items


def archived(model, items, **options):
    file = io.BytesIO()
    write_archive(file, model, items, name="hand-made", **{"chunk_images": 8, **options})
    return file.getvalue()


def read(path, model=None, threads=1):
    """What an archive gives: the items, by name, and the damage."""
    found, damage = {}, []
    with Archive(path) as opened:
        model = model or opened.embedded()
        if model is None and opened.needs_model:
            raise ArchiveError("there is no model")
        for chunk in opened.items(model, opened.chunks(), threads):
            if isinstance(chunk, Damage):
                damage.append(chunk)
            else:
                found |= {item.name: item for item in chunk[1]}
    return found, damage


def content_of(item):
    return item.file if item.pixels is None else item.pixels.tobytes()


def assert_same(found, items):
    assert list(found) == [item.name for item in items]
    for item in items:
        assert content_of(found[item.name]) == content_of(item)


@pytest.mark.parametrize("kind", KINDS)
def test_images_come_back_with_the_model_inside(models, pictures, tmp_path, kind):
    items = items_for(models[kind], pictures)
    (tmp_path / "x.isth").write_bytes(archived(models[kind], items, embed=True))
    found, damage = read(tmp_path / "x.isth")
    assert damage == []
    assert_same(found, items)


@pytest.mark.parametrize("kind", KINDS)
def test_the_plain_decoder_agrees(models, pictures, plain_decoder, kind):
    items = items_for(models[kind], pictures, 15)
    found = plain_decoder.decode(archived(models[kind], items, embed=True))
    assert [(name, content) for name, _, content in found] == [(item.name, content_of(item)) for item in items]


@pytest.mark.parametrize("kind", [*KINDS, "files"])
def test_golden_archives_decode_for_ever(plain_decoder, kind):
    """`files` is of format 2 and begins with a chunk that needs no model; the others are of format 1."""
    told = json.loads((GOLDEN / "pixels.json").read_text())[kind]
    path = GOLDEN / f"{kind}.isth"
    found, damage = read(path)
    assert damage == []
    assert {name: hashlib.sha256(content_of(item)).hexdigest() for name, item in found.items()} == told
    plain = {name: hashlib.sha256(content).hexdigest() for name, _, content in plain_decoder.decode(path.read_bytes())}
    assert plain == told


@pytest.mark.parametrize("kind", KINDS)
def test_threads_change_nothing(models, pictures, tmp_path, kind):
    items = items_for(models[kind], pictures, 60)
    alone, together = (archived(models[kind], items, threads=threads) for threads in (1, 4))
    assert alone == together
    (tmp_path / "x.isth").write_bytes(alone)
    for threads in (1, 3):
        assert_same(read(tmp_path / "x.isth", models[kind], threads)[0], items)


def test_another_model_does_not_read_it(models, pictures, tmp_path, model_maker):
    (tmp_path / "x.isth").write_bytes(archived(models["bernoulli"], items_for(models["bernoulli"], pictures)))
    with pytest.raises(ArchiveError, match="Give the run that it was made with"):
        read(tmp_path / "x.isth", model_maker("bernoulli", seed=5))


def test_a_damaged_chunk_costs_its_own_images(models, pictures, tmp_path):
    model = models["bernoulli"]
    items = items_for(model, pictures)
    content = bytearray(archived(model, items, embed=True))
    path = tmp_path / "x.isth"
    path.write_bytes(content)
    with RecordReader(path) as reader:
        start, end = reader.index()[1][0], reader.index()[2][0]
    for at, reason in (
        (start, "the chunk's record is damaged."),
        (start + HEAD_SIZE + 30, "a chunk's directory is damaged"),
        (end - 20, "record 3 is damaged: its checksum does not match."),
    ):
        content[at] ^= 4
        path.write_bytes(content)
        found, damage = read(path)
        assert [str(part).startswith(f"images 9 to 16: {reason}") for part in damage] == [True]
        assert_same(found, items[:8] + items[16:])
        content[at] ^= 4


def test_without_its_end_an_archive_gives_what_is_left(models, pictures, tmp_path):
    items = items_for(models["bernoulli"], pictures)
    content = archived(models["bernoulli"], items, embed=True)
    path = tmp_path / "x.isth"
    with_index = content.rindex(b"\x93isr")
    path.write_bytes(content[: with_index - 50])
    found, damage = read(path)
    assert "the index" in str(damage[0])
    assert_same(found, items[:24])


def rewritten(content, change, tmp_path):
    """An archive with its head changed, and all checksums made to fit: what a stranger might send."""
    path = tmp_path / "source.isth"
    path.write_bytes(content)
    file = io.BytesIO()
    with RecordReader(path) as reader:
        about = dict(reader.head)
        change(about)
        writer = RecordWriter(file, about)
        first = 0
        for place in reader.records():
            if place.kind == "chnk":
                writer.add_chunk(reader.read(place), first, 8)
                first += 8
            elif place.kind == "modl":
                writer.add("modl", reader.read(place))
    writer.finish()
    return file.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        {"image": [10**6, 10**6, 3]},
        {"image": [4, 3]},
        {"image": "large"},
        {"image": [float("inf"), 1, 1]},
        {"image": [4, 3, -1]},
        {"image": [4.0, 3, 1]},
        {"model": "0" * 64},
        {"model": None},
        {"run": None, "image": None},
        {"format": -1, "image": [0, 0, 0]},
    ],
)
def test_a_hostile_head(models, pictures, tmp_path, change):
    content = archived(models["bernoulli"], items_for(models["bernoulli"], pictures), embed=True)
    path = tmp_path / "x.isth"
    path.write_bytes(rewritten(content, lambda about: about.update(change), tmp_path))
    with pytest.raises(ArchiveError):
        read(path)


def hurt(content, rng):
    """Flip bits, cut, swap, repeat or zero parts, or put noise in."""
    torn = bytearray(content)
    way = rng.integers(7)
    at, other = sorted(rng.integers(0, len(torn), 2))
    length = int(rng.integers(1, 200))
    if way == 0:
        for place in rng.integers(0, len(torn), rng.integers(1, 20)):
            torn[place] ^= 1 << rng.integers(8)
    elif way == 1:
        del torn[at:]
    elif way == 2:
        del torn[at : at + length]
    elif way == 3:
        torn[at : at + length], torn[other : other + length] = torn[other : other + length], torn[at : at + length]
    elif way == 4:
        torn[other:other] = torn[at : at + length]
    elif way == 5:
        torn[at : at + length] = bytes(len(torn[at : at + length]))
    else:
        torn[at : at + length] = rng.bytes(len(torn[at : at + length]))
    return bytes(torn)


def swap_chunks(content, rng, path):
    """Two whole records in each other's place: no checksum of theirs is hurt."""
    path.write_bytes(content)
    with RecordReader(path) as reader:
        chunks = [place for place in reader.records() if place.kind == "chnk"]
    first, second = sorted(rng.choice(len(chunks), 2, replace=False))
    a, b = chunks[first], chunks[second]
    return (
        content[: a.start]
        + content[b.start : b.end]
        + content[a.end : b.start]
        + content[a.start : a.end]
        + content[b.end :]
    )


def check_damaged(models, pictures, tmp_path, count):
    path = tmp_path / "x.isth"
    errors = partial = 0
    for kind in KINDS:
        model = models[kind]
        items = items_for(model, pictures)
        expected = {item.name: content_of(item) for item in items}
        content = archived(model, items, embed=True)
        rng = np.random.default_rng(KINDS.index(kind))
        for i in range(count):
            path.write_bytes(hurt(content, rng) if i % 20 else swap_chunks(content, rng, tmp_path / "y.isth"))
            try:
                found, damage = read(path)
            except ArchiveError:
                errors += 1
                continue
            partial += bool(damage)
            for name, item in found.items():
                assert content_of(item) == expected[name]
            assert damage or len(found) == len(items)
    assert errors + partial > 1.5 * count
    return errors, partial


def test_damaged_archives_end_in_errors_or_in_sound_images(models, pictures, tmp_path):
    errors, partial = check_damaged(models, pictures, tmp_path, 120)
    assert errors
    assert partial


@pytest.mark.slow
@pytest.mark.parametrize("count", [300, pytest.param(3334, marks=pytest.mark.thorough)])
def test_damaged_archives_take_little_memory(models, pictures, tmp_path, count):
    read_once = tmp_path / "once.isth"
    read_once.write_bytes(archived(models["bernoulli"], items_for(models["bernoulli"], pictures), embed=True))
    read(read_once)  # so that what is made once is not counted
    tracemalloc.start()
    try:
        check_damaged(models, pictures, tmp_path, count)
        assert tracemalloc.get_traced_memory()[1] < 256 << 20
    finally:
        tracemalloc.stop()
