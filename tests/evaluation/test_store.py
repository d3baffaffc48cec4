import json

import pytest

from isthmus.errors import StorageError
from isthmus.evaluation import store
from isthmus.evaluation.result import Evaluation, Provenance
from isthmus.evaluation.store import EVALUATION, find_evaluation, newest_evaluation, read_evaluations, store_evaluation
from isthmus.evaluation.table import Row, Section
from isthmus.runs import load

DATE = "2026-03-05T12:00:00+00:00"


@pytest.fixture
def run(copied_run):
    return load(copied_run)


def evaluation_of(run, part="likelihood", value=-90.0, seed=0, files=("recipe.json",), options=None):
    """An evaluation of one part."""
    digests = {name: run.manifest.files[name].sha256 for name in files}
    section = Section(part, part.capitalize(), (Row("elbo_nats", "ELBO", value, None, "nats", "A bound."),))
    rests_on = {"files": digests, "seed": seed}
    provenance = {part: Provenance(DATE, "0.3", options or {})}
    return Evaluation("run", "tiny", "bars", "test", 9, (section,), None, "", rests_on, provenance)


def on_disk(run):
    return json.loads((run.path / EVALUATION).read_text())


def test_what_is_stored_is_read_as_stored(run):
    assert store_evaluation(run, evaluation_of(run))
    (found,) = read_evaluations(run)
    assert found.sections == evaluation_of(run).sections
    assert found.provenance["likelihood"].note == "stored, measured on 2026-03-05 with isthmus 0.3"


def test_parts_are_stored_one_by_one(run):
    for part in ("likelihood", "latent"):
        store_evaluation(run, evaluation_of(run, part))
    store_evaluation(run, evaluation_of(run, "likelihood", value=-80.0))
    (found,) = read_evaluations(run)
    assert found.parts == ("latent", "likelihood")
    assert found["likelihood"]["elbo_nats"].value == -80.0
    assert {entry.origin for entry in found.provenance.values()} == {"stored"}


def test_storing_again_makes_it_the_newest(run):
    for seed in (0, 1, 0):
        store_evaluation(run, evaluation_of(run, seed=seed))
    assert [entry.rests_on["seed"] for entry in read_evaluations(run)] == [1, 0]
    assert newest_evaluation(run).rests_on["seed"] == 0


def test_what_other_weights_gave_is_forgotten(run):
    old = evaluation_of(run)
    old.rests_on["files"]["recipe.json"] = "0" * 64
    store_evaluation(run, old)
    assert newest_evaluation(run) is None
    store_evaluation(run, evaluation_of(run))
    assert len(read_evaluations(run)) == 1


@pytest.mark.parametrize(
    "path",
    [
        ("sections", 0, "rows", 0, "value"),
        ("provenance", "likelihood", "measured"),
        ("provenance", "likelihood", "version"),
        ("data",),
        ("images",),
        ("rests_on", "seed"),
    ],
    ids=str,
)
def test_an_edited_file_is_unverified(run, path):
    store_evaluation(run, evaluation_of(run))
    values = on_disk(run)
    entry = values["evaluations"][0]
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = 12 if isinstance(entry[path[-1]], int | float) else "2027-01-01"
    (run.path / EVALUATION).write_text(json.dumps(values))
    assert read_evaluations(run)[0].provenance["likelihood"].origin == "unverified"


def test_what_is_unverified_stays_so_when_it_is_stored_again(run, monkeypatch, tmp_path):
    store_evaluation(run, evaluation_of(run))
    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path / "another machine"))
    store_evaluation(run, read_evaluations(run)[0])
    store_evaluation(run, evaluation_of(run, "latent"))
    (found,) = read_evaluations(run)
    assert {part: entry.origin for part, entry in found.provenance.items()} == {
        "likelihood": "unverified",
        "latent": "stored",
    }


def test_files_of_the_first_version_are_read_as_unverified(run):
    values = evaluation_of(run).to_json()
    del values["provenance"]
    values["rests_on"]["isthmus"] = "0.1"
    (run.path / EVALUATION).write_text(json.dumps({"schema_version": 1, "evaluations": [values]}))
    found = newest_evaluation(run)
    assert found["likelihood"]["elbo_nats"].value == -90.0
    assert found.provenance["likelihood"].note.startswith("stored, measured on an unknown date with isthmus 0.1; unver")


def test_what_depends_on_something_else_is_not_found(run):
    store_evaluation(run, evaluation_of(run))
    assert find_evaluation(run, evaluation_of(run).rests_on) is not None
    assert find_evaluation(run, evaluation_of(run, seed=1).rests_on) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"schema_version": 99}',
        '{"schema_version": 2, "evaluations": [1]}',
        '{"schema_version": 2, "evaluations": [{"run": 1}]}',
    ],
)
def test_a_damaged_file_counts_for_none_and_is_replaced(run, content):
    (run.path / EVALUATION).write_text(content)
    assert read_evaluations(run) == []
    store_evaluation(run, evaluation_of(run))
    assert len(read_evaluations(run)) == 1


def test_a_place_that_cannot_be_written_to_stores_nothing(run, monkeypatch):
    def full(*_):
        raise StorageError("full")

    monkeypatch.setattr(store, "write_text", full)
    assert not store_evaluation(run, evaluation_of(run))
    assert not (run.path / EVALUATION).exists()
