import numpy as np

from isthmus.data import open_images
from isthmus.data.cache import cache_folder, cached, clear
from isthmus.data.places import recall_place, remember_place


def test_lists_and_clears_packs_and_leaves_data_sets(tmp_path, encoded, random_images, write_files, monkeypatch):
    assert cached() == []
    contents = {f"{n}.png": encoded(image) for n, image in enumerate(random_images(9, 5, 5))}
    folder = write_files(tmp_path / "photos", contents)
    monkeypatch.setenv("ISTHMUS_MEMORY", "10")
    opened = open_images(str(folder))
    (cache_folder() / "mnist").mkdir()
    (cache_folder() / "mnist" / "file").write_bytes(bytes(7))
    (cache_folder() / "packs" / ".broken-xyz.part").mkdir()
    remember_place("f" * 64, folder)
    what = {item.what: item.bytes for item in cached()}
    assert what.pop("folder photos, 9 images of 5x5x1") > 225
    assert what == {"data set mnist": 7, "left by a packing that was broken off": 0}
    assert clear() > 225
    assert [item.what for item in cached()] == ["data set mnist"]
    assert recall_place("f" * 64) is None
    # Who reads a pack reads on.
    assert opened.train.read(np.arange(9)).shape == (9, 5, 5, 1)
    assert len(open_images(str(folder)).train) == 9
