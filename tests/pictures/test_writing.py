import os
import stat

import pytest

from isthmus.errors import StorageError, UsageError
from isthmus.pictures.writing import known_suffix, replacing


def test_file_appears_whole_with_its_folders(tmp_path):
    path = tmp_path / "a" / "b" / "picture.png"
    with replacing(path) as temporary:
        temporary.write_bytes(b"new")
        assert temporary.parent == path.parent
        assert temporary.suffix == ".png"
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_failure_keeps_the_old_file_and_leaves_nothing(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(b"old")

    def write_half():
        with replacing(path) as temporary:
            temporary.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_place_that_cannot_be_written_to_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(StorageError, match=r"picture\.png.*Choose a place"),
        replacing(tmp_path / "file" / "picture.png"),
    ):
        pass
    folder = tmp_path / "folder.png"
    folder.mkdir()
    with pytest.raises(StorageError, match=r"folder\.png"), replacing(folder) as temporary:
        temporary.write_bytes(b"x")
    assert sorted(tmp_path.iterdir()) == [tmp_path / "file", folder]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_picture_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    with replacing(tmp_path / "picture.png") as temporary:
        temporary.write_bytes(b"")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_known_suffix(tmp_path):
    assert known_suffix(tmp_path / "a.PNG", ("png", "svg")) == "png"
    with pytest.raises(UsageError, match=r"'a\.xyz' to end in one of \.png, \.svg; got '\.xyz'"):
        known_suffix(tmp_path / "a.xyz", ("png", "svg"))
    with pytest.raises(UsageError, match="got no suffix"):
        known_suffix(tmp_path / "a", ("png",))
