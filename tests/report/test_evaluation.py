import pytest

from isthmus.evaluation.diagnosis import Finding
from isthmus.evaluation.result import Evaluation, Provenance
from isthmus.evaluation.store import EVALUATION, store_evaluation
from isthmus.evaluation.table import Row, Section
from isthmus.report.evaluation import read_results
from isthmus.runs import load


def _evaluation(run, **changes):
    fault = Finding("ignored", "fault", "the code is ignored", "MSE 0.2", "Train longer.", {"training.epochs": 8})
    values = {
        "run": "run",
        "recipe": "conv-vae",
        "data": run.manifest.data.name,
        "split": "test",
        "images": 1234,
        "sections": (Section("s", "Likelihood", (Row("k", "ELBO", -90.0, 0.5, "nats", "A bound."),), "A note."),),
        "findings": (fault,),
        "not_tested": "The encoder was not tested.",
        "rests_on": {"files": {"recipe.json": run.manifest.files["recipe.json"].sha256}},
        "provenance": {
            part: Provenance("2026-03-05T12:00:00+00:00", "0.3", {}, origin="measured") for part in ("s", "diagnosis")
        },
    }
    return Evaluation(**{**values, **changes})


@pytest.fixture
def run(copied_run):
    return load(copied_run)


def test_metrics_and_findings_are_shown_with_their_words(run):
    store_evaluation(run, _evaluation(run))
    found = read_results(run)
    (table,) = found.tables
    assert table.title == "Likelihood"
    assert table.rows == [("ELBO", "-90.00 ± 0.50 nats", "A bound.")]
    assert table.note == "A note."
    origin = "Stored, measured on 2026-03-05 with isthmus 0.3."
    assert found.note == f"On the 1,234 test images of images. {origin} The encoder was not tested."
    assert found.findings == _evaluation(run).findings


def test_the_newest_evaluation_is_shown(run):
    files = _evaluation(run).rests_on["files"]
    for seed, data in enumerate(("older", "newer")):
        store_evaluation(run, _evaluation(run, data=data, rests_on={"files": files, "seed": seed}))
    assert "of newer." in read_results(run).note


def test_an_evaluation_from_elsewhere_is_shown_as_unverified(run, monkeypatch, tmp_path):
    store_evaluation(run, _evaluation(run))
    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path / "another machine"))
    assert "unverified: not measured on this machine" in read_results(run).note
    assert read_results(run).findings == ()


def test_a_diagnosis_on_other_data_is_not_one_of_the_run(run):
    store_evaluation(run, _evaluation(run, data="others"))
    assert read_results(run).findings == ()


def test_a_diagnosis_on_training_images_is_not_one_of_the_run(run):
    store_evaluation(run, _evaluation(run, split="all", trained_on=1000))
    found = read_results(run)
    assert found.findings == ()
    assert found.note.startswith("On the 1,234 images of images. The run was trained on 1,000 of these 1,234 images")


def test_one_image_is_in_the_singular(run):
    store_evaluation(run, _evaluation(run, images=1, split="test", trained_on=0))
    assert read_results(run).note.startswith("On the 1 test image of images.")


def test_an_evaluation_of_other_weights_is_not_shown(run):
    store_evaluation(run, _evaluation(run, rests_on={"files": {"recipe.json": "0" * 64}}))
    assert read_results(run) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"evaluations": [3]}', '{"evaluations": [{"run": 1}]}'])
def test_what_cannot_be_read_counts_for_none(run, text):
    (run.path / EVALUATION).write_text(text)
    assert read_results(run) is None


def test_none_was_made(run):
    assert read_results(run) is None
