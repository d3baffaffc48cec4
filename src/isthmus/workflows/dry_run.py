"""A training of a few steps, to measure what the whole would take."""

import resource
import sys
from dataclasses import dataclass

from isthmus.training.backends import choose_backend, device_name, import_keras
from isthmus.workflows.datasets import TrainingData


@dataclass(frozen=True)
class DryRun:
    """What a training takes, measured on a few steps.

    Attributes:
        backend: The framework.
        device: What it computes on.
        encoder_parameters: Weights of the encoder.
        decoder_parameters: Weights of the decoder.
        prior_parameters: Weights of the prior; 0 for a prior that learns nothing.
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
    prior_parameters: int
    images: int
    steps: int
    seconds_per_step: float
    seconds: float
    peak_memory_bytes: int


def dry_run(prepared: TrainingData, backend: str | None = None, device: str | None = None) -> DryRun:
    """Build everything, train for a few steps, make no run.

    Raises:
        IsthmusError: Whatever a training would raise before its first step.
        TrainingError: If the loss is not finite within these steps, or memory runs out.
    """
    chosen = choose_backend(backend, device)
    import_keras(device)

    from isthmus.training.rehearsal import rehearse

    recipe = prepared.recipe
    measured = rehearse(recipe, prepared.train)
    steps = recipe.training.epoch_steps(len(prepared.train)) * recipe.training.epochs
    # Linux counts in kibibytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return DryRun(
        backend=chosen,
        device=device_name(),
        encoder_parameters=measured.model.encoder.count_params(),
        decoder_parameters=measured.model.decoder.count_params(),
        prior_parameters=0 if measured.model.prior is None else measured.model.prior.count_params(),
        images=len(prepared.train),
        steps=steps,
        seconds_per_step=measured.seconds_per_step,
        seconds=measured.seconds_per_step * steps,
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
    )
