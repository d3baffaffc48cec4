"""Fitting a recipe to images, by Keras's own `fit`."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from isthmus.autoencoder import Autoencoder
from isthmus.data import BatchPlan, ImageSource, ImageSpec, TrainingBatches
from isthmus.errors import RecipeError, RunError, TrainingError
from isthmus.networks import layer_precision
from isthmus.probability import CONDITION
from isthmus.progress import progress_bar, tell
from isthmus.recipes import Recipe, Training, with_fields
from isthmus.runs.folder import CHECKPOINT, HISTORY
from isthmus.training import callbacks as cb
from isthmus.training.averages import ValidateAverage, averaged
from isthmus.training.backends import require_precision
from isthmus.training.checkpoints import Checkpoints
from isthmus.training.feed import ValidationFeed, training_feed
from isthmus.training.memory import memory_explained
from isthmus.training.optimiser import build_optimiser
from isthmus.training.state import TrainingState
from isthmus.training.weights import set_weights, weights_of

EpochAction = Callable[[Autoencoder, int, Mapping[str, float]], None]
"""Called with the model, the epoch (0 before training) and the metrics so far."""


@dataclass(frozen=True)
class Job:
    """One training: what, on what, and where its files go.

    Attributes:
        recipe: What to train.
        train: The training images.
        validation: The images that choose the best epoch, or None.
        folder: The run folder, which gets the loss curves and the checkpoints.
        history: The file of the loss curves; by default `history.csv` in the folder.
        custom: A custom encoder and decoder.
        initial_weights: Weights to start from instead of random ones, and where they come from.
        resume: Whether to resume from the newest checkpoint.
    """

    recipe: Recipe
    train: ImageSource
    validation: ImageSource | None
    folder: Path
    history: Path | None = None
    custom: tuple[keras.Model, keras.Model] | None = None
    initial_weights: tuple[Mapping[str, Any], str] | None = None
    resume: bool = False

    @property
    def plan(self) -> BatchPlan:
        """The order of the images."""
        return batch_plan(self.recipe.training, len(self.train))

    @property
    def steps_per_epoch(self) -> int:
        """The steps of an epoch."""
        return self.recipe.training.epoch_steps(len(self.train))


def batch_plan(training: Training, images: int) -> BatchPlan:
    """The order of a number of training images."""
    return BatchPlan(training.seed, images, training.batch_size)


@dataclass(frozen=True)
class Begun:
    """A model that is ready to be trained, or to be trained on, and how far it has come."""

    model: Autoencoder
    state: TrainingState


@dataclass(frozen=True)
class Fitted:
    """A trained model in float32, filled with its best weights, and how it came about.

    `outcome` is `complete`, `interrupted` (asked to stop) or `failed` (a loss that is not finite).
    """

    model: Autoencoder
    state: TrainingState
    outcome: str


def build_model(
    recipe: Recipe, spec: ImageSpec, steps_per_epoch: int = 1, custom: tuple[keras.Model, keras.Model] | None = None
) -> Autoencoder:
    """Build and compile the recipe's model, its weights fixed by the recipe's seed.

    Raises:
        RecipeError: If the recipe does not fit images of this shape.
        BackendError: If the backend does not train in the recipe's precision.
    """
    require_precision(recipe.training.precision)
    with _seeded(recipe.training.seed), layer_precision("float32"):
        model = Autoencoder(recipe, spec, steps_per_epoch, custom)
    optimiser = build_optimiser(recipe.training, recipe.training.epochs * steps_per_epoch)
    # XLA compiles TensorFlow's small convolutions into slower ones on a CPU; JAX has no other way.
    model.compile(optimizer=optimiser, jit_compile=keras.config.backend() == "jax")
    specs = {"input": model.image_spec, "target": model.target_spec}
    batch = {name: np.zeros((1, *each.shape), each.dtype) for name, each in specs.items()}
    model({**batch, CONDITION: np.zeros((1, recipe.condition.classes), np.float32)} if model.is_conditional else batch)
    optimiser.build(model.trainable_variables)
    return model


def in_float32(recipe: Recipe) -> Recipe:
    """The recipe of the same model in full precision, for use after training."""
    return with_fields(recipe, {"training.precision": "float32"})


def begin(job: Job) -> Begun:
    """Build a job's model, and fill it with the newest checkpoint or the initial weights where there are such.

    Nothing is written, so that whatever does not fit costs nothing.

    Raises:
        RecipeError: If the recipe does not fit the images, or asks for fewer epochs than are finished.
        RunError: If there is nothing to resume from, or initial weights that do not fit.
    """
    training, steps_per_epoch = job.recipe.training, job.steps_per_epoch
    if training.accumulation > training.epochs * steps_per_epoch:
        raise RecipeError(
            f"training.accumulation={training.accumulation} is more than the {training.epochs * steps_per_epoch} steps "
            "of the training, so the weights would never change; set fewer, or more training.epochs"
        )
    model = build_model(job.recipe, job.train.spec, steps_per_epoch, job.custom)
    if job.resume:
        state = Checkpoints(job.folder / CHECKPOINT).restore(model)
        if state.epoch > training.epochs:
            raise RecipeError(
                f"training.epochs={training.epochs} is fewer than the {state.epoch} epochs that the training has "
                "finished; set more to continue it"
            )
        if state.out_of_patience(training.patience):
            tell(f"{state.message}: the training is over; to continue anyway, --set training.patience=none")
        else:
            tell(f"resuming from step {state.step} of {training.epochs * steps_per_epoch}, in epoch {state.epoch + 1}")
        return Begun(model, state)
    if job.initial_weights is not None:
        set_weights(model, *job.initial_weights)
    return Begun(model, TrainingState())


@memory_explained()
def fit(job: Job, actions: tuple[EpochAction, ...] = (), begun: Begun | None = None) -> Fitted:
    """Train, keep the best epoch's weights, and survive Ctrl-C and a loss that is not finite.

    Args:
        job: What to train.
        actions: What to do before training and after each epoch.
        begun: What `begin` made of the job; by default it is called.

    Raises:
        RecipeError: As `begin` does.
        RunError: As `begin` does.
        TrainingError: If the loss is not finite before there is any good model, or memory runs out.
        StorageError: If history or checkpoints cannot be written.
    """
    training, plan, steps_per_epoch = job.recipe.training, job.plan, job.steps_per_epoch
    begun = begun or begin(job)
    model, state = begun.model, begun.state
    checkpoints = Checkpoints(job.folder / CHECKPOINT)
    batches = TrainingBatches(job.train, plan, job.recipe)
    validation = None if job.validation is None else ValidationFeed(job.validation, job.recipe)

    checkpointer = cb.Checkpointer(state, checkpoints, steps_per_epoch, training.checkpoint_seconds)
    stop = cb.PoliteStop(state, steps_per_epoch, checkpointer.save)
    outcome = "complete"
    with progress_bar("training", training.epochs * steps_per_epoch) as bar:
        watchers = [
            cb.StepCounter(state),
            cb.FiniteGuard(state, steps_per_epoch),
            ValidateAverage(),
            cb.KeepBest(state, training.patience),
            cb.History(state, job.history or job.folder / HISTORY),
            checkpointer,
            cb.ShowProgress(state, bar, training.epochs),
            *(cb.AfterEpochs(action, untrained=state.step == 0) for action in actions),
            stop,
        ]
        try:
            for leg in _legs(state, steps_per_epoch, training):
                sums = [keras.ops.convert_to_numpy(variable) for variable in model.metrics_variables]
                model.fit(
                    training_feed(batches, state.step),
                    steps_per_epoch=leg.steps,
                    initial_epoch=leg.first_epoch,
                    epochs=leg.end_epoch,
                    validation_data=validation,
                    shuffle=False,
                    verbose=0,
                    callbacks=[*watchers, cb.ContinueEpoch(sums)] if leg.within_epoch else watchers,
                )
                if model.stop_training:
                    break
        except (cb.InterruptedTraining, KeyboardInterrupt):
            outcome, state.message = "interrupted", f"stopped on request after {state.step} steps"
        except cb.NotFiniteError as error:
            outcome, state.message = "failed", str(error)
            if not state.best_weights:
                _fall_back(model, checkpoints, state)
        finally:
            stop.restore()
    if not state.best_weights:  # stopped within the first epoch
        with averaged(model):
            state.best_weights = weights_of(model)
    if training.precision != "float32":  # graphs are written, and compared, in float32
        model = build_model(in_float32(job.recipe), job.train.spec, steps_per_epoch)
    set_weights(model, state.best_weights, "the best epoch")
    return Fitted(model, state, outcome)


@dataclass(frozen=True)
class _Leg:
    """A stretch of training that is one call of Keras's `fit`."""

    first_epoch: int
    end_epoch: int
    steps: int
    within_epoch: bool = False


def _legs(state: TrainingState, steps_per_epoch: int, training: Training) -> Iterator[_Leg]:
    """The rest of an epoch that was broken off, where one was, and then whole epochs; none once patience ran out."""
    if state.out_of_patience(training.patience):
        return
    done = state.step - state.epoch * steps_per_epoch
    if done:
        yield _Leg(state.epoch, state.epoch + 1, steps_per_epoch - done, within_epoch=True)
    if state.epoch < training.epochs:
        yield _Leg(state.epoch, training.epochs, steps_per_epoch)


def _fall_back(model: Autoencoder, checkpoints: Checkpoints, state: TrainingState) -> None:
    """Take the last checkpoint's weights for the best where no epoch was finished.

    Raises:
        TrainingError: If there is none.
    """
    try:
        checkpoints.restore(model)
    except RunError:
        raise TrainingError(
            f"{state.message} It came too early for a checkpoint, so there is no good model to keep."
        ) from None


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Fix the seeds that Keras's initialisers draw from Python's own generator, and leave that as it was."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
