import json

import pytest

from isthmus.data import ImageSpec, Preprocessing
from isthmus.errors import RunError
from isthmus.runs.manifest import (
    DataEntry,
    FileEntry,
    GraphEntry,
    GroupEntry,
    ImageEntry,
    Manifest,
    PreprocessingEntry,
    TensorEntry,
    TrainingEntry,
    manifest_from_json,
)

IMAGE = ImageEntry(height=12, width=10, channels=3, dtype="uint8")
MANIFEST = Manifest(
    state="complete",
    images=IMAGE,
    target=IMAGE,
    source=IMAGE,
    latent_groups=(GroupEntry(name="latent", kind="gaussian", shape=(2,)),),
    graphs={
        "encoder": GraphEntry(
            file="encoder.onnx",
            inputs=(TensorEntry(name="images", dtype="uint8", shape=("n", 12, 10, 3)),),
            outputs=(TensorEntry(name="mean", dtype="float32", shape=("n", 2)),),
            max_difference={"mean": 1e-7},
        )
    },
    data=DataEntry(name="bars", fingerprint="f", train_images=9, validation_images=1, test_images=0),
    training=TrainingEntry(
        backend="jax", device="cpu", machine="m", started="s", seconds=1.5, epochs=2, steps=8, best_epoch=1
    ),
    versions={"python": "3.11"},
    files={"recipe.json": FileEntry(sha256="0" * 64, bytes=3)},
)


def test_gives_itself_back():
    assert manifest_from_json(MANIFEST.to_json(), "here") == MANIFEST


def test_an_older_one_says_less_of_its_images():
    values = json.loads(MANIFEST.to_json())
    del values["data"]["validation_fingerprint"], values["data"]["test_fingerprint"]
    assert manifest_from_json(json.dumps(values), "here") == MANIFEST


def test_is_json_that_others_can_read():
    values = json.loads(MANIFEST.to_json())
    assert values["schema_version"] == 1
    assert values["images"] == {"height": 12, "width": 10, "channels": 3, "dtype": "uint8"}
    assert values["graphs"]["encoder"]["inputs"][0]["shape"] == ["n", 12, 10, 3]


def test_images_are_the_data_packages():
    assert IMAGE.spec == ImageSpec(12, 10, 3, "uint8")
    assert ImageEntry.of(IMAGE.spec) == IMAGE


@pytest.mark.parametrize("cut", [0, 1, 40, 400])
def test_torn(cut):
    with pytest.raises(RunError, match=r"here: manifest.json is torn or no JSON"):
        manifest_from_json(MANIFEST.to_json()[:cut], "here")


@pytest.mark.parametrize("text", ["[]", "3", "null", '{"name": "something else", "version": "1.0"}'])
def test_foreign(text):
    with pytest.raises(RunError, match=r"here: manifest.json is none of isthmus's: it has no schema_version"):
        manifest_from_json(text, "here")


@pytest.mark.parametrize("version", [2, 99, "2", None, 1.5])
def test_newer(version):
    text = json.dumps({"schema_version": version, "whatever": "comes"})
    with pytest.raises(
        RunError, match=rf"the run has schema version {version}, and this isthmus reads up to 1\.\s+Upgrade"
    ):
        manifest_from_json(text, "here")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"state": "asleep"}, "state"),
        ({"surprise": 1}, "surprise"),
        ({"images": {"height": 0, "width": 1, "channels": 1, "dtype": "uint8"}}, "images.height"),
        ({"images": None}, "images"),
        ({"files": {"recipe.json": {"sha256": "abc", "bytes": 3}}}, "files.recipe.json.sha256"),
        ({"latent_groups": [{"name": "latent", "kind": "square", "shape": [2]}]}, "latent_groups.0.kind"),
    ],
)
def test_impossible(change, place):
    values = {**json.loads(MANIFEST.to_json()), **change}
    with pytest.raises(RunError, match=rf"here: manifest.json does not fit this version of isthmus \({place}: "):
        manifest_from_json(json.dumps(values), "here")


def test_of_another_version_says_what_is_missing_and_what_to_do():
    values = json.loads(MANIFEST.to_json())
    del values["source"]
    with pytest.raises(RunError, match=r"\(source: field required\)\. If another version .* train the run again"):
        manifest_from_json(json.dumps(values), "here")


def test_preprocessing_gives_itself_back():
    how = Preprocessing(12, 10, 3, "pad", "black")
    manifest = MANIFEST.model_copy(update={"preprocessing": PreprocessingEntry.of(how)})
    assert manifest_from_json(manifest.to_json(), "here").preprocessing.value == how
    assert PreprocessingEntry.of(None) is None


@pytest.mark.parametrize("change", [{"channels": 2}, {"fit": "squeeze"}, {"height": 0}, {"angle": 3}])
def test_preprocessing_that_cannot_be(change):
    values = json.loads(MANIFEST.to_json())
    values["preprocessing"] = {"height": 2, "width": 2, "channels": 3, "fit": "crop", "background": "white"} | change
    with pytest.raises(RunError, match=f"preprocessing.{next(iter(change))}"):
        manifest_from_json(json.dumps(values), "here")
