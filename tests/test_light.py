"""What is light: using a trained run, and all that describes one, imports no training framework."""

import importlib.util
import json
import os
import pkgutil
import subprocess
import sys

import numpy as np
import pytest

import isthmus

FRAMEWORKS = {"keras", "tensorflow", "jax", "torch"}
LIGHT = (
    "isthmus",
    "isthmus.api",
    "isthmus.codec",
    "isthmus.data",
    "isthmus.errors",
    "isthmus.inputs",
    "isthmus.explorer.export.page",
    "isthmus.explorer.server.runner",
    "isthmus.noise",
    "isthmus.notebook",
    "isthmus.plots",
    "isthmus.probability",
    "isthmus.probability.densities",
    "isthmus.progress",
    "isthmus.recipes",
    "isthmus.runs",
    "isthmus.runs.writer",
    "isthmus.scores",
    "isthmus.storage",
    "isthmus.training.backends",
    "isthmus.units",
    "isthmus.workflows.compression",
    "isthmus.workflows.decompression",
    "isthmus.workflows.metrics",
    "isthmus.workflows.datasets",
    "isthmus.workflows.provenance",
    "isthmus.workflows.train",
    "isthmus.training.film",
)
# After each module by itself: which of the packages of interest are there now?
IMPORT_EACH = """
import importlib, json, sys
found = {}
for name in %r:
    importlib.import_module(name)
    found[name] = sorted({module.partition(".")[0] for module in sys.modules} & %r)
print(json.dumps(found))
"""
USE = """
import json, sys
import numpy as np
import isthmus
run = isthmus.load(sys.argv[1])
images = run.sample(3)
run.sample(3, label=run.class_names[0])
seen = {"sampled": sorted({module.partition(".")[0] for module in sys.modules})}
run.reconstruct(images)
run.reconstruct(images, draws=2)
run.decode(run.encode(images)["mean"])
seen["reconstructed"] = sorted({module.partition(".")[0] for module in sys.modules})
from isthmus.data import as_source
from isthmus.scores import score
score(run, as_source(images))
seen["scored"] = sorted({module.partition(".")[0] for module in sys.modules})
print(json.dumps(seen))
"""


def run_python(program, *arguments, **variables):
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_light_modules_bring_no_framework():
    found = run_python(IMPORT_EACH % (LIGHT, FRAMEWORKS))
    assert {name: brought for name, brought in found.items() if brought} == {}


def test_every_data_recipe_plot_probability_and_run_module_is_light():
    names = [
        module.name
        for package in ("codec", "data", "recipes", "plots", "probability", "runs")
        for module in pkgutil.walk_packages(
            importlib.util.find_spec(f"isthmus.{package}").submodule_search_locations, f"isthmus.{package}."
        )
    ]
    assert len(names) > 25
    found = run_python(IMPORT_EACH % (tuple(names), FRAMEWORKS))
    assert {name: brought for name, brought in found.items() if brought} == {}


def test_importing_isthmus_imports_nearly_nothing():
    heavy = {"numpy", "scipy", "sklearn", "matplotlib", "PIL", "pydantic", "onnx", "onnxruntime", "rich"}
    assert run_python(IMPORT_EACH % (("isthmus",), heavy | FRAMEWORKS)) == {"isthmus": []}


def test_using_a_run_needs_no_framework(tiny_run):
    seen = {stage: set(modules) for stage, modules in run_python(USE, tiny_run.path).items()}
    for stage, modules in seen.items():
        assert not modules & FRAMEWORKS, stage
    for stage in ("sampled", "reconstructed"):
        assert not seen[stage] & {"matplotlib", "sklearn", "skimage", "scipy"}, stage


def test_a_run_works_where_no_framework_is_installed(tiny_run):
    """Even asking for one fails here, as on a machine without the extras."""
    hidden = f"import sys\nsys.modules.update(dict.fromkeys({sorted(FRAMEWORKS)}))\n"
    seen = run_python(hidden + USE, tiny_run.path)
    assert "onnxruntime" in seen["sampled"]


def test_the_public_names_are_all_there():
    for name in isthmus.__all__:
        assert getattr(isthmus, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        isthmus.nonsense  # noqa: B018
    assert isthmus.__version__


def test_a_run_in_this_process_agrees_with_one_in_another(tiny_run):
    program = "import json, sys, isthmus\nprint(json.dumps(isthmus.load(sys.argv[1]).sample(4, seed=3).tolist()))"
    np.testing.assert_array_equal(run_python(program, tiny_run.path), tiny_run.sample(4, seed=3))
