import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import isthmus
from isthmus.api import evaluate
from isthmus.data import content_order, make_batch, select
from isthmus.errors import DataError, UsageError
from isthmus.workflows.comparison import _Metric, _paired_row, compare
from isthmus.workflows.datasets import open_held_out

DRAWS = 4
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def runs(tiny_run, tiny_ae_run, tmp_path_factory):
    """The tiny run, its twin, and a plain autoencoder of the same images."""
    place = tmp_path_factory.mktemp("compared")
    for name, source in (("one", tiny_run), ("twin", tiny_run), ("plain", tiny_ae_run)):
        shutil.copytree(source.path, place / name)
    return [isthmus.load(place / name) for name in ("one", "twin", "plain")]


@pytest.fixture(scope="module")
def compared(runs, bars):
    return compare(runs, bars, DRAWS)


def test_a_twin_does_not_differ(compared):
    for key in ("elbo_nats", "log_likelihood_nats", "mse", "psnr_db"):
        row = compared[key]
        assert row.differences[:2] == (None, 0.0)
        assert row.difference_errors[1] == 0.0
        assert row.values[0] == row.values[1]


def test_differences_are_paired():
    """What makes an image hard for both runs does not blur the difference."""
    rng = np.random.default_rng(0)
    hard = 100 * rng.standard_normal(50)
    figures = [
        _Metric("likelihood", "ELBO", "nats", "", hard + shift + rng.normal(0, 0.1, 50), ("grey",))
        for shift in (0.0, 2.0)
    ]
    row = _paired_row("elbo_nats", figures)
    assert row.differences[1] == pytest.approx(2.0, abs=0.1)
    assert row.difference_errors[1] < 0.05 < 5.0 < row.standard_errors[1]


def test_the_metrics_are_those_of_an_evaluation(runs, bars):
    run = runs[0]
    row = compare(runs[:2], bars, DRAWS)["elbo_nats"]
    expected = evaluate(run, bars, DRAWS, parts=("likelihood",))["likelihood"]["elbo_nats"]
    assert row.values[0] == pytest.approx(expected.value)
    assert row.standard_errors[0] == pytest.approx(expected.standard_error)


def test_what_counts_different_things_is_not_set_off(compared):
    assert compared["elbo_nats"].values[2] is None
    assert compared["mse"].values[2] is not None
    assert compared["mse"].differences[2] is None  # black and white beside grey
    assert any("no log-likelihood is given" in note for note in compared.notes)
    assert any("cannot be set off" in note for note in compared.notes)


def test_other_parts_stand_side_by_side(compared):
    row = compared["active_units"]
    assert (row.part, len(row.values)) == ("latent", 3)
    assert row.differences == (None, None, None)


def test_the_sheet_has_a_row_for_the_images_and_one_for_each_run(compared, bars):
    height, width, channels = compared.sheet.shape
    assert channels == 3
    assert compared.sheet.dtype == np.uint8
    assert (height - 4) % 4 == 0
    assert width > height


def test_a_comparison_is_text_and_json(compared):
    assert all(len(line) == 1 + 3 + 2 for line in compared.as_table())
    assert json.loads(json.dumps(compared.to_json(), allow_nan=False))["runs"] == ["one", "twin", "plain"]


def test_one_run_is_not_enough(runs, bars):
    with pytest.raises(UsageError, match="expected two runs or more to compare; got 1"):
        compare(runs[:1], bars)


def test_images_that_one_of_them_learned_from_are_refused(runs, bars):
    entry = runs[1].manifest.data.model_copy(update={"fingerprint": "other"})
    stranger = type(runs[1])(runs[1].path, runs[1].manifest.model_copy(update={"data": entry}), runs[1].recipe)
    with pytest.raises(DataError, match="cannot be compared"):
        compare([runs[0], stranger], bars, DRAWS)


class TestRestorers:
    def test_their_metrics_are_paired_on_the_same_corrupted_images(self, tiny_restorer, bars):
        compared = compare([tiny_restorer, tiny_restorer], bars)
        held = open_held_out(tiny_restorer, bars).images
        held = select(held, content_order(held, 0))
        batch = make_batch(held.read(np.arange(len(held))), tiny_restorer.recipe.task, 0)
        error = (batch.target.astype(float) - tiny_restorer.reconstruct(batch.input)) / 255
        row = compared["mse"]
        assert row.part == "restoration"
        assert row.values == pytest.approx([np.mean(error**2)] * 2, rel=1e-5)
        assert (row.differences[1], row.difference_errors[1]) == (0.0, 0.0)
        assert compared.notes == ()

    def test_the_sheet_shows_targets_and_predictions(self, tiny_restorer, bars):
        sheet = compare([tiny_restorer, tiny_restorer], bars).sheet
        rows = np.array_split(sheet[2:-2], 3)
        np.testing.assert_array_equal(rows[1], rows[2])
        assert np.abs(rows[0].astype(int) - rows[1]).max() > 0

    def test_another_strength_is_of_other_images(self, tiny_restorer, bars):
        task = tiny_restorer.recipe.task.model_copy(update={"strength": (0.4, 0.4)})
        harder = type(tiny_restorer)(
            tiny_restorer.path, tiny_restorer.manifest, tiny_restorer.recipe.model_copy(update={"task": task})
        )
        compared = compare([tiny_restorer, harder], bars)
        assert compared["psnr_db"].values[0] > compared["psnr_db"].values[1]
        assert compared["psnr_db"].differences[1] is None
        assert "cannot be set off" in compared.notes[0]

    def test_another_task_is_not_compared(self, tiny_restorer, tiny_ae_run, bars):
        with pytest.raises(UsageError, match="expected runs of one task; 'tiny-restorer' has 'denoise', 'tiny-ae'"):
            compare([tiny_restorer, tiny_ae_run], bars)


def test_targets_are_found_where_they_are_given(tmp_path):
    zipfile.ZipFile(GOLDEN / "segment-two.zip").extractall(tmp_path)
    shutil.copytree(tmp_path / "run", tmp_path / "twin")
    runs = [isthmus.load(tmp_path / name) for name in ("run", "twin")]
    found = compare(runs, str(tmp_path / "data"), targets=str(tmp_path / "targets"))
    assert found["iou"].differences == (None, 0.0)
    with pytest.raises(UsageError, match="--targets"):
        compare(runs, str(tmp_path / "data"))
