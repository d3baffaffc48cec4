import threading

import numpy as np
import pytest

from isthmus.data import open_images
from isthmus.data.decode import loader
from isthmus.data.decode.cache import cache_folder, cached, clear, make_room
from isthmus.data.locations import recall_location, remember_location

BROKEN_OFF = f".{'0a' * 20}-xyz.part"


def test_lists_and_clears_packs_and_leaves_data_sets(tmp_path, encoded, random_images, write_files, monkeypatch):
    assert cached() == []
    contents = {f"{n}.png": encoded(image) for n, image in enumerate(random_images(9, 5, 5))}
    folder = write_files(tmp_path / "photos", contents)
    monkeypatch.setenv("ISTHMUS_MEMORY", "10")
    opened = open_images(str(folder))
    (cache_folder() / "mnist").mkdir()
    (cache_folder() / "mnist" / "file").write_bytes(bytes(7))
    (cache_folder() / "packs" / BROKEN_OFF).mkdir()
    remember_location("f" * 64, folder)
    what = {item.what: item.bytes for item in cached()}
    assert what.pop("folder photos, 9 images of 5x5x1") > 225
    assert what == {"data set mnist": 7, "left by a packing that was broken off, or goes on": 0}
    assert clear() > 225
    assert [item.what for item in cached()] == ["data set mnist"]
    assert recall_location("f" * 64) is None
    # Who reads a pack reads on.
    assert opened.train.read(np.arange(9)).shape == (9, 5, 5, 1)
    assert len(open_images(str(folder)).train) == 9


def test_what_others_keep_there_stays(tmp_path, files_in):
    own = ["packs/mydata/index.json", "packs/notes.pointer", "places/home.json"]
    for name in own:
        (cache_folder() / name).parent.mkdir(parents=True, exist_ok=True)
        (cache_folder() / name).write_text("mine")
    assert cached() == []
    assert clear() == 0
    assert files_in(cache_folder()) == own


@pytest.fixture
def slow_packing(tmp_path, encoded, random_images, write_files, monkeypatch):
    """A folder that a thread has begun to pack; and what lets it finish, and gives the fingerprint of the images."""
    contents = {f"{n}.png": encoded(image) for n, image in enumerate(random_images(9, 5, 5))}
    folder = write_files(tmp_path / "photos", contents)
    monkeypatch.setenv("ISTHMUS_MEMORY", "10")
    begun, go_on, outcome, write_pack = threading.Event(), threading.Event(), [], loader.write_pack

    def slowly(place, images, *more):
        for done in write_pack(place, images, *more):
            if not begun.is_set():
                begun.set()
                assert go_on.wait(120)
            yield done

    def pack():
        try:
            outcome.append(open_images(str(folder)).train.fingerprint)
        except Exception as error:
            outcome.append(error)

    monkeypatch.setattr(loader, "write_pack", slowly)
    thread = threading.Thread(target=pack)
    thread.start()
    assert begun.wait(120)

    def finish():
        go_on.set()
        thread.join()
        return outcome[0]

    yield folder, finish
    finish()


def test_what_is_being_packed_is_not_cleared_away(slow_packing, monkeypatch):
    folder, finish = slow_packing
    assert clear() == 0
    monkeypatch.setenv("ISTHMUS_CACHE_LIMIT", "100")
    make_room(90, "another")
    assert len(cached()) == 1
    monkeypatch.delenv("ISTHMUS_CACHE_LIMIT")
    assert finish() == open_images(str(folder)).train.fingerprint


def test_who_packs_the_same_at_once_waits_and_takes_what_is_there(slow_packing, monkeypatch):
    folder, finish = slow_packing
    told = []

    def tell(line):
        told.append(line)
        if "waiting" in line:
            finish_later.start()

    finish_later = threading.Thread(target=finish)
    monkeypatch.setattr(loader, "tell", tell)
    opened = open_images(str(folder))
    assert told == ["another isthmus is packing photos; waiting for it"]
    assert opened.train.fingerprint == finish()
    assert len(list((cache_folder() / "packs").iterdir())) == 2  # the pack, and the note of what it was made of


def test_who_packs_the_same_where_there_are_no_locks_takes_what_is_there(slow_packing, monkeypatch):
    folder, finish = slow_packing
    monkeypatch.setattr("isthmus.storage._lock", lambda file, wait: True)
    assert open_images(str(folder)).train.fingerprint == finish()
