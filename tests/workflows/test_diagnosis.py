import shutil
from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import PCA

from isthmus.api import evaluate
from isthmus.data import make_batch
from isthmus.evaluation.diagnosis import Finding
from isthmus.runs import load
from isthmus.workflows.datasets import open_held_out
from isthmus.workflows.diagnosis import diagnose_quickly, measure, spell_verdict
from isthmus.workflows.report import page_of


def diagnose(run, held):
    return diagnose_quickly(run, measure(run, held))


@pytest.fixture(scope="module")
def held(tiny_ae_run, bars):
    return open_held_out(tiny_ae_run, bars)


@pytest.fixture(scope="module")
def examined(tiny_ae_run, held):
    return diagnose(tiny_ae_run, held)


def test_the_baselines_are_those_of_scikit_learn(examined, held):
    known, new = (source.read(np.arange(len(source))) / 255.0 for source in (held.train, held.images))
    pca = PCA(3, svd_solver="full").fit(known.reshape(len(known), -1))
    made = np.clip(pca.inverse_transform(pca.transform(new.reshape(len(new), -1))), 0, 1)
    assert examined.summary.pca.mse == pytest.approx(np.mean((made - new.reshape(len(new), -1)) ** 2), rel=1e-2)
    assert examined.summary.mean_image.mse == pytest.approx(np.mean((new - known.mean(axis=0)) ** 2), rel=1e-5)
    assert (examined.summary.pca.dim, examined.summary.pca.fitted_on) == (3, len(known))


def test_a_model_worse_than_pca_is_not_approved(examined):
    """Six epochs on a hundred images are not enough: PCA does better, and no rule may miss it."""
    assert examined.summary.mse > 1.01 * examined.summary.pca.mse
    assert examined.verdict.tone == "bad"
    assert examined.verdict.text.startswith("Worse than PCA with the same 3 dimensions")
    assert examined.findings[0].key == "behind_baseline"


@pytest.mark.parametrize("kind", ["tiny_run", "tiny_ae_run", "tiny_restorer"])
def test_training_report_and_evaluation_find_the_same(kind, bars, request, tmp_path):
    run = load(shutil.copytree(request.getfixturevalue(kind).path, tmp_path / "run"))
    quick = diagnose(run, open_held_out(run, bars))
    page = page_of(run, bars)
    whole = evaluate(run, bars, parts=["diagnosis"])
    assert [section.key for section in whole.sections] == (["restoration"] if run.restores else [])
    assert whole.verdict.text.startswith(quick.verdict.text.partition(",")[0])
    assert page.findings == quick.findings
    assert page.verdict.text == quick.verdict.text
    longer = {"prior_holes", "weak_encoder"}  # what a quick examination does not measure
    assert [f for f in whole.findings if f.key not in longer] == [f for f in quick.findings if f.key not in longer]


def test_a_task_is_compared_with_its_corrupted_input(tiny_restorer, bars):
    found = diagnose(tiny_restorer, held := open_held_out(tiny_restorer, bars))
    source = found.measured.test
    batch = make_batch(source.read(np.arange(len(source))), tiny_restorer.recipe.task, 0)
    noise = np.mean(np.square((batch.input.astype(float) - batch.target) / 255))
    assert found.summary.unchanged.mse == pytest.approx(noise)
    assert found.summary.pca is None
    assert "the unchanged input" in found.verdict.text
    assert len(source) == len(held.images)


def test_without_images_only_training_is_judged(tiny_run):
    found = diagnose_quickly(tiny_run, None)
    assert found.verdict.tone == "unknown"
    assert "Not compared with PCA" in found.verdict.text
    assert found.summary.mse is None


def test_the_end_of_a_training_names_the_verdict_and_one_command(examined, tiny_ae_run):
    first = Finding("still_falling", "remark", "Falling", "e", "Train further.", {"training.epochs": 12}, resume=True)
    lines = spell_verdict(replace(examined, findings=(first,)), tiny_ae_run, "my photos")
    assert lines == [
        f"Verdict: {examined.verdict.text}",
        f"Falling. Train further. Try: isthmus train --out {tiny_ae_run.path} --resume --epochs 12",
    ]
    assert spell_verdict(replace(examined, findings=()), tiny_ae_run, "x") == lines[:1]
