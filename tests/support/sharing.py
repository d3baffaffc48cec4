"""What takes long to make is made once, by whichever worker needs it first."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def share(factory: pytest.TempPathFactory, name: str, fill: Callable[[Path], object]) -> Path:
    """The folder of a name, the same for all workers; nobody changes what is in it.

    Args:
        factory: Of the temporary folders of this worker.
        name: The folder's name.
        fill: Called with the empty folder, by the first who asks.
    """
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = base / "shared" / name, base / "shared" / f"{name}.done"
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # half of it, where its maker failed
            folder.mkdir()
            fill(folder)
            done.touch()
    return folder
