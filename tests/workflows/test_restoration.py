import shutil
import zipfile

import numpy as np
import pytest
import tifffile
from PIL import Image

import isthmus
from isthmus.data import Preprocessing
from isthmus.data.decode.image_files import decode
from isthmus.data.tasks.colour import luma
from isthmus.data.tasks.corruptions import resized
from isthmus.errors import DataError, UsageError
from isthmus.recipes import (
    Colourise,
    Deblur,
    Denoise,
    GaussianLatent,
    Inpaint,
    Pairs,
    Segment,
    SuperResolve,
    with_fields,
)
from isthmus.restoration import Restorer
from isthmus.restoration.record import RECORD
from isthmus.workflows import restoration
from isthmus.workflows.restoration import restore_folder


@pytest.fixture
def images(tmp_path):
    """Images of several sizes, formats and folders."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "images"
    (folder / "deep" / "er").mkdir(parents=True)
    Image.fromarray(rng.integers(0, 256, (12, 10)).astype(np.uint8)).save(folder / "small.png")
    Image.fromarray(rng.integers(0, 256, (40, 70, 3)).astype(np.uint8)).save(folder / "deep" / "large.jpg")
    Image.fromarray(rng.integers(0, 256, (9, 9, 4)).astype(np.uint8)).save(folder / "deep" / "er" / "clear.png")
    Image.fromarray(rng.integers(0, 256, (9, 9)).astype(np.uint8)).save(folder / "deep" / "moving.gif")
    return folder


def test_names_folders_formats_and_sizes_stay(tiny_restorer, images, tmp_path, files_in):
    done = restore_folder(tiny_restorer, images, tmp_path / "out")
    assert (done.written, done.kept, done.unreadable) == (4, 0, 0)
    assert files_in(tmp_path / "out") == [
        *("deep/er/clear.png", "deep/large.jpg", "deep/moving.png", "restored.json", "small.png")
    ]
    with Image.open(tmp_path / "out" / "deep" / "large.jpg") as large:
        assert (large.format, large.size) == ("JPEG", (70, 40))
    with (
        Image.open(tmp_path / "out" / "deep" / "er" / "clear.png") as clear,
        Image.open(images / "deep" / "er" / "clear.png") as before,
    ):
        np.testing.assert_array_equal(np.asarray(clear)[..., -1], np.asarray(before)[..., 3])


@pytest.mark.parametrize("resume", [False, True])
def test_never_among_the_images(tiny_restorer, images, files_in, resume):
    before = files_in(images)
    with pytest.raises(UsageError, match="would lie among the images"):
        restore_folder(tiny_restorer, images, images / "out", resume=resume)
    assert files_in(images) == before


def test_what_is_done_is_kept(tiny_restorer, images, tmp_path, monkeypatch):
    out = tmp_path / "out"
    write, count = restoration.write_result, []

    def stop_at_the_third(*arguments):
        count.append(1)
        if len(count) == 3:
            raise KeyboardInterrupt
        write(*arguments)

    monkeypatch.setattr(restoration, "write_result", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        restore_folder(tiny_restorer, images, out)
    monkeypatch.setattr(restoration, "write_result", write)
    with pytest.raises(UsageError, match="exists already"):
        restore_folder(tiny_restorer, images, out)
    done = restore_folder(tiny_restorer, images, out, resume=True)
    assert (done.written, done.kept) == (2, 2)
    whole = restore_folder(tiny_restorer, images, tmp_path / "whole")
    assert whole.written == 4
    for path in (tmp_path / "whole").rglob("*.*"):
        assert path.read_bytes() == (out / path.relative_to(tmp_path / "whole")).read_bytes()


def test_draws_stand_beside(tiny_restorer, images, tmp_path, files_in):
    restore_folder(tiny_restorer, images / "small.png", tmp_path / "out", draws=2)
    assert files_in(tmp_path / "out") == [
        *("restored.json", "small-1.png", "small-2.png", "small-uncertainty.png", "small.png")
    ]


def test_one_that_cannot_be_read_is_left_out(tiny_restorer, images, tmp_path, capsys):
    (images / "torn.png").write_bytes((images / "small.png").read_bytes()[:50])
    done = restore_folder(tiny_restorer, images, tmp_path / "out")
    assert (done.written, done.unreadable) == (4, 1)
    assert "torn.png cannot be read and is left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "message"),
    [("nowhere", "no data set or path"), ("array.npy", "expected image files"), ("digits", "expected image files")],
)
def test_what_is_no_folder_of_images(tiny_restorer, tmp_path, monkeypatch, data, message):
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "array.npy", np.zeros((3, 12, 10), np.uint8))
    with pytest.raises(UsageError, match=message):
        restore_folder(tiny_restorer, data, tmp_path / "out")


def test_an_empty_folder(tiny_restorer, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="there are none"):
        restore_folder(tiny_restorer, tmp_path / "empty", tmp_path / "out")


def test_each_page_is_restored(tiny_restorer, tmp_path, files_in):
    pages = [Image.fromarray(np.full((9, 9), 20 * number, np.uint8)) for number in range(11)]
    folder = tmp_path / "images"
    folder.mkdir()
    pages[0].save(folder / "stack.tif", save_all=True, append_images=pages[1:])
    done = restore_folder(tiny_restorer, folder, tmp_path / "out")
    assert done.written == len(pages)
    assert files_in(tmp_path / "out") == [
        "restored.json",
        *(f"stack[{number:02d}].tif" for number in range(len(pages))),
    ]
    again = restore_folder(tiny_restorer, folder, tmp_path / "out", resume=True)
    assert (again.written, again.kept) == (0, len(pages))


def test_sixteen_bits_are_scaled_as_for_the_run(formula_run, tmp_path, capsys):
    run = formula_run(Denoise(), 1, 1, lambda seen: seen)
    run.preprocessing = Preprocessing(12, 10, 1, bits=12)
    levels = np.full((12, 10), 819, np.uint16)  # of 0 to 4,095, that is 51 of 255; alone it would pass for 10 bits
    (tmp_path / "dark").mkdir()
    Image.fromarray(levels).save(tmp_path / "dark" / "a.png")
    restore_folder(run, tmp_path / "dark", tmp_path / "out")
    with Image.open(tmp_path / "out" / "a.png") as restored:
        np.testing.assert_array_equal(np.asarray(restored), 51)
    assert "use 10 bits; the run's used 12" in capsys.readouterr().err


def test_masks_are_for_holes(tiny_restorer, images, tmp_path):
    with pytest.raises(UsageError, match="--masks say what to inpaint"):
        restore_folder(tiny_restorer, images, tmp_path / "out", masks=tmp_path)


def test_a_written_image_is_read_again(tiny_restorer, images, tmp_path):
    restore_folder(tiny_restorer, images, tmp_path / "out")
    (tmp_path / "out" / RECORD).unlink()
    for path in (tmp_path / "out").rglob("*.*"):
        decode(path.read_bytes())


def negative(seen):
    return 1.0 - seen


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


def noise(*shape):
    return np.random.default_rng(sum(shape)).integers(0, 256, shape).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """An empty folder for images."""
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


class TestWhatIsWritten:
    """Files read again, and compared with what the formula makes of the images."""

    @pytest.mark.parametrize(
        ("task", "channels"),
        [(Denoise(), 1), (Denoise(), 3), (Deblur(), 1), (Deblur(), 3), (Pairs(target_channels=3), 3)],
    )
    def test_an_image_is_restored_in_its_own_colours(self, formula_run, folder, out, task, channels):
        image = noise(17, 25, 4)
        Image.fromarray(image).save(folder / "a.png")
        restore_folder(formula_run(task, channels, channels, negative), folder, out)
        expected = np.concatenate([255 - image[..., :3], image[..., 3:]], axis=-1)
        np.testing.assert_array_equal(read(out / "a.png"), expected)

    @pytest.mark.parametrize("channels", [1, 3])
    def test_an_enlarged_image_and_its_transparency(self, formula_run, folder, out, channels):
        image = noise(7, 9, 4)
        Image.fromarray(image).save(folder / "a.png")
        restore_folder(formula_run(SuperResolve(factor=2), channels, channels, negative), folder, out)
        large = resized(image, 14, 18)
        np.testing.assert_array_equal(read(out / "a.png"), np.concatenate([255 - large[..., :3], large[..., 3:]], -1))

    @pytest.mark.parametrize("suffix", ["png", "webp", "tif", "bmp", "jpg"])
    @pytest.mark.parametrize("channels", [1, 3])
    def test_known_pixels_come_back_to_the_bit(self, formula_run, folder, out, tmp_path, suffix, channels):
        mask = noise(17, 25, 1)[..., 0] < 80
        options = {"lossless": True} if suffix == "webp" else {}
        Image.fromarray(noise(17, 25, 3)).save(folder / f"a.{suffix}", **options)
        image = np.asarray(decode((folder / f"a.{suffix}").read_bytes()))
        (tmp_path / "masks").mkdir()
        Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0))).save(tmp_path / "masks" / "a.PNG")
        run = formula_run(Inpaint(), channels + 1, channels, lambda seen: 0 * seen[..., :channels] + 0.2)
        restore_folder(run, folder, out, masks=tmp_path / "masks")
        written = read(out / ("a.png" if suffix == "jpg" else f"a.{suffix}"))
        np.testing.assert_array_equal(written, np.where(mask[..., None], 51, image))

    @pytest.mark.parametrize("suffix", ["png", "webp"])
    def test_what_is_transparent_is_filled_in(self, formula_run, folder, out, suffix):
        image = noise(17, 25, 4)
        options = {"lossless": True, "exact": True} if suffix == "webp" else {}
        Image.fromarray(image).save(folder / f"a.{suffix}", **options)
        run = formula_run(Inpaint(), 4, 3, lambda seen: 0 * seen[..., :3] + 0.2)
        restore_folder(run, folder, out)
        missing = image[..., 3:] < 128
        filled = np.concatenate([np.where(missing, 51, image[..., :3]), np.where(missing, 255, image[..., 3:])], -1)
        np.testing.assert_array_equal(read(out / f"a.{suffix}"), filled)

    @pytest.mark.parametrize(("before", "after"), [("a.jpg", "a.png"), ("a.webp", "a.webp")])
    def test_colours_keep_the_brightness(self, formula_run, folder, out, before, after, capsys):
        Image.fromarray(noise(17, 25, 3)).save(folder / before)
        image = np.asarray(decode((folder / before).read_bytes()))
        run = formula_run(Colourise(), 1, 2, lambda seen: np.concatenate([seen, 1 - seen], axis=-1))
        restore_folder(run, folder, out)
        written = read(out / after)
        assert np.abs(luma(written).astype(int) - luma(image)).max() <= 1
        assert np.abs(written.astype(int) - image).max() > 20
        assert ("JPEG would change" in capsys.readouterr().err) == (before != after)

    @pytest.mark.parametrize("draws", [None, 3])
    def test_a_segmentation(self, formula_run, folder, out, files_in, draws):
        image = noise(17, 25, 1)[..., 0]
        Image.fromarray(image).save(folder / "a.jpg", quality=100)
        bright = np.asarray(decode((folder / "a.jpg").read_bytes())) >= 128
        run = formula_run(Segment(), 1, 1, lambda seen: seen, latent=GaussianLatent(dim=1))
        restore_folder(run, folder, out, draws=draws)
        besides = [] if draws is None else ["a-1.png", "a-2.png", "a-3.png", "a-uncertainty.png"]
        assert files_in(out) == sorted(["a.png", "a-overlay.png", RECORD, *besides])
        np.testing.assert_array_equal(read(out / "a.png"), np.where(bright, 255, 0))
        overlay = read(out / "a-overlay.png").astype(int)
        assert (np.ptp(overlay, axis=-1) > 0).tolist() == bright.tolist()  # tinted where there is something
        if draws is not None:
            masks = np.stack([read(out / f"a-{number}.png") for number in (1, 2, 3)])
            assert set(np.unique(masks)) == {0, 255}
            differ = (masks != read(out / "a.png")).mean(axis=0)
            np.testing.assert_array_equal(read(out / "a-uncertainty.png"), np.rint(differ * 255))

    def test_a_grey_run_that_learned_pairs_says_that_it_sees_no_colours(self, formula_run, folder, out, capsys):
        Image.fromarray(noise(9, 9, 3)).save(folder / "a.png")
        restore_folder(formula_run(Pairs(target_channels=1), 1, 1, negative), folder, out)
        assert read(out / "a.png").shape == (9, 9)
        assert "of 1 in colour it sees the brightness alone" in capsys.readouterr().err


class TestNames:
    def test_like_names_get_a_result_each(self, formula_run, folder, out, files_in, capsys):
        for number, name in enumerate(("cat.gif", "cat.png", "cat.jpg")):
            Image.fromarray(np.full((8, 8), 60 * number, np.uint8)).save(folder / name)
        run = formula_run(Denoise(), 1, 1, negative)
        assert restore_folder(run, folder, out).written == 3
        assert files_in(out) == ["cat.gif.png", "cat.jpg", "cat.png", RECORD]
        for number, name in enumerate(("cat.gif.png", "cat.png", "cat.jpg")):
            assert np.abs(read(out / name).astype(int) - (255 - 60 * number)).max() <= 1
        assert "longer names" in capsys.readouterr().err
        assert restore_folder(run, folder, out, resume=True).kept == 3

    def test_a_result_too_long_for_its_format(self, formula_run, folder, out, files_in):
        Image.fromarray(noise(4, 4200, 3)).save(folder / "wide.webp")
        Image.fromarray(noise(4, 40, 3)).save(folder / "x.webp")
        restore_folder(formula_run(SuperResolve(factor=4), 3, 3, negative), folder, out)
        assert files_in(out) == [RECORD, "wide.png", "x.webp"]
        assert read(out / "wide.png").shape == (16, 16_800, 3)

    def test_a_table_of_images_elsewhere_leaves_them_as_they_are(self, formula_run, folder, out, tmp_path, files_in):
        Image.fromarray(noise(9, 9, 1)[..., 0]).save(folder / "a.png")
        before = (folder / "a.png").read_bytes()
        (tmp_path / "table.csv").write_text(f"path\n{folder / 'a.png'}\n")
        restore_folder(formula_run(Denoise(), 1, 1, negative), tmp_path / "table.csv", out)
        assert (folder / "a.png").read_bytes() == before
        assert len(files_in(out)) == 2


class TestBeforeAnythingIsWritten:
    """What is wrong is said while `out` does not exist yet, and the same command works once it has been put right."""

    @pytest.fixture
    def inpainter(self, formula_run):
        return formula_run(Inpaint(), 2, 1, lambda seen: seen[..., :1])

    def test_images_that_lack_nothing(self, inpainter, folder, out):
        for name, channels in (("a.png", 4), ("b.png", 3), ("c.png", 3)):
            Image.fromarray(noise(9, 9, channels)).save(folder / name)
        with pytest.raises(
            DataError, match=r"expected 'b\.png' to be transparent where pixels are missing.* 2 such images"
        ):
            restore_folder(inpainter, folder, out)
        assert not out.exists()

    def test_masks_that_are_missing_or_do_not_fit(self, inpainter, folder, out, tmp_path):
        for name in ("a.png", "b.png"):
            Image.fromarray(noise(9, 9, 3)).save(folder / name)
        with pytest.raises(UsageError, match="a folder of masks; there is none"):
            restore_folder(inpainter, folder, out, masks=tmp_path / "masks")
        (tmp_path / "masks").mkdir()
        Image.new("L", (9, 9)).save(tmp_path / "masks" / "a.png")
        with pytest.raises(DataError, match=r"expected a mask for 'b\.png'"):
            restore_folder(inpainter, folder, out, masks=tmp_path / "masks")
        Image.new("L", (9, 8)).save(tmp_path / "masks" / "b.png")
        with pytest.raises(DataError, match=r"expected a mask of 9x9 for 'b\.png'"):
            restore_folder(inpainter, folder, out, masks=tmp_path / "masks")
        assert not out.exists()
        Image.new("L", (9, 9)).save(tmp_path / "masks" / "b.png")
        assert restore_folder(inpainter, folder, out, masks=tmp_path / "masks").written == 2

    def test_draws_that_cannot_be(self, formula_run, folder, out):
        Image.fromarray(noise(9, 9, 3)).save(folder / "a.png")
        with pytest.raises(UsageError, match="no posterior to draw from"):
            restore_folder(formula_run(Denoise(), 3, 3, negative), folder, out, draws=2)
        assert not out.exists()

    @pytest.mark.parametrize("where", ["in", "in/deep/er"])
    def test_out_is_not_among_the_images(self, formula_run, folder, tmp_path, where, monkeypatch):
        Image.fromarray(noise(9, 9, 3)).save(folder / "a.png")
        monkeypatch.chdir(tmp_path)
        run = formula_run(Denoise(), 3, 3, negative)
        for data in (folder, "in/**/*.png", "i*/*.png"):
            with pytest.raises(UsageError, match="would lie among the images"):
                restore_folder(run, data, tmp_path / where, resume=True)
        assert len(list(folder.rglob("*"))) == 1


class TestToGoOn:
    def test_with_another_run_or_draws(self, formula_run, folder, out):
        Image.fromarray(noise(9, 9, 3)).save(folder / "a.png")
        run = formula_run(Denoise(), 3, 3, negative, latent=GaussianLatent(dim=1))
        restore_folder(run, folder, out, draws=2)
        assert restore_folder(run, folder, out, draws=2, resume=True).kept == 1
        for arguments in ({}, {"draws": 3}, {"draws": 2, "seed": 1}):
            with pytest.raises(UsageError, match="holds results made with"):
                restore_folder(run, folder, out, resume=True, **arguments)
        run.manifest.files["recipe.json"].sha256 = "b" * 64
        with pytest.raises(UsageError, match="by another run"):
            restore_folder(run, folder, out, draws=2, resume=True)

    def test_with_an_image_and_a_mask_that_changed(self, formula_run, folder, out, tmp_path):
        (tmp_path / "masks").mkdir()
        for name in ("a.png", "b.png", "c.png"):
            Image.fromarray(noise(9, 9, 3)).save(folder / name)
            Image.new("L", (9, 9)).save(tmp_path / "masks" / name)
        run = formula_run(Inpaint(), 4, 3, lambda seen: 0 * seen[..., :3])
        restore_folder(run, folder, out, masks=tmp_path / "masks")
        Image.fromarray(255 - noise(9, 9, 3)).save(folder / "a.png")
        Image.new("L", (9, 9), 255).save(tmp_path / "masks" / "b.png")
        done = restore_folder(run, folder, out, masks=tmp_path / "masks", resume=True)
        assert (done.written, done.kept) == (2, 1)
        np.testing.assert_array_equal(read(out / "a.png"), 255 - noise(9, 9, 3))
        assert not read(out / "b.png").any()

    def test_an_archive_as_the_folder_that_is_in_it(self, formula_run, folder, out, tmp_path):
        for number in range(3):
            Image.fromarray(noise(9, 9 + number, 3)).save(folder / f"{number}.png")
        with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
            for path in folder.iterdir():
                archive.write(path, path.name)
        run = formula_run(Denoise(), 3, 3, negative)
        restore_folder(run, folder, out)
        shutil.rmtree(folder)
        assert restore_folder(run, tmp_path / "in.zip", out, resume=True).kept == 3


def test_bands_are_restored_with_all_channels(bands, tiny_restorer_recipe, tmp_path, capsys):
    recipe = with_fields(tiny_restorer_recipe, {"training.epochs": 1})
    run = isthmus.train(bands, recipe, tmp_path / "run", report=False)
    folder = tmp_path / "images"
    folder.mkdir()
    for name, image in (("a.tif", bands[0]), ("three.tif", bands[1, ..., :2])):
        tifffile.imwrite(folder / name, image, photometric="minisblack", planarconfig="contig")
    Image.fromarray(bands[0, ..., :3]).save(folder / "colour.png")
    done = restore_folder(run, folder, tmp_path / "out", draws=2, seed=3)
    assert (done.written, done.unreadable) == (1, 2)
    expected = Restorer(run).restore(bands[0], draws=2, seed=3)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out" / "a.tif"), expected.image)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out" / "a-2.tif"), expected.draws[1])
    assert (
        "colour.png cannot be read and is left out: it has 3 channels, and the run takes 5" in capsys.readouterr().err
    )
