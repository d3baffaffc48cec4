"""Privacy: using a run reaches no other machine, and leaves nothing in the home directory."""

import os
import shutil
import subprocess
import sys

import pytest

LIBRARY = ("-c", "import isthmus, sys; isthmus.load(sys.argv[1]).sample(2)")
COMMAND = ("-m", "isthmus", "sample", "--out", "samples.png")


@pytest.mark.parametrize("program", [LIBRARY, COMMAND], ids=["library", "command line"])
def test_using_a_run_reaches_no_other_machine_and_writes_nothing_at_home(program, tiny_run, tmp_path):
    """ONNX Runtime reports its use unless told not to; a variable `CI` would keep it quiet as well."""
    home, trace = tmp_path / "home", tmp_path / "trace"
    home.mkdir()
    tracer = [shutil.which("strace"), "-f", "-e", "trace=network", "-o", trace] if shutil.which("strace") else []
    subprocess.run(
        [*tracer, sys.executable, *program, tiny_run.path],
        cwd=tmp_path,
        env={"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        check=True,
    )
    assert list(home.rglob("*")) == []
    if not tracer:
        pytest.skip("strace is not installed: the home directory was checked, the network was not")
    assert [line for line in trace.read_text().splitlines() if "AF_INET" in line] == []
