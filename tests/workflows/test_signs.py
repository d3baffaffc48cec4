import os
import subprocess
import sys

import numpy as np
import pytest

from isthmus.data import as_source
from isthmus.evaluation.latent import measure_latent
from isthmus.evaluation.material import Material
from isthmus.evaluation.reconstruction import measure_reconstruction
from isthmus.runs import encode
from isthmus.scores import score
from isthmus.workflows import signs


@pytest.fixture(scope="module")
def by_class(bars):
    """The bars class by class, as folders list them."""
    images, labels = bars
    order = np.argsort(labels, kind="stable")
    return as_source(images[order])


def test_what_a_code_is_worth_does_not_depend_on_neighbours_of_one_class(tiny_ae_run, bars, by_class):
    mixed, sorted_by_class = (encode(tiny_ae_run, source, 0) for source in (as_source(bars[0]), by_class))
    expected = pytest.approx(signs.code_worth(tiny_ae_run, mixed), rel=0.15)
    assert signs.code_worth(tiny_ae_run, sorted_by_class) == expected


def test_the_amortisation_gap_is_measured_only_when_asked_for(tiny_run, by_class, monkeypatch):
    monkeypatch.setattr(signs, "amortisation_gap", lambda *_: pytest.fail("measured"))
    material = Material(tiny_run, by_class, None, 0)
    measured = (score(tiny_run, by_class, 0), measure_reconstruction(material), measure_latent(material.test_codes, 0))
    found, _ = signs.measure_signs(material, *measured)
    assert found.amortisation_gap is None
    monkeypatch.setattr(signs, "amortisation_gap", lambda *_: "it was asked for")
    _, left_out = signs.measure_signs(material, *measured, thorough=True)
    assert "it was asked for" in left_out


@pytest.mark.slow
def test_the_framework_writes_nothing_between_the_lines_of_progress(tiny_run, bars, tmp_path):
    np.save(tmp_path / "images.npy", bars[0])
    program = """
import sys, numpy as np, isthmus
from isthmus.data import as_source
from isthmus.evaluation.material import Material
from isthmus.workflows import signs
material = Material(isthmus.load(sys.argv[1]), as_source(np.load(sys.argv[2])), None, 0)
signs.amortisation_gap(material, trust=False)
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
