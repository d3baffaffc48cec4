import hashlib
import json
import os

import pytest

from isthmus.errors import RunError
from isthmus.runs.folder import describe_file, read_file, read_manifest, read_metrics, read_picture, read_recipe


def test_describes_by_content(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    entry = describe_file(tmp_path / "file")
    # The example of FIPS 180-2.
    assert entry.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert entry.bytes == 3


def test_no_such_run(tmp_path):
    with pytest.raises(RunError, match=rf"there is no run at {tmp_path}/nowhere. `isthmus train DATA --out"):
        read_manifest(tmp_path / "nowhere")


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(RunError, match=r"holds no run: it has no manifest.json"):
        read_manifest(tmp_path)


def test_a_manifest_that_is_no_text(tmp_path):
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunError, match=r"manifest.json cannot be read"):
        read_manifest(tmp_path)


class TestFiles:
    def test_every_file_is_what_the_manifest_says(self, tiny_run):
        for name, entry in tiny_run.manifest.files.items():
            content = read_file(tiny_run.path, name, tiny_run.manifest)
            assert hashlib.sha256(content).hexdigest() == entry.sha256

    def test_missing(self, copied_run):
        (copied_run / "encoder.onnx").unlink()
        with pytest.raises(RunError, match=r"encoder.onnx is missing or cannot be read.*Restore it"):
            read_file(copied_run, "encoder.onnx", read_manifest(copied_run))

    def test_truncated(self, copied_run):
        content = (copied_run / "encoder.onnx").read_bytes()
        (copied_run / "encoder.onnx").write_bytes(content[:100])
        with pytest.raises(RunError, match=rf"encoder.onnx is truncated: {len(content)} bytes expected, 100 found"):
            read_file(copied_run, "encoder.onnx", read_manifest(copied_run))

    def test_changed(self, copied_run):
        content = bytearray((copied_run / "encoder.onnx").read_bytes())
        content[len(content) // 2] ^= 1
        (copied_run / "encoder.onnx").write_bytes(content)
        with pytest.raises(
            RunError, match=r"encoder.onnx was changed since the run was written \(its SHA-256 differs\)"
        ):
            read_file(copied_run, "encoder.onnx", read_manifest(copied_run))

    def test_unknown(self, copied_run):
        (copied_run / "extra.bin").write_bytes(b"")
        with pytest.raises(RunError, match=r"the manifest knows no extra.bin; the run is complete"):
            read_file(copied_run, "extra.bin", read_manifest(copied_run))


class TestUntrusted:
    """A run that somebody else packed, whose parts lead elsewhere."""

    @pytest.mark.parametrize("name", ["manifest.json", "recipe.json", "decoder.onnx", "weights.safetensors"])
    @pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
    def test_only_regular_files_are_read(self, copied_run, tmp_path, name, kind):
        place = copied_run / name
        place.rename(tmp_path / "outside")
        if kind == "link":
            place.symlink_to(tmp_path / "outside")
        elif kind == "pipe":
            os.mkfifo(place)
        else:
            place.mkdir()
        with pytest.raises(RunError, match=rf"{name} (is missing or )?cannot be read \(.*Restore"):
            read_file(copied_run, name, read_manifest(copied_run))

    def test_a_name_that_is_too_long_is_no_run(self, tmp_path):
        with pytest.raises(RunError, match="cannot be opened"):
            read_manifest(tmp_path / ("x" * 300))

    def test_no_image_is_read_through_a_link(self, copied_run, tmp_path):
        pictures = copied_run / "pictures"
        assert read_picture(pictures / "epoch-0001.png").startswith(b"\x89PNG")
        pictures.rename(tmp_path / "photos")
        pictures.symlink_to(tmp_path / "photos")
        with pytest.raises(OSError, match="its folder is a symbolic link"):
            read_picture(pictures / "epoch-0001.png")
        (tmp_path / "photos" / "epoch-0009.png").symlink_to(tmp_path / "photos" / "epoch-0001.png")
        with pytest.raises(OSError, match="it is a symbolic link"):
            read_picture(tmp_path / "photos" / "epoch-0009.png")


class TestRecipe:
    def test_is_the_one_that_was_trained(self, tiny_run, tiny_recipe):
        assert read_recipe(tiny_run.path, tiny_run.manifest) == tiny_recipe

    def test_changed(self, copied_run):
        path = copied_run / "recipe.json"
        path.write_text(path.read_text().replace("tiny", "TINY"))
        with pytest.raises(RunError, match=r"recipe.json was changed"):
            read_recipe(copied_run, read_manifest(copied_run))

    def test_of_a_newer_isthmus(self, copied_run):
        path = copied_run / "recipe.json"
        path.write_text(json.dumps({"schema_version": 7}))
        manifest = read_manifest(copied_run)
        manifest = manifest.model_copy(update={"files": {"recipe.json": describe_file(path)}})
        with pytest.raises(RunError, match=r"recipe.json: .*schema version 7"):
            read_recipe(copied_run, manifest)


class TestMetrics:
    def test_those_of_a_run(self, tiny_run):
        assert read_metrics(tiny_run.path, tiny_run.manifest) == json.loads(
            (tiny_run.path / "metrics.json").read_text()
        )

    def test_none_before_a_training_has_ended(self, tmp_path, tiny_run):
        assert read_metrics(tmp_path, tiny_run.manifest.model_copy(update={"files": {}})) == {}

    def test_damaged_ones_are_refused(self, tmp_path, tiny_run):
        (tmp_path / "metrics.json").write_text("{")
        files = {"metrics.json": describe_file(tmp_path / "metrics.json")}
        with pytest.raises(RunError, match=r"metrics\.json is not valid JSON"):
            read_metrics(tmp_path, tiny_run.manifest.model_copy(update={"files": files}))
