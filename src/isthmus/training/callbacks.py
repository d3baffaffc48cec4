"""What happens around the steps of a training, one small callback each."""

import csv
import io
import math
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.errors import TrainingError
from isthmus.progress import Bar
from isthmus.runs.history import loss_terms
from isthmus.storage import write_text
from isthmus.training.averages import averaged
from isthmus.training.checkpoints import Checkpoints
from isthmus.training.state import TrainingState
from isthmus.training.weights import synchronise, weights_of


class InterruptedTraining(Exception):  # noqa: N818  # no error, but a request
    """Somebody asked the training to stop; it does so between two steps."""


class NotFiniteError(TrainingError):
    """A term of the loss is no longer finite."""


def all_finite(weights: Mapping[str, NDArray[Any]]) -> bool:
    """Whether no weight is NaN or infinite; the loss of the step that made one so was finite still."""
    return all(np.isfinite(array).all() for array in weights.values())


class StepCounter(keras.callbacks.Callback):
    """Counts steps, epochs and seconds into the training's state; goes first."""

    def __init__(self, state: TrainingState) -> None:
        super().__init__()
        self._state, self._since = state, time.monotonic()

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Start the clock."""
        self._since = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Count a step."""
        self._state.step += 1
        self._tick()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Count an epoch."""
        self._state.epoch = epoch + 1
        self._tick()

    def _tick(self) -> None:
        now = time.monotonic()
        self._state.seconds += now - self._since
        self._since = now


class FiniteGuard(keras.callbacks.Callback):
    """Stops at the first step whose loss is not finite, and says which term it was.

    The metrics are means since the epoch began, so one bad value shows in every later one, and at once.
    """

    def __init__(self, state: TrainingState, steps_per_epoch: int) -> None:
        super().__init__()
        self._state, self._steps_per_epoch = state, steps_per_epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Look at the loss, and at its terms if it is not finite.

        Raises:
            NotFiniteError: If it is not.
        """
        if logs is None or math.isfinite(float(logs["loss"])):
            return
        terms = [name for name in loss_terms(logs) if name != "loss" and not math.isfinite(float(logs[name]))]
        step_in_epoch = (self._state.step - 1) % self._steps_per_epoch + 1
        raise NotFiniteError(
            f"the {' and the '.join(terms) or 'loss'} stopped being finite in epoch "
            f"{self._state.epoch + 1}, step {step_in_epoch} of {self._steps_per_epoch}. Try a lower "
            f"training.learning_rate, or training.clip_norm=1."
        )


class KeepBest(keras.callbacks.Callback):
    """Keeps the weights of the best epoch, by validation loss, or by training loss where there is no validation."""

    def __init__(self, state: TrainingState, patience: int | None) -> None:
        super().__init__()
        self._state, self._patience = state, patience

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Compare this epoch with the best, and stop where patience ran out."""
        assert logs is not None
        loss = float(logs.get("val_loss", logs["loss"]))
        with averaged(self.model):
            weights = weights_of(self.model) if loss < self._state.best_loss else {}
        if weights and all_finite(weights):
            self._state.best_weights = weights
            self._state.best_loss, self._state.best_epoch, self._state.waited = loss, epoch + 1, 0
            return
        self._state.waited += 1
        if self._state.out_of_patience(self._patience):
            self.model.stop_training = True


class History(keras.callbacks.Callback):
    """Adds a row for each epoch and keeps `history.csv` up to date."""

    def __init__(self, state: TrainingState, path: Path) -> None:
        super().__init__()
        self._state, self._path = state, path

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Write the file anew, atomically: it is small, and never truncated."""
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        row = {"epoch": epoch + 1, "step": self._state.step, "seconds": round(self._state.seconds, 3)}
        row |= {name: float(value) for name, value in (logs or {}).items()} | {"learning_rate": rate}
        self._state.history.append(row)
        write_text(self._path, history_table(self._state.history))


def history_table(rows: list[dict[str, float]]) -> str:
    """The text of `history.csv`: a line for each epoch, one or more, under the names of the columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[-1]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


class Checkpointer(keras.callbacks.Callback):
    """Writes a checkpoint after each epoch and, within long ones, at a fixed interval.

    It goes after whatever changes the training's state.  There is none between an epoch's last step and its end: a
    training could not go on from there.
    """

    def __init__(self, state: TrainingState, checkpoints: Checkpoints, steps_per_epoch: int, seconds: float) -> None:
        super().__init__()
        self._state, self._checkpoints = state, checkpoints
        self._steps_per_epoch, self._seconds = steps_per_epoch, seconds
        self._next = time.monotonic() + seconds

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Write one if it is time."""
        if time.monotonic() >= self._next and self._state.step % self._steps_per_epoch:
            self.save()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Write one."""
        self.save()

    def save(self) -> None:
        """Write one now, unless a weight is not finite: the loss will show that only in the next step."""
        if all_finite(weights_of(self.model)):
            self._checkpoints.save(self.model, self._state)
        self._next = time.monotonic() + self._seconds


class ContinueEpoch(keras.callbacks.Callback):
    """Gives the metrics their sums back when a resumed training goes on in the middle of an epoch."""

    def __init__(self, sums: list[NDArray[Any]]) -> None:
        super().__init__()
        self._sums = sums

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Keras has just reset them."""
        for variable, value in zip(self.model.metrics_variables, self._sums, strict=True):
            variable.assign(value)


class ShowProgress(keras.callbacks.Callback):
    """Feeds a progress bar with the steps done, the loss and its terms."""

    EVERY_SECONDS = 0.2

    def __init__(self, state: TrainingState, bar: Bar, epochs: int) -> None:
        super().__init__()
        self._state, self._bar, self._epochs = state, bar, epochs
        self._next, self._validation = 0.0, ""

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Now and then: drawing costs more than a small step."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self.EVERY_SECONDS
        logs = logs or {}
        terms = "  ".join(f"{name} {float(logs[name]):.2f}" for name in loss_terms(logs))
        self._bar.update(self._state.step, f"epoch {self._state.epoch + 1}/{self._epochs}  {terms}{self._validation}")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Say how validation went."""
        logs = logs or {}
        if "val_loss" in logs:
            self._validation = f"  validation {float(logs['val_loss']):.2f}"
        self._bar.update(
            self._state.step, f"epoch {epoch + 1}/{self._epochs}  loss {float(logs['loss']):.2f}{self._validation}"
        )


class AfterEpochs(keras.callbacks.Callback):
    """Calls a function with the model before training and after each epoch: for images and logs.

    Args:
        act: The function.
        untrained: Whether the model has not been trained for a single step yet, so that there is an epoch 0.
    """

    def __init__(self, act: Callable[[Autoencoder, int, Mapping[str, float]], None], untrained: bool) -> None:
        super().__init__()
        self._act, self._untrained = act, untrained

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Epoch 0: the weights before training."""
        if self._untrained:
            self._act(self.model, 0, {})

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """After an epoch, counted from 1."""
        synchronise(self.model)
        with averaged(self.model):
            self._act(self.model, epoch + 1, {name: float(value) for name, value in (logs or {}).items()})


class PoliteStop(keras.callbacks.Callback):
    """Turns the first Ctrl-C or SIGTERM into a stop between two steps; a second Ctrl-C stops at once.

    After an epoch's last step it lets the epoch end first, so that a training can go on from there.

    Args:
        state: How far the training is.
        steps_per_epoch: Steps in an epoch.
        save: Called before a stop within an epoch. Afterwards it is too late: Keras may change weights at the end of
            `fit`.
    """

    def __init__(self, state: TrainingState, steps_per_epoch: int, save: Callable[[], None]) -> None:
        super().__init__()
        self._state, self._steps_per_epoch, self._save = state, steps_per_epoch, save
        self._asked = False
        self._before: dict[int, Any] = {}

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Listen, where this is the main thread: elsewhere Python does not let one."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                before = signal.signal(number, self._ask)
                self._before.setdefault(number, before)  # a resumed training may begin twice

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Stop if asked to.

        Raises:
            InterruptedTraining: Between two steps.
        """
        if self._asked and self._state.step % self._steps_per_epoch:
            self._save()
            raise InterruptedTraining

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Stop if asked to.

        Raises:
            InterruptedTraining: Between two epochs.
        """
        if self._asked:
            raise InterruptedTraining

    def restore(self) -> None:
        """Restore the earlier handlers of the signals."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._asked = True
