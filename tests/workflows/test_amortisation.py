import os
import subprocess
import sys

import numpy as np
import pytest


@pytest.mark.slow
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
