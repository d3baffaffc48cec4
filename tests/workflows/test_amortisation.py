import os
import subprocess
import sys

import numpy as np
import pytest

import isthmus
from isthmus.workflows import evaluation
from isthmus.workflows.evaluation import EvaluationRequest, evaluate


def test_the_amortisation_gap_is_measured_only_when_asked_for(copied_run, bars, monkeypatch):
    run = isthmus.load(copied_run)
    monkeypatch.setattr(evaluation, "amortisation_gap", lambda *_: pytest.fail("measured"))
    plain = evaluate(run, bars, EvaluationRequest(importance_samples=2, parts=("diagnosis",)))
    assert "--thorough" in str(plain.to_json())
    monkeypatch.setattr(evaluation, "amortisation_gap", lambda *_: "it was asked for")
    request = EvaluationRequest(importance_samples=2, parts=("diagnosis",), thorough=True, fresh=True)
    assert "it was asked for" in str(evaluate(run, bars, request).to_json())


@pytest.mark.slow
@pytest.mark.thorough  # tests/cli sees to the same in training
def test_the_framework_writes_nothing_between_the_lines_of_progress(tiny_run, bars, tmp_path):
    np.save(tmp_path / "images.npy", bars[0])
    program = """
import sys, numpy as np, isthmus
from isthmus.data import as_source
from isthmus.evaluation.measurements import Measurements
from isthmus.workflows.amortisation import amortisation_gap
measured = Measurements(isthmus.load(sys.argv[1]), as_source(np.load(sys.argv[2])), None, 0)
amortisation_gap(measured, trust=False)
"""
    quiet = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", program, tiny_run.path, tmp_path / "images.npy"],
        env=quiet,
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(line.startswith("amortisation gap: ") for line in done.stderr.splitlines()), done.stderr
