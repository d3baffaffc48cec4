import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

import isthmus
from isthmus.data import ArraySource, select
from isthmus.errors import BackendError, StorageError, UsageError
from isthmus.workflows import evaluation, signs
from isthmus.workflows.evaluation import EVALUATION, PARTS, Evaluation, evaluate, format_value
from isthmus.workflows.held_out import HeldOut

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
        monkeypatch.setattr(evaluation, "find_held_out", lambda *_, **__: held)
        found = evaluate(run, None, DRAWS, fresh=True).to_json()
        return found["sections"], found["findings"]

    by_class = np.argsort(labels, kind="stable")
    assert metrics(by_class) == metrics(np.random.default_rng(0).permutation(len(labels)))


def test_every_figure_has_a_meaning_and_a_key_of_its_own(whole):
    for section in whole.sections:
        keys = [row.key for row in section.rows]
        assert len(set(keys)) == len(keys)
        assert all(row.meaning for row in section.rows)


def test_figures_fit_together(whole):
    rows = whole["likelihood"]
    assert rows["elbo_nats"].value == pytest.approx(-(rows["rate_nats"].value + rows["distortion_nats"].value))
    assert rows["log_likelihood_nats"].value > rows["elbo_nats"].value
    kl = sum(row.value for row in whole["latent"].rows if row.key.startswith("kl_"))
    assert kl == pytest.approx(rows["rate_nats"].value, rel=1e-5)


def test_an_evaluation_survives_json(whole):
    text = json.dumps(whole.to_json(), allow_nan=False)
    assert Evaluation.from_json(json.loads(text)) == whole


def test_the_table_is_text(whole):
    table = whole.as_table()
    assert all(len(line) == 4 and all(isinstance(cell, str) for cell in line) for line in table)
    assert table[0][:2] == ("Likelihood", "ELBO")


def test_what_was_found_is_kept(run, bars, monkeypatch):
    first = evaluate(run, bars, DRAWS, parts=QUICK)
    monkeypatch.setattr(evaluation, "_measure", lambda *arguments: pytest.fail("measured again"))
    assert evaluate(run, bars, DRAWS, parts=QUICK) == first


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"importance_samples": DRAWS + 1}, {"parts": ("likelihood",)}, {"fresh": True}]
)
def test_what_rests_on_something_else_is_measured(run, bars, other, monkeypatch):
    asked = {"importance_samples": DRAWS, "parts": QUICK}
    first = evaluate(run, bars, **asked)
    measured = []
    monkeypatch.setattr(evaluation, "_measure", lambda *arguments: measured.append(1) or first)
    evaluate(run, bars, **{**asked, **other})
    assert measured


def test_other_images_and_other_weights_are_measured(run, bars):
    first = evaluate(run, bars, DRAWS, parts=("likelihood",))
    turned = evaluate(run, bars[0][:20, ::-1].copy(), DRAWS, parts=("likelihood",))
    assert turned["likelihood"]["elbo_nats"] != first["likelihood"]["elbo_nats"]
    files = {**run.manifest.files, "weights.safetensors": run.manifest.files["recipe.json"]}
    changed = type(run)(run.path, run.manifest.model_copy(update={"files": files}), run.recipe)
    assert evaluate(changed, bars, DRAWS, parts=("likelihood",)).rests_on != first.rests_on
    kept = json.loads((run.path / EVALUATION).read_text())["evaluations"]
    assert len(kept) == 1  # what other weights gave is forgotten


def test_evaluations_of_other_images_stand_beside_each_other_the_newest_last(run, bars):
    evaluate(run, bars, DRAWS, parts=("likelihood",))
    evaluate(run, bars[0][:20, ::-1].copy(), DRAWS, parts=("likelihood",))
    kept = json.loads((run.path / EVALUATION).read_text())["evaluations"]
    assert [entry["split"] for entry in kept] == ["test", "all"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"schema_version": 99}', '{"schema_version": 1, "evaluations": [1]}']
)
def test_a_torn_file_is_measured_again(run, bars, content):
    (run.path / EVALUATION).write_text(content)
    assert evaluate(run, bars, DRAWS, parts=("likelihood",))["likelihood"].rows
    assert json.loads((run.path / EVALUATION).read_text())["evaluations"]


def test_a_place_that_cannot_be_written_to_is_no_obstacle(run, bars, monkeypatch):
    def full(*arguments):
        raise StorageError("full")

    monkeypatch.setattr(evaluation, "write_text", full)
    assert evaluate(run, bars, DRAWS, parts=("likelihood",))["likelihood"].rows
    assert not (run.path / EVALUATION).exists()


def test_without_a_training_framework_the_encoder_is_left_out_with_a_word(run, bars, monkeypatch):
    def absent(*arguments):
        raise BackendError("none")

    monkeypatch.setattr(signs, "_optimised", absent)
    found = evaluate(run, bars, DRAWS, parts=("diagnosis",))
    assert "No training backend is installed, so the encoder was not tested" in found.not_tested


def test_other_images_without_the_training_images_leave_out_what_needs_them(run, bars):
    found = evaluate(run, bars[0][:20, ::-1].copy(), DRAWS, parts=("reconstruction", "representation", "samples"))
    assert "there are no baselines" in found["reconstruction"].note
    assert found["representation"].rows == ()
    assert "training images are not at hand" in found["samples"].note


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


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        ((155.5744, 0.5313, "nats"), "155.57 ± 0.53 nats"),
        ((0.06215, 0.00024), "0.06215 ± 0.00024"),
        ((12.0, None, "of 16"), "12 of 16"),
        ((0.0514, None), "0.0514"),
        ((0.0, None), "0"),
        ((None,), "none"),
        ((1234.5, 15.0), "1234 ± 15"),
    ],
)
def test_figures_have_the_digits_that_are_sure(figure, text):
    assert format_value(*figure) == text


def test_evaluating_imports_no_framework(run, bars, tmp_path):
    np.save(tmp_path / "bars.npy", bars[0][:20, ::-1])
    code = (
        "import sys, isthmus\n"
        "from isthmus.workflows.evaluation import PARTS, evaluate\n"
        f"evaluate(isthmus.load({str(run.path)!r}), {str(tmp_path / 'bars.npy')!r}, 2, parts=PARTS[:-1])\n"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules), 'a framework was imported'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
