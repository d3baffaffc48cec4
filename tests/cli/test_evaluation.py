import json

import numpy as np
import pytest
from PIL import Image


@pytest.mark.slow
def test_evaluate_prints_metrics_with_their_meaning_and_a_diagnosis(isthmus, trained):
    run, _ = trained
    done = isthmus("evaluate", run, "--importance-samples", 5, "--parts", "likelihood,latent,diagnosis")
    assert done.returncode == 0, done.stderr
    assert "ELBO" in done.stdout
    assert "nats" in done.stdout
    assert "Diagnosis" in done.stdout
    assert "250 images of digits (test)" in done.stdout


def test_evaluate_agrees_with_what_training_measured(isthmus, trained):
    """The same images, by another path."""
    run, _ = trained
    found = json.loads(isthmus("evaluate", run, "--parts", "likelihood", "--importance-samples", 1, "--json").stdout)
    rows = {row["key"]: row["value"] for section in found["sections"] for row in section["rows"]}
    measured = json.loads((run / "metrics.json").read_text())
    np.testing.assert_allclose(rows["rate_nats"], measured["rate_nats"]["mean"], rtol=1e-6)
    # The draws are others: a mean over 250 images moves by far less than one part in two hundred.
    np.testing.assert_allclose(rows["elbo_nats"], measured["elbo_nats"]["mean"], rtol=5e-3)


def test_evaluate_refuses_a_part_that_is_none(isthmus, trained):
    done = isthmus("evaluate", trained[0], "--parts", "beauty")
    assert done.returncode == 2
    assert "'beauty'" in done.stderr


@pytest.mark.slow
def test_compare_a_run_with_itself_finds_no_difference(isthmus, tmp_path, trained):
    run, _ = trained
    done = isthmus("compare", run, run, "--importance-samples", 2, "--out", "both.png", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    paired = [row["differences"][1] for row in rows if row["differences"][1] is not None]
    assert len(paired) > 3
    assert paired == [0.0] * len(paired)
    with Image.open(tmp_path / "both.png") as picture:
        assert picture.width > picture.height


def test_compare_needs_two(isthmus, trained):
    done = isthmus("compare", trained[0])
    assert done.returncode == 2
    assert "two runs" in done.stderr
