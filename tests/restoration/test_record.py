import json
from pathlib import PurePosixPath

import pytest

from isthmus.errors import DataError, UsageError
from isthmus.restoration.record import RECORD, RestorationRecord, made_by

MADE_BY = {"run": {"encoder.onnx": "1"}, "draws": None, "seed": None}
A, B = PurePosixPath("a.png"), PurePosixPath("deep/b.png")


@pytest.fixture
def begun(tmp_path):
    """A folder whose first result of two is there."""
    RestorationRecord.begin(tmp_path, MADE_BY, {A: "1", B: "2"})
    (tmp_path / A).write_bytes(b"")
    return tmp_path


def test_what_is_there_is_kept(begun):
    record = RestorationRecord.begin(begun, MADE_BY, {A: "1", B: "2"})
    assert (record.kept, record.outdated) == ({A}, set())


def test_a_result_of_another_image_is_outdated_until_all_are_made(begun):
    for _ in range(2):  # what was cut off before the result was made anew
        record = RestorationRecord.begin(begun, MADE_BY, {A: "3", B: "2"})
        assert (record.kept, record.outdated) == (set(), {A})
    record.finish()
    assert RestorationRecord.begin(begun, MADE_BY, {A: "3", B: "2"}).kept == {A}


def test_a_result_without_an_image_is_forgotten(begun):
    RestorationRecord.begin(begun, MADE_BY, {B: "2"})
    assert RestorationRecord.begin(begun, MADE_BY, {A: "1", B: "2"}).kept == set()


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"run": {"encoder.onnx": "2"}}, "made by another run"),
        ({"draws": 4, "seed": 1}, "made with draws=None, not 4 and with seed=None, not 1"),
    ],
)
def test_it_goes_on_with_the_same_alone(begun, other, message):
    with pytest.raises(UsageError, match=message):
        RestorationRecord.begin(begun, MADE_BY | other, {A: "1"})


def test_a_folder_of_other_files(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"no restored\.json"):
        RestorationRecord.begin(tmp_path, MADE_BY, {A: "1"})


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": 1, "made_by": 3, "answers": {}}'])
def test_a_damaged_record(tmp_path, content):
    (tmp_path / RECORD).write_text(content)
    with pytest.raises(DataError, match="cannot be read"):
        RestorationRecord.begin(tmp_path, MADE_BY, {A: "1"})


def test_a_record_of_another_schema(begun):
    content = json.loads((begun / RECORD).read_text())
    (begun / RECORD).write_text(json.dumps(content | {"schema": 2}))
    with pytest.raises(DataError, match="has schema 2; this isthmus reads 1"):
        RestorationRecord.begin(begun, MADE_BY, {A: "1"})


def test_what_results_follow_from(tiny_restorer):
    made = made_by(tiny_restorer, None, 3)
    assert set(made["run"]) == {"recipe.json", "encoder.onnx", "decoder.onnx"}
    assert (made["draws"], made["seed"]) == (None, None)  # no seed matters where nothing is drawn
    assert made_by(tiny_restorer, 2, 3) == made | {"draws": 2, "seed": 3}
