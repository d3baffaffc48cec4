import numpy as np
import pytest

from isthmus.errors import RunError
from isthmus.runs.folder import HISTORY, read_manifest
from isthmus.runs.history import read_history


def test_columns_are_those_of_the_file(tiny_run):
    columns = read_history(tiny_run.path, tiny_run.manifest)
    lines = (tiny_run.path / HISTORY).read_text().splitlines()
    assert list(columns) == lines[0].split(",")
    assert columns["epoch"].tolist() == [1.0, 2.0]
    for row, line in enumerate(lines[1:]):
        np.testing.assert_array_equal([column[row] for column in columns.values()], [float(x) for x in line.split(",")])


def test_a_training_that_goes_on_can_be_read_and_an_empty_cell_is_nan(copied_run):
    manifest = read_manifest(copied_run).model_copy(update={"files": {}, "state": "training"})
    (copied_run / HISTORY).write_text("epoch,loss\n1,3.5\n2,\n")
    columns = read_history(copied_run, manifest)
    np.testing.assert_array_equal(columns["loss"], [3.5, np.nan])


def test_a_changed_file_of_a_finished_run_is_refused(copied_run):
    manifest = read_manifest(copied_run)
    (copied_run / HISTORY).write_text("epoch,loss\n1,3.5\n")
    with pytest.raises(RunError, match=r"truncated|changed"):
        read_history(copied_run, manifest)


@pytest.mark.parametrize("text", ["", "epoch,loss\n", "epoch,loss\n1,abc\n", "epoch,loss\n1\n"])
def test_what_is_no_table_is_refused(copied_run, text):
    manifest = read_manifest(copied_run).model_copy(update={"files": {}})
    (copied_run / HISTORY).write_text(text)
    with pytest.raises(RunError, match="truncated"):
        read_history(copied_run, manifest)


def test_no_epoch_yet(copied_run):
    manifest = read_manifest(copied_run).model_copy(update={"files": {}})
    (copied_run / HISTORY).unlink()
    with pytest.raises(RunError, match="not finished an epoch"):
        read_history(copied_run, manifest)
