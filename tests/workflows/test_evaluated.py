import json

import pytest

from isthmus.evaluation.diagnosis import Finding
from isthmus.evaluation.table import Row, Section
from isthmus.runs import load
from isthmus.workflows.evaluated import read_evaluated
from isthmus.workflows.evaluation import EVALUATION, SCHEMA_VERSION, Evaluation


def _evaluation(run, **changes):
    fault = Finding("ignored", "fault", "the code is ignored", "MSE 0.2", "Train longer.", {"training.epochs": 8})
    values = {
        "run": "run",
        "recipe": "conv-vae",
        "data": "bars",
        "split": "test",
        "images": 1234,
        "sections": (Section("s", "Likelihood", (Row("k", "ELBO", -90.0, 0.5, "nats", "A bound."),), "A note."),),
        "findings": (fault,),
        "not_tested": "The encoder was not tested.",
        "rests_on": {"files": {"recipe.json": run.manifest.files["recipe.json"].sha256}},
    }
    return Evaluation(**{**values, **changes})


def _keep(run, *evaluations):
    values = {"schema_version": SCHEMA_VERSION, "evaluations": [entry.to_json() for entry in evaluations]}
    (run.path / EVALUATION).write_text(json.dumps(values))


@pytest.fixture
def run(copied_run):
    return load(copied_run)


def test_figures_and_findings_are_shown_with_their_words(run):
    _keep(run, _evaluation(run), _evaluation(run, data="older"))
    found = read_evaluated(run)
    (table,) = found.tables
    assert table.title == "Likelihood"
    assert table.rows == [("ELBO", "-90.00 ± 0.50 nats", "A bound.")]
    assert table.note == "A note."
    assert found.note == "On the 1,234 test images of bars. The encoder was not tested."
    (finding,) = found.findings
    assert (finding.tone, finding.title) == ("warning", "The code is ignored")


def test_the_remedy_is_a_command_where_the_recipe_has_a_name(run, monkeypatch):
    from isthmus.recipes import RECIPES

    _keep(run, _evaluation(run))
    assert read_evaluated(run).findings[0].command == ""
    monkeypatch.setattr(run, "recipe", RECIPES["conv-vae"])
    assert read_evaluated(run).findings[0].command.endswith("--recipe conv-vae --set training.epochs=8")


def test_a_healthy_run_is_said_to_be_one(run):
    _keep(run, _evaluation(run, findings=()))
    assert [finding.tone for finding in read_evaluated(run).findings] == ["good"]


def test_an_evaluation_of_other_weights_is_not_shown(run):
    _keep(run, _evaluation(run, rests_on={"files": {"recipe.json": "0" * 64}}))
    assert read_evaluated(run) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"evaluations": [3]}', '{"evaluations": [{"run": 1}]}'])
def test_what_cannot_be_read_counts_for_none(run, text):
    (run.path / EVALUATION).write_text(text)
    assert read_evaluated(run) is None


def test_none_was_made(run):
    assert read_evaluated(run) is None
