import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from isthmus.data.decode.image_files import UnreadableError
from isthmus.data.open import archives
from isthmus.data.open.archives import ImageArchive
from isthmus.data.open.paths import open_path
from isthmus.data.sets import Skipped
from isthmus.errors import DataError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
NAMES = ("set/train/dog/1.png", "set/train/cat/1.png", "set/train/cat/2.png", "set/test/dog/1.png")


def pack(path, contents):
    """Write an archive of contents by name, or of members that are made already."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
    else:
        mode = {".gz": "w:gz", ".tgz": "w:gz", ".xz": "w:xz", ".bz2": "w:bz2"}.get(path.suffix, "w")
        with tarfile.open(path, mode) as archive:
            for name, content in contents.items():
                if isinstance(content, tarfile.TarInfo):
                    archive.addfile(content)
                    continue
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def photos(encoded, random_images):
    return {name: encoded(image) for name, image in zip(NAMES, random_images(4, 5, 6, 3), strict=True)}


def everything(source):
    return source.read(np.arange(len(source)))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_archive_is_the_folder_that_it_holds(tmp_path, photos, write_files, suffix):
    opened = open_path(pack(tmp_path / f"photos{suffix}", photos))
    folder = open_path(write_files(tmp_path / "folder", photos) / "set")
    assert opened.name == "photos"
    for split in ("train", "test"):
        given, expected = getattr(opened, split), getattr(folder, split)
        assert sorted(given.names) == sorted(expected.names)
        assert given.class_names == expected.class_names == ("cat", "dog")
        order = [given.names.index(name) for name in expected.names]
        np.testing.assert_array_equal(everything(given)[order], everything(expected))
        np.testing.assert_array_equal(given.labels[order], expected.labels)


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_other_files_are_left_alone(tmp_path, photos, suffix):
    more = {"README.md": b"hello", ".hidden.png": b"x", "__MACOSX/set/._1.png": b"x"}
    archive = ImageArchive(pack(tmp_path / f"a{suffix}", photos | more))
    assert sorted(entry.name for entry in archive.entries()) == sorted(NAMES)
    assert archive.other_files == 1


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz"])
def test_a_file_without_an_ending_is_known_by_its_start(tmp_path, photos, suffix):
    contents = {"one": photos[NAMES[0]], "README": b"hello", "two": photos[NAMES[1]]}
    archive = ImageArchive(pack(tmp_path / f"a{suffix}", contents))
    assert {entry.name: entry.load() for entry in archive.entries()} == {
        "one": photos[NAMES[0]],
        "two": photos[NAMES[1]],
    }
    assert archive.other_files == 1


LEADING_OUT = ("../up.png", "/etc/up.png", "a/../../up.png", "..\\up.png", "C:/up.png", "\\\\host\\up.png")


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
@pytest.mark.parametrize("name", LEADING_OUT)
def test_a_name_that_leads_out_is_skipped_and_nothing_is_written(tmp_path, photos, files_in, suffix, name):
    inner = tmp_path / "one" / "two"
    inner.mkdir(parents=True)
    many = {f"set/{number}.png": photos[NAMES[0]] for number in range(20)}
    path = pack(inner / f"a{suffix}", {**many, name: photos[NAMES[0]]})
    before = files_in(tmp_path)
    opened = open_path(path)
    assert len(opened.train) == 20
    assert [item.reason for item in opened.origin.skipped] == ["its name leads out of the archive"]
    assert files_in(tmp_path) == before


def test_links_devices_and_folders_of_a_tar_are_no_images(tmp_path, photos):
    odd = {}
    for name, kind in (("soft", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("pipe", tarfile.FIFOTYPE)):
        member = tarfile.TarInfo(f"{name}.png")
        member.type, member.linkname = kind, "/etc/passwd"
        odd[name] = member
    folder = tarfile.TarInfo("folder.png")
    folder.type = tarfile.DIRTYPE
    found = list(ImageArchive(pack(tmp_path / "a.tar", {**odd, "folder": folder, **photos})).entries())
    assert {item.name: item.reason for item in found if isinstance(item, Skipped)} == {
        "soft.png": "it is a link",
        "hard.png": "it is a link",
        "pipe.png": "it is no file, but a device or a pipe",
    }
    assert len(found) == 7


def test_a_link_in_a_zip_is_no_image(tmp_path):
    info = zipfile.ZipInfo("link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert [item.reason for item in ImageArchive(tmp_path / "a.zip").entries()] == ["it is a link"]


def test_what_is_encrypted_is_skipped(tmp_path, photos):
    path = pack(tmp_path / "a.zip", photos)
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(mark)
        content[place + offset] |= 1
    path.write_bytes(content)
    assert "it is encrypted" in [item.reason for item in ImageArchive(path).entries() if isinstance(item, Skipped)]


def test_a_member_that_is_too_large_is_skipped_unread(tmp_path, monkeypatch, photos):
    monkeypatch.setattr(archives, "FILE_LIMIT", 1000)
    for suffix in (".zip", ".tar"):
        path = pack(tmp_path / f"a{suffix}", {"large.png": bytes(1001), **photos})
        found = {item.name: item for item in ImageArchive(path).entries()}
        assert found["large.png"].reason.startswith("it is larger than")


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz", ".tar.xz"])
def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path, monkeypatch, photos, suffix):
    monkeypatch.setattr(archives, "_FREE_GROWTH", 1 << 20)
    path = pack(tmp_path / f"a{suffix}", {"zeros.bin": bytes(30 << 20), **photos})
    with pytest.raises(DataError, match="unpacks to more than 200 times its size"):
        open_path(path)


def test_a_zip_that_lies_about_a_size_gives_no_more_than_it_says(tmp_path):
    """The classic bomb: a few bytes that say they are few, and unpack to many."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(50 << 20))
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.find(mark)
        content[place + offset : place + offset + 4] = struct.pack("<I", 10)
    path.write_bytes(content)
    (entry,) = ImageArchive(path).entries()
    with pytest.raises(UnreadableError, match="cannot be unpacked"):
        entry.load()


def outcome(path):
    """What comes of an archive: images, or a message; anything else escapes."""
    try:
        assert len(open_path(path).train)
    except DataError as error:
        message = str(error)
        assert f"'{path.name.partition('.')[0]}" in message or str(path) in message


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_archive_that_is_cut_anywhere_is_read_or_refused(tmp_path, photos, files_in, suffix):
    content = pack(tmp_path / f"a{suffix}", photos).read_bytes()
    for length in range(0, len(content), max(1, len(content) // 40)):
        (tmp_path / f"a{suffix}").write_bytes(content[:length])
        outcome(tmp_path / f"a{suffix}")
    assert [name for name in files_in(tmp_path) if not name.startswith("cache/")] == [f"a{suffix}"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_archive_is_read_or_refused(tmp_path, photos, suffix, data):
    path = pack(tmp_path / f"a{suffix}", photos)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        other = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["flip", "set", "swap", "move"])):
            case "flip":
                content[place] ^= 1 << data.draw(st.integers(0, 7))
            case "set":
                content[place] = data.draw(st.sampled_from([0, 1, 127, 128, 255]))
            case "swap":
                content[place], content[other] = content[other], content[place]
            case "move":
                block = content[place : place + 512]
                content[other : other + len(block)] = block
    path.write_bytes(content)
    outcome(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=600), data=st.data())
def test_any_bytes_are_read_or_refused(tmp_path, content, data):
    suffix = data.draw(st.sampled_from(SUFFIXES))
    wrap = {".gz": gzip.compress, ".tgz": gzip.compress, ".xz": lzma.compress}.get(suffix[suffix.rfind(".") :])
    path = tmp_path / f"a{suffix}"
    path.write_bytes(wrap(content) if wrap and data.draw(st.booleans()) else content)
    outcome(path)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_damaged_header_is_no_end(tmp_path, photos, suffix):
    """What stands behind it would be lost without a word."""
    path = pack(tmp_path / "a.tar", photos)
    content = bytearray(path.read_bytes())
    content[content.find(NAMES[1].encode())] ^= 1
    (tmp_path / f"b{suffix}").write_bytes(gzip.compress(content) if suffix == ".tar.gz" else content)
    with pytest.raises(DataError, match="a header is damaged"):
        open_path(tmp_path / f"b{suffix}")


def test_a_tar_that_ends_between_two_members_may_have_been_cut(tmp_path, photos, capsys):
    path = pack(tmp_path / "a.tar", photos)
    content = path.read_bytes()
    path.write_bytes(content[: content.find(NAMES[2].encode())])
    assert len(open_path(path).train) == 2
    assert "it may have been cut short" in capsys.readouterr().err


def test_an_archive_that_is_named_as_another(tmp_path, photos):
    path = pack(tmp_path / "a.tar", photos)
    path.rename(tmp_path / "a.zip")
    with pytest.raises(DataError, match=r"a\.zip' is no whole zip archive: File is not a zip file"):
        open_path(tmp_path / "a.zip")


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
@pytest.mark.parametrize("first", [b"no image", b""])
def test_a_name_that_is_there_twice_is_two_images(tmp_path, photos, suffix, first):
    """As `tar -r` leaves it; the first may be damaged."""
    path = pack(tmp_path / f"a{suffix}", {f"{n:02d}.png": photos[NAMES[0]] for n in range(20)} | {"x.png": first})
    if suffix == ".zip":
        with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("x.png", photos[NAMES[1]])
    else:
        with tarfile.open(path, "a") as archive:
            member = tarfile.TarInfo("x.png")
            member.size = len(photos[NAMES[1]])
            archive.addfile(member, io.BytesIO(photos[NAMES[1]]))
    opened = open_path(path)
    assert [item.name for item in opened.origin.skipped] == ["x.png"]
    assert len(opened.train) == 21
    expected = np.asarray(Image.open(io.BytesIO(photos[NAMES[1]])))
    np.testing.assert_array_equal(everything(opened.train)[opened.train.names.index("x")], expected)
