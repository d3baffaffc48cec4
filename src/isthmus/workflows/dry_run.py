"""A training of a few steps, to measure what the whole would take."""

import resource
import sys
import time
from dataclasses import dataclass

from isthmus.errors import TrainingError
from isthmus.training.backends import choose_backend, device_name, import_keras
from isthmus.training.memory import memory_explained
from isthmus.workflows.datasets import TrainingData

WARM_UP_STEPS = 3
TIMED_STEPS = 10


@dataclass(frozen=True)
class DryRun:
    """What a training takes, measured on a few steps.

    Attributes:
        backend: The framework.
        device: What it computes on.
        encoder_parameters: Weights of the encoder.
        decoder_parameters: Weights of the decoder.
        images: Training images.
        steps: The steps of the whole training.
        seconds_per_step: Median time of a step, after the first few.
        seconds: The time of all steps, without validation and plots.
        peak_memory_bytes: The peak memory of this process, including the images.
    """

    backend: str
    device: str
    encoder_parameters: int
    decoder_parameters: int
    images: int
    steps: int
    seconds_per_step: float
    seconds: float
    peak_memory_bytes: int


@memory_explained()
def dry_run(prepared: TrainingData, backend: str | None = None, device: str | None = None) -> DryRun:
    """Build everything, train for a few steps, make no run.

    Raises:
        IsthmusError: Whatever a training would raise before its first step.
        TrainingError: If the loss is not finite within these steps, or memory runs out.
    """
    chosen = choose_backend(backend, device)
    import_keras(device)

    import keras

    from isthmus.data import BatchPlan, TrainingBatches
    from isthmus.training.feed import training_feed
    from isthmus.training.fit import build_model

    recipe = prepared.recipe
    plan = BatchPlan(recipe.training.seed, len(prepared.train), recipe.training.batch_size)
    model = build_model(recipe, prepared.train.spec, plan.steps_per_epoch)
    times: list[float] = []

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]  # Keras carries no types
        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            if logs is None or not float(logs["loss"]) < float("inf"):
                raise TrainingError("the loss is not finite within the first steps; lower training.learning_rate.")
            times.append(time.perf_counter())

    batches = TrainingBatches(prepared.train, plan, recipe)
    feed = training_feed(batches, 0)
    model.fit(feed, steps_per_epoch=WARM_UP_STEPS + TIMED_STEPS, shuffle=False, verbose=0, callbacks=[Clock()])
    between = sorted(
        after - before for before, after in zip(times[WARM_UP_STEPS - 1 :], times[WARM_UP_STEPS:], strict=False)
    )
    per_step = between[len(between) // 2]
    steps = plan.steps_per_epoch * recipe.training.epochs
    # Linux counts in kibibytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return DryRun(
        backend=chosen,
        device=device_name(),
        encoder_parameters=model.encoder.count_params(),
        decoder_parameters=model.decoder.count_params(),
        images=len(prepared.train),
        steps=steps,
        seconds_per_step=per_step,
        seconds=per_step * steps,
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
    )
