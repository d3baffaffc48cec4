import numpy as np
import pytest
from PIL import Image

from isthmus.data.decode.survey import check_readable, survey
from isthmus.data.open.folders import Folder
from isthmus.data.sets import Skipped
from isthmus.errors import DataError


def test_what_there_is(tmp_path, encoded, random_images, write_files):
    colour, grey = encoded(random_images(5, 8, 3)), encoded(random_images(9, 4))
    contents = {"a.png": colour, "b.png": grey, "c.png": colour, "d.gif": b"no", "e.doc": b"x"}
    contents["f.png"] = encoded(Image.new("LA", (3, 3)))
    folder = Folder(write_files(tmp_path / "set", contents))
    found = survey(folder)
    assert found.names == ["a.png", "b.png", "c.png", "f.png"]
    assert found.sizes.tolist() == [[5, 8], [9, 4], [5, 8], [3, 3]]
    assert (found.in_colour, found.copies, found.uniform) == (2, 1, False)
    assert found.formats == ["PNG"] * 4
    assert found.source_bytes == sum(len(contents[name]) for name in found.names)
    assert [item.name for item in found.skipped] == ["d.gif"]
    assert folder.other_files == 1


def test_how_far_it_has_come_is_said_where_it_takes_long(tmp_path, encoded, write_files, monkeypatch, capsys):
    from isthmus import progress
    from isthmus.data.decode import survey as surveys

    monkeypatch.setattr(surveys, "_SHOWN_FROM", 100)
    monkeypatch.setattr(progress, "LOG_EVERY_SECONDS", 0.0)
    content = encoded(np.zeros((2, 2), np.uint8))
    survey(Folder(write_files(tmp_path / "set", {f"{n}.png": content for n in range(300)})))
    assert [line.partition(",")[0] for line in capsys.readouterr().err.splitlines()] == [
        "looking through set: 100",
        "looking through set: 200",
        "looking through set: 300",
    ]


def test_a_tenth_may_be_unreadable():
    bad = [Skipped(f"{n}.png", "it is damaged") for n in range(11)]
    check_readable(90, bad[:10], "set")
    with pytest.raises(DataError, match=r"11 of 101 images of 'set' cannot be read.*\n  0\.png: it is damaged"):
        check_readable(90, bad, "set")
    with pytest.raises(DataError, match="expected images in 'set'; there are none"):
        check_readable(0, [], "set")
