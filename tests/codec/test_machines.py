"""The same archive, to the byte, from every way of computing: kernels for other processors, and other threads."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.slow

WAYS = {
    "one thread": {"OPENBLAS_NUM_THREADS": "1"},
    "two threads": {"OPENBLAS_NUM_THREADS": "2"},
    "the oldest kernels": {"OPENBLAS_CORETYPE": "Prescott"},
    "kernels without fused products": {"OPENBLAS_CORETYPE": "Sandybridge"},
    "kernels with fused products": {"OPENBLAS_CORETYPE": "Haswell"},
}
PROGRAM = """
import hashlib, json, pathlib, sys
import numpy as np
import threadpoolctl
import isthmus
run, images, others, place = isthmus.load(sys.argv[1]), np.load(sys.argv[2]), sys.argv[3], pathlib.Path(sys.argv[4])
place.mkdir()
found = {"kernels": sorted({pool.get("architecture", "") for pool in threadpoolctl.threadpool_info()
                            if pool["internal_api"] == "openblas"})}
for threads in (1, 2):
    isthmus.compress(run, images, place / f"{threads}.isth", threads=threads, chunk_images=45, embed=True)
    found[f"archive {threads}"] = hashlib.sha256((place / f"{threads}.isth").read_bytes()).hexdigest()
    isthmus.decompress(pathlib.Path(others) if others else place / "1.isth", place / f"{threads}.npy", threads=threads)
    found[f"images {threads}"] = bool((np.load(place / f"{threads}.npy") == images).all())
float32 = np.random.default_rng(0).standard_normal((40, 700)).astype(np.float32)
found["floats"] = hashlib.sha256(float32 @ float32.T).hexdigest()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tiny_run, bars, tmp_path_factory):
    """What each way gives; all but the first read the archive that the first wrote."""
    place = tmp_path_factory.mktemp("machines")
    noise = np.random.default_rng(0).integers(0, 2, (5, 12, 10, 1)) * 255
    images = np.concatenate([np.where(bars[0] > 127, 255, 0), noise, np.zeros((1, 12, 10, 1)), noise[:1] * 0 + 255])
    np.save(place / "images.npy", images.astype(np.uint8))
    found, first = {}, ""
    for way, environment in WAYS.items():
        out = place / way
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tiny_run.path), str(place / "images.npy"), first, str(out)],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found[way] = json.loads(done.stdout)
        first = first or str(out / "1.isth")
    return found


def test_every_archive_is_the_same(found):
    assert len({one[f"archive {threads}"] for one in found.values() for threads in (1, 2)}) == 1


def test_each_reads_what_another_wrote(found):
    assert all(one[f"images {threads}"] for one in found.values() for threads in (1, 2))


def test_the_ways_do_differ(found):
    """Else the others would show nothing: products of floating-point numbers come out differently."""
    if not any(one["kernels"] for one in found.values()):
        pytest.skip("NumPy has another library than OpenBLAS here")
    assert len({tuple(one["kernels"]) for one in found.values()}) > 1
    assert len({one["floats"] for one in found.values()}) > 1
