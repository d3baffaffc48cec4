"""Checkpoints: everything that a training needs to resume exactly where it stopped, in one file each."""

import re
from pathlib import Path
from typing import Any

import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.errors import RunError
from isthmus.storage import write_bytes
from isthmus.training.state import TrainingState
from isthmus.training.weights import check_weights, set_state, state_of

KEPT = 2
"""Checkpoints kept: the last, and one before it in case a crash of the machine damaged the last."""
_STATE, _BEST, _PROGRESS = "state/", "best/", "training_state"


class Checkpoints:
    """The checkpoints of one run, `step-N.safetensors` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, model: Autoencoder, state: TrainingState) -> None:
        """Write a checkpoint atomically, then drop those no longer kept.

        Raises:
            StorageError: If it cannot be written; the checkpoints before it stay.
        """
        arrays: dict[str, NDArray[Any]] = {_STATE + name: array for name, array in state_of(model).items()}
        arrays |= {_BEST + name: array for name, array in state.best_weights.items()}
        content = safetensors.numpy.save(arrays, {_PROGRESS: state.to_json()})
        path = self.folder / f"step-{state.step:09d}.safetensors"
        write_bytes(path, content)
        self._drop_those_before(path)

    def restore(self, model: Autoencoder) -> TrainingState:
        """Fill a compiled and built model from the newest checkpoint that is whole.

        Raises:
            RunError: If there is none, or it does not fit the model.
        """
        for path in reversed(self._files()):
            try:
                with safetensors.safe_open(path, framework="numpy") as file:
                    arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no mapping
                    text = (file.metadata() or {})[_PROGRESS]
                best = {name.removeprefix(_BEST): array for name, array in arrays.items() if name.startswith(_BEST)}
                state = TrainingState.from_json(text, best)
            except (OSError, KeyError, TypeError, ValueError, safetensors.SafetensorError):
                continue
            if best:  # none before the first epoch has ended
                check_weights(model, best, str(path))
            now = {name.removeprefix(_STATE): array for name, array in arrays.items() if name.startswith(_STATE)}
            set_state(model, now, str(path))
            # A kill may have come between a checkpoint and the dropping of an older one.
            self._drop_those_before(path)
            return state
        raise RunError(f"{self.folder} holds no whole checkpoint to resume from; train again, into another --out.")

    def _drop_those_before(self, whole: Path) -> None:
        """Keep one that is whole, and as many before it as are to be kept beside it."""
        for old in [path for path in self._files() if path <= whole][:-KEPT]:
            old.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        named = (path for path in self.folder.iterdir() if re.fullmatch(r"step-\d{9,}\.safetensors", path.name))
        return sorted(path for path in named if path.is_file() and not path.is_symlink())
