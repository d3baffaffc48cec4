import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from isthmus.data import DATASETS


@pytest.fixture
def photos(tmp_path):
    """A folder as people have them: two classes, two sizes, a copy, a broken file and a note."""
    rng = np.random.default_rng(0)
    for number in range(40):
        folder = tmp_path / "photos" / ("cat" if number % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        size = (20, 30, 3) if number < 30 else (100, 80, 3)
        Image.fromarray(rng.integers(0, 256, size, np.uint8)).save(folder / f"{number:02d}.png")
    photos = tmp_path / "photos"
    (photos / "cat" / "copy.png").write_bytes((photos / "cat" / "01.png").read_bytes())
    (photos / "cat" / "broken.jpg").write_bytes(b"no")
    (photos / "notes.txt").write_text("mine")
    return photos


def test_inspect_tells_everything(isthmus, photos, files_in):
    before = files_in(photos)
    done = isthmus("inspect", "photos")
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in (
        "data photos, folder",
        "skipped 1 of 42",
        "other files 1, ignored",
        "sizes (2) 30x20 (31), 80x100 (10)",
        "channels colour",
        "formats PNG",
        "classes (2) cat (21), dog (20)",
        "duplicates 1 equal to an earlier image",
        "cat/broken.jpg it holds no image of a kind that Pillow reads",
        "images become 32x32 RGB, cropped where the proportions differ",
        "recipe photo-ae",
    ):
        assert line in lines
    assert files_in(photos) == before


@pytest.mark.slow
def test_inspect_as_json_is_what_training_does(isthmus, photos, tmp_path):
    found = json.loads(isthmus("inspect", "photos", "--size", "16x8", "--channels", 1, "--json").stdout)
    assert (found["images"], found["copies"]) == (41, 1)
    assert found["classes"] == {"cat": 21, "dog": 20}
    assert [item["name"] for item in found["skipped"]] == ["cat/broken.jpg"]
    plan = found["plan"]
    assert plan["preprocessing"] == {
        "height": 8,
        "width": 16,
        "channels": 1,
        "fit": "crop",
        "background": "white",
        "bits": None,
    }
    small = ["--set", "network.filters=2,2", "--latent-dim", 2, "--epochs", 1]
    done = isthmus(
        *("train", "photos", "--size", "16x8", "--channels", 1, "--recipe", "conv-ae", *small, "--out", "run")
    )
    assert done.returncode == 0, done.stderr
    assert "photos: 41 images of 2 sizes, 30x20 to 80x100, become 16x8 grey" in done.stderr
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["preprocessing"] == plan["preprocessing"]
    data = manifest["data"]
    assert (data["train_images"] + data["validation_images"], data["test_images"], data["skipped_images"]) == (
        plan["train"] + plan["validation"],
        plan["test"],
        1,
    )
    assert json.loads((tmp_path / "run" / "skipped.json").read_text()) == found["skipped"]
    assert "skipped.json" in manifest["files"]

    # What was chosen is applied to whatever images come, and stays when the run is gone on with.
    Image.new("RGBA", (300, 40)).save(tmp_path / "wide.webp")
    for data in ("wide.webp", "photos"):
        out = f"of-{data}"
        done = isthmus("reconstruct", "run", data, "--out", out)
        assert done.returncode == 0, done.stderr
        assert ("1 image is left out, cat/broken.jpg first" in done.stderr) == (data == "photos")
    with Image.open(tmp_path / "of-photos" / "cat" / "01.png") as image:
        assert (image.size, image.mode) == ((16, 8), "L")
    done = isthmus("train", "photos", "--resume", "--out", "run", "--epochs", 2, *small[:4])
    assert done.returncode == 0, done.stderr
    done = isthmus("train", "photos", "--resume", "--out", "run", "--epochs", 3, *small[:4], "--size", 8)
    assert done.returncode == 2
    assert "run was trained on images of 16x8 grey" in done.stderr
    assert "leave --size out" in done.stderr


def test_inspect_of_data_that_is_arrays(isthmus):
    found = json.loads(isthmus("inspect", "digits", "--json").stdout)
    assert found["splits"] == {"train": DATASETS["digits"].train_count, "test": DATASETS["digits"].test_count}
    assert found["plan"]["recipe"] == "conv-vae-fast"
    assert found["plan"]["preprocessing"] is None


def test_inspect_says_why_training_would_stop(isthmus, tmp_path):
    (tmp_path / "photos").mkdir()
    for number in range(3):
        (tmp_path / "photos" / f"{number}.png").write_bytes(b"no")
    done = isthmus("inspect", "photos")
    assert done.returncode == 0
    assert "Training would stop: 100% of the images cannot be read, and at most 10% may be." in done.stdout


BAD_WISHES = {
    "size": (["--size", "big"], "expected a size in pixels, such as 64"),
    "fit": (["--fit", "squeeze"], "expected a fit of crop, pad, stretch; got 'squeeze'"),
    "channels": (["--channels", "2"], "expected 1 channel"),
    "background": (["--background", "heaven"], "expected a background"),
    "arrays": (["--size", "8"], "arrays of 28x28x1, which are taken as they are"),
}


@pytest.mark.parametrize(("wish", "message"), BAD_WISHES.values(), ids=BAD_WISHES)
def test_what_cannot_be_wished(isthmus, tmp_path, wish, message):
    done = isthmus("train", "digits", *wish, "--out", "run")
    assert done.returncode == 2
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_cache_is_listed_and_cleared(isthmus, photos, tmp_path):
    own = {"ISTHMUS_CACHE": str(tmp_path / "cache"), "ISTHMUS_MEMORY": "1KB"}
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in photos.rglob("*.png"):
            archive.write(path, path.relative_to(tmp_path))
    assert "is empty" in isthmus("cache", **own).stdout
    dry = isthmus("train", "photos.zip", "--dry-run", "--set", "network.filters=2,2", **own)
    assert dry.returncode == 0, dry.stderr
    assert "packing 41 images into" in dry.stderr
    assert "zip archive photos, 41 images of 32x32x3" in " ".join(isthmus("cache", **own).stdout.split())
    assert json.loads(isthmus("inspect", "photos.zip", "--json", **own).stdout)["plan"]["already_packed"] is True
    (item,) = json.loads(isthmus("cache", "--json", **own).stdout)["items"]
    freed = json.loads(isthmus("cache", "--clear", "--json", **own).stdout)
    assert (freed["freed_bytes"], freed["items"]) == (item["bytes"], [])


def test_tables_in_a_pipe_keep_each_row_in_one_line(isthmus, tmp_path):
    folder = f"packs/.{'0a' * 20}-x.part"
    (tmp_path / "cache" / folder).mkdir(parents=True)
    assert isthmus("cache", ISTHMUS_CACHE="cache", COLUMNS="40").stdout.splitlines() == [
        "cache:",
        f"size     {'folder'.ljust(len(folder))}  what",
        f"0 bytes  {folder}  left by a packing that was broken off, or goes on",
    ]


def test_names_are_told_as_they_are(isthmus, photos):
    (photos / "cat" / "[red]:smile:.png").write_bytes(b"no")
    done = isthmus("inspect", "photos")
    assert "cat/[red]:smile:.png  it holds no image" in done.stdout, done.stderr


def test_a_hostile_file_leaves_standard_error_quiet(isthmus_process, photos):
    import struct
    import zlib

    png = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 0, 0, 0, 0)
    for kind, content in ((b"IHDR", header), (b"IDAT", b"x"), (b"IEND", b"")):
        png += struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    (photos / "bomb.png").write_bytes(png)
    done = isthmus_process("inspect", "photos")
    assert "decompression bomb" in done.stdout
    assert done.stderr == ""
