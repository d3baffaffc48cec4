import subprocess
import sys

import isthmus


def test_what_may_be_imported_is_listed():
    """Names that are found on first use are not in the module's dictionary, where `dir` looks."""
    code = "import isthmus; print(*dir(isthmus))"
    listed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert {"train", "load", "evaluate", "held_out"} <= set(listed)
    assert listed == sorted(isthmus.__all__)
    assert all(hasattr(isthmus, name) for name in listed)
