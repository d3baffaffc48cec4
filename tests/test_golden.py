"""Runs and archives of earlier versions open, and give the same outputs; see `golden/README.md`."""

import csv
import json
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

import isthmus
from isthmus.data import as_source
from isthmus.errors import RunError
from isthmus.evaluation.measurements import Measurements
from isthmus.evaluation.summaries import quick_summary
from isthmus.runs.folder import describe_file, read_manifest
from isthmus.workflows.archives import LossyListing, list_archive, verify
from isthmus.workflows.report import write_report
from isthmus.workflows.restoration import restore_folder

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.zip"))
UNFINISHED = "killed"
FINISHED = [name for name in NAMES if name != UNFINISHED]
RESTORERS = [
    "colourise",
    "deblur",
    "denoise-gaussian",
    "denoise-point",
    "inpaint",
    "pairs",
    "segment-four",
    "segment-itself",
    "segment-two",
    "super-resolve",
]
ARCHIVES = [
    (run, name)
    for run in ("vae-bernoulli", "vae-logistic", "vae-logistic-mixture")
    for name in ("array", "array-embedded", "files", "files-embedded", "appended", "lossy")
]
ROUNDED = 1  # level of 255, where the last bit of a float decides


@pytest.fixture
def golden(tmp_path, monkeypatch):
    """Unpack a golden file, and work in its folder."""

    def unpack(name):
        with zipfile.ZipFile(GOLDEN / f"{name}.zip") as file:
            file.extractall(tmp_path)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return unpack


def assert_near(found, expected):
    assert found.dtype == expected.dtype
    if found.dtype == np.uint8:
        assert np.abs(found.astype(int) - expected).max() <= ROUNDED
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def rows_of(path):
    with Path(path).open() as file:
        return list(csv.DictReader(file))


def read_image(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_every_golden_file_is_opened():
    assert set(RESTORERS) | {name for name, _ in ARCHIVES} <= set(NAMES)
    assert len(NAMES) == 29


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_what_the_manifest_says(golden, name):
    folder = golden(name) / "run"
    manifest = read_manifest(folder)
    assert manifest.state == {"interrupted": "interrupted", UNFINISHED: "training"}.get(name, "complete")
    assert manifest.files
    assert {file: describe_file(folder / file) for file in manifest.files} == manifest.files


@pytest.mark.parametrize("name", FINISHED)
def test_a_run_gives_the_same_outputs(golden, name):
    folder = golden(name)
    run = isthmus.load(folder / "run")
    with np.load("expected.npz") as stored:
        expected = dict(stored)
    labels = expected.get("labels")
    assert (labels is not None) is run.is_conditional
    encoded = run.encode(expected["images"], labels)
    stored = {key.removeprefix("encoded."): array for key, array in expected.items() if key.startswith("encoded.")}
    assert encoded.keys() == stored.keys()
    for key, array in stored.items():
        assert_near(encoded[key], array)
    parameters = run.decode_parameters(stored["mean"], stored)
    assert parameters.keys() == {key.removeprefix("parameters.") for key in expected if key.startswith("parameters.")}
    for key, array in parameters.items():
        assert_near(array, expected[f"parameters.{key}"])
    assert_near(run.decode(stored["mean"], stored), expected["decoded"])
    assert_near(run.decode(stored["mean"], stored, labels), expected["decoded"])
    assert_near(run.reconstruct(expected["images"], labels=labels), expected["decoded"])
    if "draws" in expected:
        assert_near(run.reconstruct(expected["images"], draws=2, seed=4, labels=labels), expected["draws"])
    assert ("samples" in expected) is not run.restores
    if "samples" in expected:
        assert_near(run.sample(4, seed=3), expected["samples"])
    assert ("labelled" in expected) is (bool(run.class_names) and not run.latent.is_discrete)
    if "labelled" in expected:
        assert_near(run.sample(4, label=run.class_names[-1], seed=3), expected["labelled"])


@pytest.mark.parametrize("name", RESTORERS)
def test_a_run_restores(golden, name):
    folder = golden(name)
    run = isthmus.load(folder / "run")
    masks = folder / "masks" if name == "inpaint" else None
    done = restore_folder(run, folder / "pictures", folder / "restored", masks=masks)
    assert (done.written, done.unreadable) == (2, 0)
    for path in (folder / "expected-restored").iterdir():
        assert_near(read_image(folder / "restored" / path.name), read_image(path))


@pytest.mark.parametrize("name", FINISHED)
def test_a_report_is_made(golden, name):
    folder = golden(name)
    given = name in ("conditional", "labelled", "point-laplace", "vae-logistic-mixture")
    data = next(folder.glob("data*")) if given else None
    page = write_report(isthmus.load(folder / "run"), data, folder / "new.html")
    assert "</html>" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["labelled", "vae-bernoulli", "point-gaussian", "denoise-point", "conditional"])
def test_a_run_is_evaluated(golden, name):
    folder = golden(name)
    run = isthmus.load(folder / "run")
    evaluation = isthmus.evaluate(run, next(folder.glob("data*")), importance_samples=2, parts=["reconstruction"])
    assert evaluation.sections[0].rows
    if name == "labelled":
        assert evaluation["reconstruction"].rows


@pytest.mark.slow
@pytest.mark.backend("tensorflow")  # only the backend that wrote a checkpoint resumes to the same numbers
@pytest.mark.parametrize("name", ["interrupted", UNFINISHED])
def test_a_training_resumes_to_the_same_end(golden, name):
    folder = golden(name)
    if name == UNFINISHED:
        with pytest.raises(RunError):
            isthmus.load(folder / "run")
    run = isthmus.train("data.npz", out="run", resume=True, report=False)
    assert (run.manifest.state, run.manifest.training.epochs) == ("complete", 4)
    found, expected = rows_of("run/history.csv"), rows_of("history.csv")
    assert len(found) == len(expected) == 4
    for name in ("step", "loss", "val_loss", "distortion", "rate", "learning_rate"):
        values, wanted = ([float(row[name]) for row in rows] for rows in (found, expected))
        np.testing.assert_allclose(values, wanted, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.backend("tensorflow")
def test_a_run_with_a_custom_network_resumes(golden):
    golden("custom")
    run = isthmus.train("data.npy", out="run", resume=True, trust=True, changes={"training.epochs": 2}, report=False)
    assert (run.manifest.state, run.manifest.training.epochs) == ("complete", 2)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("run", "name"), [pair for pair in ARCHIVES if pair[1] != "lossy"])
def test_an_archive_gives_back_exactly_what_went_in(golden, run, name):
    folder = golden(run)
    archive, opened = folder / f"{name}.isth", isthmus.load(folder / "run")
    own = None if name in ("array-embedded", "files-embedded", "appended") else opened

    def as_stored(pixels):
        return np.where(pixels > 127, np.uint8(255), np.uint8(0)) if run == "vae-bernoulli" else pixels

    listing = list_archive(archive)
    assert listing.embedded is (own is None)
    assert verify(archive, own).damage == ()
    if name.startswith("array"):
        assert listing.coded > 0
        assert isthmus.decompress(archive, folder / "out.npy", own).damage == ()
        np.testing.assert_array_equal(np.load("out.npy"), as_stored(np.load("array.npy")))
        return
    assert isthmus.decompress(archive, folder / "out", own).damage == ()
    found, sources = contents(folder / "out"), contents(folder / "files")
    if name == "appended":
        sources |= contents(folder / "more")
    assert set(listing.names) == set(found) == set(sources)
    for place, path in sources.items():
        if path.stem.isdigit():
            np.testing.assert_array_equal(read_image(found[place]), as_stored(read_image(path)))
        else:
            assert found[place].read_bytes() == path.read_bytes()


@pytest.mark.parametrize("run", ["vae-bernoulli", "vae-logistic", "vae-logistic-mixture"])
def test_a_lossy_archive_gives_the_same_images(golden, run):
    folder = golden(run)
    listing = list_archive(folder / "lossy.isth")
    assert isinstance(listing, LossyListing)
    assert len(listing.names) == 14
    isthmus.decompress(folder / "lossy.isth", folder / "out.npy", isthmus.load(folder / "run"))
    assert_near(np.load("out.npy"), np.load("lossy.npy"))


def damaged(folder, change):
    """The golden run with a learned prior after a change of its manifest."""
    manifest = json.loads((folder / "run" / "manifest.json").read_text())
    change(manifest)
    (folder / "run" / "manifest.json").write_text(json.dumps(manifest))
    return isthmus.load(folder / "run")


@pytest.mark.parametrize(("name", "compared"), [("mixture-iwae", False), ("vae-bernoulli", True)])
def test_codes_are_compared_in_width_with_a_standard_normal_prior_only(golden, name, compared):
    folder = golden(name)
    images = as_source(np.load(folder / "data.npz")["x_test"])
    summary = quick_summary(Measurements.of(isthmus.load(folder / "run"), images, None, 0))
    assert (summary.code_power is not None) is compared


def test_a_learned_prior_that_is_not_declared(golden):
    run = damaged(golden("mixture-iwae"), lambda manifest: manifest["graphs"].pop("prior"))
    with pytest.raises(RunError, match="the manifest declares no prior"):
        run.sample(4)


def test_a_learned_prior_of_another_shape(golden):
    def change(manifest):
        outputs = manifest["graphs"]["prior"]["outputs"]
        next(output for output in outputs if output["name"] == "means")["shape"] = ["n", 3, 2]

    run = damaged(golden("mixture-iwae"), change)
    with pytest.raises(RunError, match=r"declares means of the prior as .*3, 2.*, and the run's images"):
        run.sample(4)


def test_a_learned_prior_with_numbers_that_are_not_finite(golden):
    folder = golden("mixture-iwae")
    path = folder / "run" / "prior.onnx"
    model = onnx.load(path)
    for constant in model.graph.initializer:
        if constant.data_type == onnx.TensorProto.FLOAT:
            constant.CopyFrom(
                onnx.numpy_helper.from_array(np.nan * onnx.numpy_helper.to_array(constant), constant.name)
            )
    onnx.save(model, path)
    entry = describe_file(path).model_dump()
    run = damaged(folder, lambda manifest: manifest["files"].update({"prior.onnx": entry}))
    with pytest.raises(RunError, match="the prior gives numbers that are not finite"):
        run.sample(4)
