import numpy as np
import pytest
from PIL import Image

from isthmus.data.decoding import decode
from isthmus.errors import DataError, UsageError
from isthmus.workflows import restoring
from isthmus.workflows.restoring import palette, restore_folder


@pytest.fixture
def pictures(tmp_path):
    """Pictures of several sizes, formats and folders."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "pictures"
    (folder / "deep" / "er").mkdir(parents=True)
    Image.fromarray(rng.integers(0, 256, (12, 10)).astype(np.uint8)).save(folder / "small.png")
    Image.fromarray(rng.integers(0, 256, (40, 70, 3)).astype(np.uint8)).save(folder / "deep" / "large.jpg")
    Image.fromarray(rng.integers(0, 256, (9, 9, 4)).astype(np.uint8)).save(folder / "deep" / "er" / "clear.png")
    Image.fromarray(rng.integers(0, 256, (9, 9)).astype(np.uint8)).save(folder / "deep" / "moving.gif")
    return folder


def test_names_folders_formats_and_sizes_stay(tiny_restorer, pictures, tmp_path, files_in):
    done = restore_folder(tiny_restorer, pictures, tmp_path / "out")
    assert (done.written, done.kept, done.unreadable) == (4, 0, 0)
    assert files_in(tmp_path / "out") == ["deep/er/clear.png", "deep/large.jpg", "deep/moving.png", "small.png"]
    with Image.open(tmp_path / "out" / "deep" / "large.jpg") as large:
        assert (large.format, large.size) == ("JPEG", (70, 40))
    with (
        Image.open(tmp_path / "out" / "deep" / "er" / "clear.png") as clear,
        Image.open(pictures / "deep" / "er" / "clear.png") as before,
    ):
        np.testing.assert_array_equal(np.asarray(clear)[..., -1], np.asarray(before)[..., 3])


def test_what_is_done_is_kept(tiny_restorer, pictures, tmp_path, monkeypatch):
    out = tmp_path / "out"
    write, count = restoring._write, []

    def stop_at_the_third(*arguments):
        count.append(1)
        if len(count) == 3:
            raise KeyboardInterrupt
        write(*arguments)

    monkeypatch.setattr(restoring, "_write", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        restore_folder(tiny_restorer, pictures, out)
    monkeypatch.setattr(restoring, "_write", write)
    with pytest.raises(UsageError, match="exists already"):
        restore_folder(tiny_restorer, pictures, out)
    done = restore_folder(tiny_restorer, pictures, out, resume=True)
    assert (done.written, done.kept) == (2, 2)
    whole = restore_folder(tiny_restorer, pictures, tmp_path / "whole")
    assert whole.written == 4
    for path in (tmp_path / "whole").rglob("*.*"):
        assert path.read_bytes() == (out / path.relative_to(tmp_path / "whole")).read_bytes()


def test_draws_stand_beside(tiny_restorer, pictures, tmp_path, files_in):
    restore_folder(tiny_restorer, pictures / "small.png", tmp_path / "out", draws=2)
    assert files_in(tmp_path / "out") == ["small-1.png", "small-2.png", "small-uncertainty.png", "small.png"]


def test_one_that_cannot_be_read_is_left_out(tiny_restorer, pictures, tmp_path, capsys):
    (pictures / "torn.png").write_bytes((pictures / "small.png").read_bytes()[:50])
    done = restore_folder(tiny_restorer, pictures, tmp_path / "out")
    assert (done.written, done.unreadable) == (4, 1)
    assert "torn.png cannot be read and is left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "message"),
    [("nowhere", "no data set or path"), ("array.npy", "expected picture files"), ("digits", "expected picture files")],
)
def test_what_is_no_folder_of_pictures(tiny_restorer, tmp_path, monkeypatch, data, message):
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "array.npy", np.zeros((3, 12, 10), np.uint8))
    with pytest.raises(UsageError, match=message):
        restore_folder(tiny_restorer, data, tmp_path / "out")


def test_an_empty_folder(tiny_restorer, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="there are none"):
        restore_folder(tiny_restorer, tmp_path / "empty", tmp_path / "out")


def test_masks_are_for_holes(tiny_restorer, pictures, tmp_path):
    with pytest.raises(UsageError, match="--masks say what to inpaint"):
        restore_folder(tiny_restorer, pictures, tmp_path / "out", masks=tmp_path)


def test_classes_have_colours_that_differ():
    colours = palette(12).astype(int)
    apart = np.abs(colours[:, None] - colours[None]).sum(axis=-1) + 1000 * np.eye(12, dtype=int)
    assert apart.min() > 60
    assert (colours[0] == 0).all()


def test_a_written_picture_is_read_again(tiny_restorer, pictures, tmp_path):
    restore_folder(tiny_restorer, pictures, tmp_path / "out")
    for path in (tmp_path / "out").rglob("*.*"):
        decode(path.read_bytes())
