import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

import isthmus
from isthmus.api import evaluate
from isthmus.data import ArraySource, select
from isthmus.data.locations import remember_location
from isthmus.errors import BackendError, RunError, UsageError
from isthmus.evaluation import measurements
from isthmus.evaluation.result import Evaluation
from isthmus.evaluation.store import read_evaluations
from isthmus.runs.lock import locked_run
from isthmus.workflows import amortisation, evaluation
from isthmus.workflows.datasets import HeldOut
from isthmus.workflows.evaluation import PARTS, EvaluationRequest

DRAWS = 5
QUICK = ("likelihood", "reconstruction", "latent")


@pytest.fixture
def run(tiny_run, tmp_path):
    """A copy of the tiny run, to write into."""
    shutil.copytree(tiny_run.path, tmp_path / "run")
    return isthmus.load(tmp_path / "run")


@pytest.fixture(scope="module")
def whole(tiny_run, bars, tmp_path_factory):
    """Every part of an evaluation of the tiny run."""
    place = tmp_path_factory.mktemp("whole") / "run"
    shutil.copytree(tiny_run.path, place)
    return evaluate(isthmus.load(place), bars, DRAWS)


def test_every_part_has_a_section_or_says_why_not(whole):
    assert [section.key for section in whole.sections] == [part for part in PARTS if part != "diagnosis"]
    assert all(section.rows or section.note for section in whole.sections)
    assert whole.split == "test"
    assert whole.findings is not None


def test_no_metric_depends_on_the_order_of_images(run, bars, monkeypatch):
    images, labels = bars
    factors = np.stack([labels, images[:, :4].mean(axis=(1, 2, 3))], axis=1).astype(float)
    train = ArraySource(images, labels=labels)
    test = ArraySource(images[:, :, ::-1].copy(), labels=labels, factors=factors, factor_names=("place", "top"))

    def metrics(order):
        held = HeldOut("bars", "all", select(test, order), select(train, order))
        monkeypatch.setattr(evaluation, "open_held_out", lambda *_, **__: held)
        found = evaluate(run, None, DRAWS, fresh=True).to_json()
        return found["sections"], found["findings"]

    by_class = np.argsort(labels, kind="stable")
    assert metrics(by_class) == metrics(np.random.default_rng(0).permutation(len(labels)))


def test_every_figure_has_a_meaning_and_a_key_of_its_own(whole):
    for section in whole.sections:
        keys = [row.key for row in section.rows]
        assert len(set(keys)) == len(keys)
        assert all(row.meaning for row in section.rows)


def test_metrics_fit_together(whole):
    rows = whole["likelihood"]
    assert rows["elbo_nats"].value == pytest.approx(-(rows["rate_nats"].value + rows["distortion_nats"].value))
    assert rows["log_likelihood_nats"].value > rows["elbo_nats"].value
    largest = whole["latent"]["largest_kl_nats"].value
    assert rows["rate_nats"].value / 2 <= largest <= rows["rate_nats"].value  # one of two dimensions


def test_an_evaluation_survives_json(whole):
    text = json.dumps(whole.to_json(), allow_nan=False)
    assert Evaluation.from_json(json.loads(text)) == whole


def test_the_table_is_text(whole):
    table = whole.as_table()
    assert all(len(line) == 4 and all(isinstance(cell, str) for cell in line) for line in table)
    assert table[0][:2] == ("Likelihood", "ELBO")


@pytest.fixture
def measured(monkeypatch):
    """The parts that are measured, in order."""
    parts, measure = [], evaluation._measure_part

    def note(part, *others):
        parts.append(part)
        return measure(part, *others)

    monkeypatch.setattr(evaluation, "_measure_part", note)
    return parts


def test_what_is_stored_is_not_measured_again(run, bars, measured):
    first = evaluate(run, bars, DRAWS, parts=QUICK)
    again = evaluate(run, bars, DRAWS, parts=QUICK)
    assert measured == list(QUICK)
    assert again.sections == first.sections
    assert {entry.origin for entry in first.provenance.values()} == {"measured"}
    assert {entry.origin for entry in again.provenance.values()} == {"stored"}


def test_images_in_another_order_are_the_same_images(run, bars, measured):
    images, labels = bars[0][:30, ::-1].copy(), bars[1][:30]
    evaluate(run, (images, labels), DRAWS, parts=("likelihood",))
    evaluate(run, (images[::-1].copy(), labels[::-1].copy()), DRAWS, parts=("likelihood",))
    assert measured == ["likelihood"]


@pytest.mark.parametrize(
    ("other", "again"),
    [
        ({"seed": 1}, list(QUICK)),
        ({"importance_samples": DRAWS + 1}, ["likelihood"]),
        ({"parts": ("likelihood",)}, []),
        ({"parts": ("likelihood", "disentanglement")}, ["disentanglement"]),
        ({"fresh": True}, list(QUICK)),
    ],
    ids=str,
)
def test_only_what_depends_on_something_else_is_measured(run, bars, other, again, measured):
    asked = {"importance_samples": DRAWS, "parts": QUICK}
    evaluate(run, bars, **asked)
    measured.clear()
    evaluate(run, bars, **{**asked, **other})
    assert measured == again


def test_other_images_and_other_weights_are_measured(run, bars, measured):
    first = evaluate(run, bars, DRAWS, parts=("likelihood",))
    turned = evaluate(run, bars[0][:20, ::-1].copy(), DRAWS, parts=("likelihood",))
    assert turned["likelihood"]["elbo_nats"] != first["likelihood"]["elbo_nats"]
    files = {**run.manifest.files, "weights.safetensors": run.manifest.files["recipe.json"]}
    changed = type(run)(run.path, run.manifest.model_copy(update={"files": files}), run.recipe)
    evaluate(changed, bars, DRAWS, parts=("likelihood",))
    assert len(measured) == 3
    assert len(read_evaluations(run)) == 1  # what other weights gave is forgotten


def test_a_stored_evaluation_becomes_the_newest_when_it_is_requested_again(run, bars):
    for images in (bars, bars[0][:20, ::-1].copy(), bars):
        evaluate(run, images, DRAWS, parts=("likelihood",))
    assert [entry.split for entry in read_evaluations(run)] == ["all", "test"]


def test_an_interrupted_evaluation_stores_what_is_finished_and_continues(run, bars, monkeypatch, measured):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(measurements, "measure_latent", interrupt)
        with pytest.raises(KeyboardInterrupt, match="stopped: likelihood, reconstruction are stored in"):
            evaluate(run, bars, DRAWS, parts=QUICK)
    assert read_evaluations(run)[0].parts == ("likelihood", "reconstruction")
    measured.clear()
    assert evaluate(run, bars, DRAWS, parts=QUICK).parts == QUICK
    assert measured == ["latent"]


def test_each_part_is_reported_and_stored_as_soon_as_it_is_measured(run, bars):
    reported = []

    def report(part):
        reported.append((part.parts, read_evaluations(run)[0].parts))

    evaluation.evaluate(run, bars, EvaluationRequest(DRAWS, parts=QUICK[:2]), report)
    assert reported == [((QUICK[0],), QUICK[:1]), ((QUICK[1],), QUICK[:2])]


def test_one_process_at_a_time_evaluates_a_run(run, bars):
    with locked_run(run.path), pytest.raises(RunError, match="another process is training or evaluating"):
        evaluate(run, bars, DRAWS, parts=("latent",))


def test_without_a_training_framework_the_encoder_is_left_out_with_a_word(run, bars, monkeypatch):
    def absent(*arguments):
        raise BackendError("none")

    monkeypatch.setattr(amortisation, "_optimised", absent)
    found = evaluate(run, bars, DRAWS, parts=("diagnosis",), thorough=True)
    assert "No training backend is installed, so the encoder was not tested" in found.not_tested


def test_other_images_without_the_training_images_leave_out_what_needs_them(run, bars):
    found = evaluate(run, bars[0][:20, ::-1].copy(), DRAWS, parts=("reconstruction", "representation", "samples"))
    assert "there are no baselines" in found["reconstruction"].note
    assert found["representation"].rows == ()
    assert "training images cannot be found" in found["samples"].note


def test_a_plain_autoencoder_has_no_likelihood_and_says_so(tiny_ae_run, bars, tmp_path):
    shutil.copytree(tiny_ae_run.path, tmp_path / "run")
    found = evaluate(isthmus.load(tmp_path / "run"), bars, DRAWS)
    assert [row.key for row in found["likelihood"].rows] == ["training_loss_nats"]
    assert "no log-likelihood is given" in found["likelihood"].note
    assert {row.key for row in found["latent"].rows} == {"dims", "active_units"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parts": ("likelihoods",)}, "expected parts of likelihood, .*; got 'likelihoods'"),
        ({"parts": ()}, "got none"),
        ({"importance_samples": 0}, "at least one importance sample for each image; got 0"),
    ],
)
def test_calls_that_cannot_be(tiny_run, bars, options, message):
    with pytest.raises(UsageError, match=message):
        evaluate(tiny_run, bars, **options)


def test_evaluating_imports_no_framework(run, bars, tmp_path):
    np.save(tmp_path / "bars.npy", bars[0][:20, ::-1])
    code = (
        "import sys, isthmus\n"
        f"isthmus.evaluate(isthmus.load({str(run.path)!r}), {str(tmp_path / 'bars.npy')!r}, 2)\n"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules), 'a framework was imported'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_decibels_come_first_but_for_black_and_white(run, tiny_ae_run, bars, tmp_path):
    other = isthmus.load(shutil.copytree(tiny_ae_run.path, tmp_path / "grey"))
    for model, first in ((run, "likelihood"), (other, "reconstruction")):
        found = evaluate(model, bars, DRAWS, parts=("likelihood", "reconstruction"))
        assert found.sections[0].key == first
        assert found["reconstruction"].rows[0].key == "psnr_db"


def test_images_that_the_run_was_trained_on_are_counted(run, bars, tmp_path):
    images, labels = bars
    np.savez(tmp_path / "bars.npz", x=images, y=labels)
    remember_location(run.manifest.data.fingerprint, tmp_path / "bars.npz")
    trained_on = run.manifest.data.train_images
    mixed = np.concatenate([images[::-1], 255 - images[:40]])  # inverted, they are new
    found = evaluate(run, mixed, DRAWS, parts=("reconstruction",))
    assert (found.split, found.images, found.trained_on) == ("all", 160, trained_on)
    assert f"The run was trained on {trained_on} of these 160 images" in found.overlap
    assert found.to_json()["trained_on"] == trained_on
    assert read_evaluations(run)[-1].trained_on == trained_on
    own = evaluate(run, tmp_path / "bars.npz", DRAWS, parts=("reconstruction",))
    assert (own.split, own.trained_on, own.overlap) == ("test", 0, "")


def test_that_training_images_are_not_at_hand_is_said(run, bars):
    found = evaluate(run, 255 - bars[0][:20], DRAWS, parts=("reconstruction",))
    assert found.trained_on is None
    assert "its training images cannot be found" in found.overlap
