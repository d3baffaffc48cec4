import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isthmus.data import ImageOptions, PackedSource, Preprocessing, open_images, split_by_content
from isthmus.data.decode import loader
from isthmus.data.decode.cache import cached
from isthmus.errors import DataError, StorageError, UsageError


def everything(source):
    return source.read(np.arange(len(source)))


@pytest.fixture
def photos(tmp_path, encoded, random_images, write_files):
    """A folder of 40 photos in two classes, and their pixels by name."""
    images = {f"{'cat' if n % 2 else 'dog'}/{n:02d}": image for n, image in enumerate(random_images(40, 8, 9, 3))}
    return write_files(tmp_path / "photos", {f"{name}.png": encoded(image) for name, image in images.items()}), images


@pytest.fixture
def little_memory(monkeypatch):
    monkeypatch.setenv("ISTHMUS_MEMORY", "1KB")


def packs():
    return [item for item in cached() if item.is_pack]


class TestFaults:
    @pytest.fixture
    def spoilt(self, photos, encoded):
        """Folders of 100 images, and of as many more as are told, which are none."""
        folder, images = photos
        content = encoded(next(iter(images.values())))

        def spoil(bad):
            for number in range(60):
                (folder / f"more-{number}.png").write_bytes(encoded(np.full((8, 9, 3), number, np.uint8)))
            kinds = (b"", b"text", content[: len(content) // 2], content[:8] + bytes(50))
            for number in range(bad):
                (folder / f"bad-{number:02d}.png").write_bytes(kinds[number % 4])
            return folder

        return spoil

    @pytest.mark.parametrize("packed", [False, True])
    def test_what_has_no_class(self, tmp_path, encoded, random_images, write_files, monkeypatch, packed):
        """A stray among the training images, and test images without class folders."""
        if packed:
            monkeypatch.setenv("ISTHMUS_MEMORY", "100")
        names = ["train/overview.png", *(f"train/{cls}/{i}.png" for cls in "ab" for i in range(8)), "test/1.png"]
        contents = {name: encoded(random_images(4, 4, seed=seed)) for seed, name in enumerate(names)}
        folder = write_files(tmp_path / "photos", contents)
        for _ in range(1 + packed):  # the second time from the pack
            images = open_images(folder)
            assert images.train.labels.tolist() == 8 * [0] + 8 * [1]
            assert images.train.class_names == ("a", "b")
            assert images.test.labels is None
            assert images.test.class_names == ()
            assert len(images.test.fingerprint) == 64
            assert [item.name for item in images.origin.skipped] == ["train/overview.png"]
            assert len(images.notices) == 2

    def test_a_few_unreadable_files_are_left_out_and_listed(self, spoilt):
        opened = open_images(str(spoilt(8)))
        assert len(opened.train) == 100
        assert [item.name for item in opened.origin.skipped] == [f"bad-{number:02d}.png" for number in range(8)]
        assert all(item.reason for item in opened.origin.skipped)
        assert not any("bad" in name for name in opened.train.names)

    def test_a_tenth_is_few_and_more_is_many(self, spoilt):
        assert len(open_images(str(spoilt(11))).origin.skipped) == 11  # of 111
        with pytest.raises(DataError, match=r"12 of 112 images of 'photos' cannot be read.*at most 10% may be"):
            open_images(str(spoilt(12)))

    def test_labels_stay_with_their_images(self, photos):
        folder, images = photos
        path = folder / "cat" / "01.png"
        path.write_bytes(path.read_bytes()[:100])
        source = open_images(str(folder)).train
        assert len(source) == 39
        for index, name in enumerate(source.names):
            np.testing.assert_array_equal(source.read(np.array([index]))[0], images[name])
            assert source.class_names[source.labels[index]] == name[:3]

    def test_links_in_a_circle_end(self, photos):
        folder, _ = photos
        (folder / "cat" / "again").symlink_to(folder)
        (folder / "loop.png").symlink_to(folder / "loop.png")
        (folder / "nowhere.png").symlink_to(folder / "gone.png")
        opened = open_images(str(folder))
        assert len(opened.train) == 40
        reasons = {item.name: item.reason for item in opened.origin.skipped}
        assert "cat/again" not in reasons  # nothing is missing by it
        assert "symbolic links" in reasons["loop.png"]
        assert "No such file" in reasons["nowhere.png"]

    def test_a_link_to_a_folder_elsewhere_is_followed(self, photos, tmp_path):
        folder, _ = photos
        (tmp_path / "links").mkdir()
        (tmp_path / "links" / "pets").symlink_to(folder)
        assert len(open_images(str(tmp_path / "links")).train) == 40

    def test_a_pipe_is_no_file_and_nobody_waits_for_it(self, photos):
        folder, _ = photos
        os.mkfifo(folder / "pipe.png")
        assert [item.reason for item in open_images(str(folder)).origin.skipped] == [
            "it is no file, but a device or a pipe"
        ]

    def test_no_permission(self, photos, monkeypatch):
        folder, _ = photos
        opened = Path.open

        def refuse(path, *arguments, **options):
            if path.name == "01.png":
                raise PermissionError(13, "Permission denied")
            return opened(path, *arguments, **options)

        monkeypatch.setattr(Path, "open", refuse)
        found = open_images(str(folder))
        assert [(item.name, item.reason) for item in found.origin.skipped] == [
            ("cat/01.png", "it may not be read: no permission")
        ]

    def test_an_image_of_another_kind_than_its_name_says_is_read(self, photos, encoded, random_images):
        folder, _ = photos
        image = random_images(8, 9, 3)
        (folder / "cat" / "wrong.jpg").write_bytes(encoded(image, "PNG"))
        source = open_images(str(folder)).train
        np.testing.assert_array_equal(everything(source)[source.names.index("cat/wrong")], image)

    def test_a_name_that_is_no_text(self, photos):
        folder, _ = photos
        (folder / "cat" / "01.png").rename(folder / "cat" / os.fsdecode(b"caf\xe9.png"))
        names = open_images(str(folder)).train.names
        assert "cat/caf\ufffd" in names
        assert all(name.encode() for name in names)

    def test_a_folder_that_changes_meanwhile(self, photos, monkeypatch):
        folder, _ = photos
        looked = loader.survey

        def survey(collection):
            found = looked(collection)
            Image.new("RGB", (9, 8)).save(folder / "cat" / "01.png")
            return found

        monkeypatch.setattr(loader, "survey", survey)
        with pytest.raises(DataError, match="'photos' changed while it was read"):
            open_images(str(folder))


class TestGoals:
    def test_a_wish_is_granted(self, photos):
        opened = open_images(str(photos[0]), preprocessing=ImageOptions(size=(12, 20), channels=1))
        assert opened.spec.shape == (12, 20, 1)
        assert opened.origin.preprocessing == Preprocessing(12, 20, 1)

    def test_a_run_makes_what_it_knows_of_others(self, photos):
        how = Preprocessing(16, 16, 4, "pad")
        opened = open_images(str(photos[0]), preprocessing=how)
        assert opened.origin.preprocessing == how
        with Image.open(photos[0] / "cat" / "01.png") as image:
            index = opened.train.names.index("cat/01")
            np.testing.assert_array_equal(opened.train.read(np.array([index]))[0], how.apply(image))

    @pytest.mark.parametrize("data", ["sprites-5", np.zeros((2, 4, 4), np.uint8)])
    def test_arrays_are_taken_as_they_are(self, data):
        assert open_images(data, preprocessing=Preprocessing(16, 16, 3)).origin is None
        with pytest.raises(UsageError, match=r"arrays of .* which are taken as they are"):
            open_images(data, preprocessing=ImageOptions(size=(8, 8)))


class TestPacks:
    def test_what_fits_memory_is_an_array(self, photos):
        open_images(str(photos[0]))
        assert packs() == []

    def test_what_does_not_is_packed_once_and_read_from_there(self, photos, little_memory, capsys, monkeypatch):
        folder, images = photos
        opened = open_images(str(folder))
        assert isinstance(opened.train, PackedSource)
        assert "packing 40 images into" in capsys.readouterr().err
        for index, name in enumerate(opened.train.names):
            np.testing.assert_array_equal(opened.train.read(np.array([index]))[0], images[name])
        monkeypatch.setattr(loader, "survey", None)  # nothing is looked at again
        again = open_images(str(folder))
        assert again.train.fingerprint == opened.train.fingerprint
        assert capsys.readouterr().err == ""
        assert len(packs()) == 1

    def test_it_is_the_same_whichever_way(self, photos, monkeypatch):
        held = open_images(str(photos[0]))
        monkeypatch.setenv("ISTHMUS_MEMORY", "1KB")
        for dtype in ("uint8", "float32"):
            packed, held = open_images(str(photos[0]), dtype), open_images(str(photos[0]), dtype)
            assert packed.train.fingerprint == held.train.fingerprint
            assert packed.train.names == held.train.names
            assert packed.origin == held.origin
            assert packed.train.read(np.array([3])).dtype == dtype

    def test_splits_classes_and_what_was_skipped_are_kept(
        self, tmp_path, encoded, random_images, write_files, monkeypatch
    ):
        contents = {f"train/a/{n}.png": encoded(image) for n, image in enumerate(random_images(20, 5, 5))}
        contents |= {"test/b/1.png": encoded(random_images(5, 5, seed=9)), "train/a/bad.png": b"no"}
        folder = write_files(tmp_path / "set", contents)
        held = open_images(str(folder))
        monkeypatch.setenv("ISTHMUS_MEMORY", "100")
        for _ in range(2):
            packed = open_images(str(folder))
            for split in ("train", "test"):
                one, other = getattr(held, split), getattr(packed, split)
                assert one.fingerprint == other.fingerprint
                assert (one.names, one.class_names) == (other.names, other.class_names)
            assert packed.origin.skipped == held.origin.skipped

    def test_a_change_is_seen(self, photos, little_memory, encoded):
        folder, _ = photos
        first = open_images(str(folder)).train.fingerprint
        path = folder / "cat" / "01.png"
        path.write_bytes(encoded(np.zeros((8, 9, 3), np.uint8)))
        second = open_images(str(folder))
        assert second.train.fingerprint != first
        assert not everything(second.train)[second.train.names.index("cat/01")].any()

    def test_the_same_content_elsewhere_is_the_same_pack(self, photos, little_memory, tmp_path):
        open_images(str(photos[0]))
        photos[0].rename(tmp_path / "moved")
        open_images(str(tmp_path / "moved"))
        assert len(packs()) == 1

    def test_each_preprocessing_has_its_own(self, photos, little_memory):
        open_images(str(photos[0]))
        assert open_images(str(photos[0]), preprocessing=ImageOptions(size=(4, 4))).spec.shape == (4, 4, 3)
        assert len(packs()) == 2

    @pytest.mark.parametrize("name", ["pixels.npy", "index.json", "digests.npy"])
    @pytest.mark.parametrize("keep", [0, 0.5])
    def test_a_damaged_pack_is_made_again(self, photos, little_memory, name, keep):
        before = open_images(str(photos[0])).train.fingerprint
        path = packs()[0].path / name
        path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
        assert open_images(str(photos[0])).train.fingerprint == before

    def test_a_lost_cache_is_made_again(self, photos, little_memory):
        before = open_images(str(photos[0])).train.fingerprint
        for path in packs()[0].path.iterdir():
            path.unlink()
        assert open_images(str(photos[0])).train.fingerprint == before

    def test_an_archive_is_packed_if_it_is_not_small(self, tmp_path, photos, monkeypatch):
        import shutil

        archive = shutil.make_archive(str(tmp_path / "photos"), "zip", photos[0])
        open_images(archive)
        assert packs() == []
        monkeypatch.setattr(loader, "PACKED_ARCHIVE_BYTES", 1000)
        opened = open_images(archive)
        assert len(packs()) == 1
        assert not isinstance(opened.train, PackedSource)  # it fits memory

    def test_more_than_the_limit_is_refused_before_it_is_packed(self, photos, little_memory, monkeypatch):
        monkeypatch.setenv("ISTHMUS_CACHE_LIMIT", "8KB")
        with pytest.raises(StorageError, match=r"take 8\.438 KiB, and the cache's limit is 7\.812 KiB"):
            open_images(str(photos[0]))
        assert packs() == []

    def test_no_more_than_what_is_free(self, photos, little_memory, monkeypatch):
        import shutil
        from collections import namedtuple

        monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("usage", "free")(1000))
        with pytest.raises(StorageError, match="1000 bytes free"):
            open_images(str(photos[0]))

    def test_what_was_not_used_for_longest_makes_room(self, photos, little_memory, monkeypatch):
        for size in (4, 5):
            open_images(str(photos[0]), preprocessing=ImageOptions(size=(size, size)))
        old = next(item for item in packs() if "4x4" in item.what)
        os.utime(old.path, (1, 1))
        monkeypatch.setenv("ISTHMUS_CACHE_LIMIT", str(sum(item.bytes for item in packs()) + 100))
        open_images(str(photos[0]), preprocessing=ImageOptions(size=(3, 3)))
        assert sorted(item.what[-5:] for item in packs()) == ["3x3x3", "5x5x3"]

    def test_too_many_unreadable_leave_nothing(self, photos, little_memory):
        for path in list((photos[0] / "cat").iterdir())[:10]:
            path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(DataError, match="10 of 40"):
            open_images(str(photos[0]))
        assert packs() == []


class TestSplits:
    def test_copies_never_straddle_after_fitting_and_more_files_move_none(self, tmp_path, encoded, random_images):
        folder = tmp_path / "photos"
        folder.mkdir()

        def split():
            kept, aside = split_by_content(
                open_images(str(folder), preprocessing=ImageOptions(size=(16, 16))).train, 0.3
            )
            return {name.rpartition("-")[2] for name in kept.names}, {name.rpartition("-")[2] for name in aside.names}

        # Of each image a copy, and one of another format and size that looks the same once it is fitted.
        for number, image in enumerate(random_images(30, 16, 16, 3)):
            for name in ("one", "two"):
                (folder / f"{name}-{number}.png").write_bytes(encoded(image))
            (folder / f"three-{number}.bmp").write_bytes(encoded(image, "BMP"))
        kept, aside = split()
        assert not kept & aside
        assert len(kept | aside) == 30
        for number, image in enumerate(random_images(30, 40, 30, 3, seed=5)):
            (folder / f"four-{number + 100}.png").write_bytes(encoded(image))
        more_kept, more_aside = split()
        assert kept <= more_kept
        assert aside <= more_aside

    def test_what_images_become_holds_the_split_where_one_of_another_size_comes(self, tmp_path, encoded, random_images):
        folder = tmp_path / "photos"
        folder.mkdir()
        for number, image in enumerate(random_images(60, 16, 16, 3)):
            (folder / f"{number}.png").write_bytes(encoded(image))
        before = open_images(str(folder))
        (folder / "more.png").write_bytes(encoded(random_images(70, 90, 3)))

        def aside(images):
            return set(split_by_content(images.train, 0.3)[1].names) - {"more"}

        # What suits them by themselves is another size now, and so are the pixels.
        assert open_images(str(folder)).spec != before.spec
        held = open_images(str(folder), preprocessing=before.origin.preprocessing)
        assert aside(held) == aside(before)
        assert aside(open_images(str(folder), preprocessing=ImageOptions(size=(16, 16), channels=3))) == aside(before)
