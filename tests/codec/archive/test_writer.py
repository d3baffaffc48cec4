import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest

from isthmus.codec import Archive, NamedImage, RecordReader, write_archive
from isthmus.codec.archive import directory, writer
from isthmus.codec.archive.records import RecordWriter
from isthmus.errors import ArchiveError, DataError, RunError


def archived(model, items, **options):
    file = io.BytesIO()
    write_archive(file, model, items, name="hand-made", **{"chunk_images": 8, **options})
    return file.getvalue()


@pytest.fixture
def items(models, pictures):
    """Draw images for the black-and-white model, under a folder of their own."""

    def draw(folder, count=14, seed=0):
        images = pictures(models["bernoulli"], count, seed=seed)
        return [NamedImage(f"{folder}/{i:02d}.png", image) for i, image in enumerate(images)]

    return draw


@pytest.fixture
def appended(models, tmp_path):
    """Append images to an archive's bytes."""

    def append(content, items, **options):
        (tmp_path / "before.isth").write_bytes(content)
        with Archive(tmp_path / "before.isth") as before:
            return archived(models["bernoulli"], items, before=before, **options)

    return append


def kinds(content, path):
    path.write_bytes(content)
    with RecordReader(path) as reader:
        return [place.kind for place in reader.records()]


@pytest.mark.parametrize("embed", [False, True])
def test_appending_is_as_if_all_had_been_there(models, items, appended, embed):
    first, second = items("a"), items("b", seed=1)
    before = archived(models["bernoulli"], first, chunk_images=14, embed=embed)
    both = appended(before, second, chunk_images=14, embed=False)
    assert both == archived(models["bernoulli"], first + second, chunk_images=14, embed=embed)


def test_a_model_that_is_added_stands_before_all_chunks(models, items, appended, tmp_path):
    first, second = items("a"), items("b", seed=1)
    both = appended(archived(models["bernoulli"], first, chunk_images=14, embed=False), second, chunk_images=14)
    assert both == archived(models["bernoulli"], first + second, chunk_images=14)
    assert kinds(both, tmp_path / "x.isth") == ["modl", "chnk", "chnk", "indx"]
    with Archive(tmp_path / "x.isth") as archive:
        assert archive.embedded().digest == models["bernoulli"].digest


def test_what_is_appended_to_an_archive_of_format_1_makes_it_one_of_format_2(tmp_path):
    old = Path(__file__).parents[1] / "golden" / "bernoulli.isth"
    files = [NamedImage(f"{i}.jpg", file=b"the same tables" * 20 + bytes([i])) for i in range(5)]
    with Archive(old) as archive:
        assert archive.head["format"] == 1
        both = archived(archive.embedded(), files, before=archive)
    (tmp_path / "x.isth").write_bytes(both)
    expected = json.loads((old.parent / "pixels.json").read_text())["bernoulli"]
    with Archive(tmp_path / "x.isth") as archive:
        assert archive.head["format"] == 2
        parts = archive.items(archive.embedded(), archive.chunks())
        found = {item.name: item.file if item.pixels is None else item.pixels for _, part in parts for item in part}
    assert {name: hashlib.sha256(found[name]).hexdigest() for name in expected} == expected
    assert {name: found[name] for name in found.keys() - expected.keys()} == {item.name: item.file for item in files}
    assert len(both) < len(old.read_bytes()) + sum(len(item.file) for item in files) / 2


def test_appending_with_another_model_is_refused(models, items, tmp_path):
    (tmp_path / "x.isth").write_bytes(archived(models["bernoulli"], items("a")))
    with Archive(tmp_path / "x.isth") as before, pytest.raises(ArchiveError, match="Give the run"):
        archived(models["mixture"], [], before=before)


def test_nothing_is_appended_to_an_archive_that_has_lost_something(models, items, appended, tmp_path):
    content = archived(models["bernoulli"], items("a", 24), embed=True)
    (tmp_path / "x.isth").write_bytes(content)
    with RecordReader(tmp_path / "x.isth") as reader:
        places = list(reader.records())
    second, third, index = places[2:]
    flipped = [content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :] for at in (second.start + 40, third.end - 3)]
    for torn in (
        content[: third.start],  # cut where a record begins
        content[: index.start],
        content[: second.start] + content[second.end :],
        content[: second.start] + content[second.end : index.start],
        content[:-5],
        *flipped,
    ):
        with pytest.raises(ArchiveError, match=r"before\.isth is damaged.*Nothing was appended"):
            appended(torn, items("b"))
    assert appended(content, items("b"))


def test_chunks_hold_so_many_numbers_at_most(items, monkeypatch):
    monkeypatch.setattr(writer, "CHUNK_NUMBERS", 30)
    sizes = [len(chunk) for _, chunk in writer._chunked(items("a", 7), 100, 0)]
    assert max(sizes) <= 2
    assert sum(sizes) == 7


def test_a_model_too_large_to_be_read_is_not_put_inside(models, items, monkeypatch):
    monkeypatch.setattr("isthmus.codec.model.embedded.MOST_NUMBERS", 50)
    with pytest.raises(RunError, match="Add --no-embed-model"):
        archived(models["bernoulli"], items("a"), embed=True)
    assert archived(models["bernoulli"], items("a"), embed=False)


def test_a_model_that_codes_nothing_is_left_out(models, items, appended, tmp_path):
    """It stands before the first chunk that needs it, in the same archive as if all images had been there at first."""
    files = [NamedImage(f"f/{i}.gif", file=bytes([i]) * 9) for i in range(8)]
    alone = archived(models["bernoulli"], files)
    assert kinds(alone, tmp_path / "x.isth") == ["chnk", "indx"]
    with Archive(tmp_path / "x.isth") as archive:
        assert not archive.needs_model
        assert archive.embedded() is None
        assert [item.file for _, part in archive.items(None, archive.chunks()) for item in part] == [
            item.file for item in files
        ]
    both = appended(alone, items("a", 8))
    assert both == archived(models["bernoulli"], files + items("a", 8))
    assert kinds(both, tmp_path / "x.isth") == ["chnk", "modl", "chnk", "indx"]
    with Archive(tmp_path / "x.isth") as archive:
        assert archive.needs_model
        assert archive.embedded().digest == models["bernoulli"].digest


def test_an_image_is_refused_that_could_not_come_back(models, items, monkeypatch, tmp_path):
    """Each limit of the reader is the writer's too: what goes in at it comes out, and no more goes in."""
    for module in ("chunk", "directory"):
        monkeypatch.setattr(f"isthmus.codec.archive.{module}.MOST_NUMBERS", 300)
    model = models["bernoulli"]
    largest = [
        NamedImage("large.tif", file=bytes(300)),
        NamedImage("large.npy", np.zeros((10, 10, 3), np.uint8)),
        NamedImage("d/" + "n" * (4096 - 2), file=b"x"),
    ]
    path = tmp_path / "x.isth"
    path.write_bytes(archived(model, largest, chunk_images=1, embed=True))
    with Archive(path) as archive:
        found = [item for _, part in archive.items(model, archive.chunks()) for item in part]
    assert [(item.name, item.size) for item in found] == [(item.name, item.size) for item in largest]
    for item, reason in (
        (
            NamedImage("large.tif", file=bytes(301)),
            r"'large\.tif' is too large for an archive.*it has 301",
        ),
        (NamedImage("large.npy", np.zeros((7, 43, 1), np.uint8)), r"'large\.npy' is too large"),
        (NamedImage("none.npy", np.zeros((0, 5, 3), np.uint8)), r"'none\.npy' has no pixels"),
        (NamedImage("n" * 4097, file=b"x"), "names of 4096 characters at most; one has 4097: 'nnn"),
    ):
        with pytest.raises(DataError, match=reason):
            archived(model, [*items("a", 2), item])


def test_a_chunk_is_refused_that_could_not_come_back(models, monkeypatch, tmp_path):
    several = [NamedImage(f"{chr(97 + i) * 40}.gif", file=b"x") for i in range(4)]
    refused = 0
    for most in range(300, 400):
        monkeypatch.setattr(directory, "MOST_TEXT", most)
        try:
            content = archived(models["bernoulli"], several)
        except DataError as error:
            assert "names of 4 images are too long for one chunk" in str(error)  # noqa: PT017
            refused += 1
            continue
        (tmp_path / "x.isth").write_bytes(content)
        with Archive(tmp_path / "x.isth") as archive:
            assert [list(chunk.directory.names) for chunk in archive.chunks()] == [[item.name for item in several]]
    assert 10 < refused < 90
    monkeypatch.setattr("isthmus.codec.archive.chunk.MOST_IMAGES", 3)
    with pytest.raises(DataError, match="expected 1 to 3 images"):
        archived(models["bernoulli"], several)


def test_a_record_and_an_index_are_refused_that_could_not_be_read(models, items, monkeypatch):
    monkeypatch.setattr("isthmus.codec.archive.records.MOST_CONTENT", 200)
    with pytest.raises(DataError, match="of 200 bytes at most; got 201"):
        RecordWriter(io.BytesIO(), {}).add("chnk", bytes(201))
    monkeypatch.undo()
    monkeypatch.setattr("isthmus.codec.archive.records._MOST_INDEX", 300)
    with pytest.raises(DataError, match=r"--chunk-images\), would have [\d,]+ bytes; expected fewer than 300"):
        archived(models["bernoulli"], items("a", 60), chunk_images=1)


def test_every_image_file_that_is_read_can_be_kept():
    from isthmus.data.decode.image_files import FILE_LIMIT

    assert directory.MOST_NUMBERS >= FILE_LIMIT
