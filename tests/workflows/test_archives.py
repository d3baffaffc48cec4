from isthmus.codec import RecordReader
from isthmus.workflows.archives import Verified, list_archive, verify
from isthmus.workflows.compression import compress


def test_verifying_looks_between_the_chunks(tiny_run, binarised, tmp_path):
    path = tmp_path / "x.isth"
    compress(tiny_run, binarised, path, chunk_images=40, embed=False)
    sound = path.read_bytes()
    with RecordReader(path) as reader:
        first, *_, index = reader.records()
    path.write_bytes(sound[: first.end] + bytes(50) + sound[first.end :])
    assert verify(path, tiny_run).damage
    path.write_bytes(sound[: index.start] + sound[first.start : first.end] + sound[index.start :])
    assert verify(path, tiny_run).damage


def test_listing_needs_no_model(tiny_run, folder, tmp_path):
    compress(tiny_run, folder, tmp_path / "x.isth", embed=False)
    found = list_archive(tmp_path / "x.isth")
    assert found.names == ("0/000.png", "large.jpg")
    assert found.shapes[found.names.index("large.jpg")] is None
    assert found.shapes[found.names.index("0/000.png")] == (12, 10, 1)
    assert (found.embedded, found.run_name, found.damage) == (False, tiny_run.path.name, ())


def test_verifying(tiny_run, binarised, tmp_path):
    path = tmp_path / "x.isth"
    compress(tiny_run, binarised, path, chunk_images=40, embed=False)
    assert verify(path, tiny_run) == Verified(120, decoded=True)
    assert verify(path) == Verified(120, decoded=False)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert len(verify(path, tiny_run).damage) == 1
    assert len(verify(path).damage) == 1
