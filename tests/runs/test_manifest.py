import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=5,
)


def test_gives_itself_back():
    assert manifest_from_json(MANIFEST.to_json(), "here") == MANIFEST


def test_an_older_one_says_less_of_its_images():
    values = json.loads(MANIFEST.to_json())
    del values["data"]["validation_fingerprint"], values["data"]["test_fingerprint"]
    assert manifest_from_json(json.dumps(values), "here") == MANIFEST


def test_is_json_that_others_can_read():
    values = json.loads(MANIFEST.to_json())
    assert values["schema_version"] == 2
    assert values["images"] == {"height": 12, "width": 10, "channels": 3, "dtype": "uint8"}
    assert values["graphs"]["encoder"]["inputs"][0]["shape"] == ["n", 12, 10, 3]


def test_images_are_the_data_packages():
    assert IMAGE.spec == ImageSpec(12, 10, 3, "uint8")
    assert ImageEntry.of(IMAGE.spec) == IMAGE


@pytest.mark.parametrize("cut", [0, 1, 40, 400])
def test_truncated(cut):
    with pytest.raises(RunError, match=r"here: manifest.json is not valid JSON"):
        manifest_from_json(MANIFEST.to_json()[:cut], "here")


@pytest.mark.parametrize("text", ["[]", "3", "null", '{"name": "something else", "version": "1.0"}'])
def test_foreign(text):
    with pytest.raises(RunError, match=r"here: manifest.json is not an isthmus file: it has no schema_version"):
        manifest_from_json(text, "here")


@pytest.mark.parametrize("version", [3, 99, "3", None, 1.5])
def test_newer(version):
    text = json.dumps({"schema_version": version, "whatever": "comes"})
    with pytest.raises(
        RunError, match=rf"the run has schema version {version}, and this isthmus reads up to 2\.\s+Upgrade"
    ):
        manifest_from_json(text, "here")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"state": "asleep"}, "state"),
        ({"surprise": 1}, "surprise"),
        ({"images": {"height": 0, "width": 1, "channels": 1, "dtype": "uint8"}}, "images.height"),
        ({"images": {"height": 10**9, "width": 1, "channels": 1, "dtype": "uint8"}}, "images.height"),
        ({"data": {**json.loads(MANIFEST.to_json())["data"], "class_names": ["x"] * 10**5}}, "data.class_names"),
        ({"latent_groups": [{"name": "latent", "kind": "point", "shape": [10**9]}]}, "latent_groups.0.shape.0"),
        ({"images": None}, "images"),
        ({"files": {"recipe.json": {"sha256": "abc", "bytes": 3}}}, "files.recipe.json.sha256"),
        ({"latent_groups": [{"name": "latent", "kind": "No kind", "shape": [2]}]}, "latent_groups.0.kind"),
        ({"latent_groups": [{"name": "latent", "kind": "point", "shape": [10**4000]}]}, "latent_groups.0.shape.0"),
        ({"files": {"recipe.json": {"sha256": "0" * 64, "bytes": -1}}}, "files.recipe.json.bytes"),
        ({"files": {"recipe.json": {"sha256": "0" * 64, "bytes": 10**4000}}}, "files.recipe.json.bytes"),
    ],
)
def test_impossible(change, place):
    values = {**json.loads(MANIFEST.to_json()), **change}
    with pytest.raises(RunError, match=rf"here: manifest.json does not fit this version of isthmus \({place}: "):
        manifest_from_json(json.dumps(values), "here")


@pytest.mark.parametrize("name", ["/dev/zero", "../secret", "a/b", "..", "", ".hidden", "a\\b", "C:", "a\n", "x" * 101])
def test_a_name_of_a_file_stays_within_the_run(name):
    values = json.loads(MANIFEST.to_json())
    values["graphs"]["encoder"]["file"] = name
    with pytest.raises(RunError, match=r"\(graphs.encoder.file: string should"):
        manifest_from_json(json.dumps(values), "here")
    values = {**json.loads(MANIFEST.to_json()), "files": {name: {"sha256": "0" * 64, "bytes": 3}}}
    with pytest.raises(RunError, match=r"(?s)\(files.*: string should"):
        manifest_from_json(json.dumps(values), "here")


@pytest.mark.parametrize("field", ["fingerprint", "validation_fingerprint", "test_fingerprint"])
@pytest.mark.parametrize("text", ["../../secret", "", "F" * 64, "0" * 65])
def test_a_fingerprint_is_hexadecimal(field, text):
    values = json.loads(MANIFEST.to_json())
    values["data"][field] = text
    with pytest.raises(RunError, match=rf"\(data.{field}: string should"):
        manifest_from_json(json.dumps(values), "here")


@given(st.dictionaries(st.sampled_from(sorted(Manifest.model_fields)), JSON_VALUES))
@settings(max_examples=100)
def test_whatever_stands_in_it_gives_a_manifest_or_one_error(changes):
    text = json.dumps({**json.loads(MANIFEST.to_json()), **changes})
    with suppress(RunError):
        assert isinstance(manifest_from_json(text, "here"), Manifest)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"schema_version": ' + "1" * 5000 + "}"])
def test_json_that_cannot_be_parsed(text):
    with pytest.raises(RunError, match=r"here: manifest.json is not valid JSON"):
        manifest_from_json(text, "here")


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


@pytest.mark.parametrize("change", [{"channels": 17}, {"fit": "squeeze"}, {"height": 0}, {"angle": 3}])
def test_preprocessing_that_cannot_be(change):
    values = json.loads(MANIFEST.to_json())
    values["preprocessing"] = {"height": 2, "width": 2, "channels": 3, "fit": "crop", "background": "white"} | change
    with pytest.raises(RunError, match=f"preprocessing.{next(iter(change))}"):
        manifest_from_json(json.dumps(values), "here")
