"""Summaries of measurements, on which a diagnosis rests."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import EvaluationBatches, batch_size_for
from isthmus.evaluation.diagnosis import BaselineResult, Progress, Summary
from isthmus.evaluation.latent import active_dimensions
from isthmus.evaluation.measurements import Measurements, subset
from isthmus.evaluation.reconstruction import Closeness, ReconstructionResult, measure_reconstruction, psnr
from isthmus.evaluation.retention import measure_retention
from isthmus.noise import other_images
from isthmus.probability import namespace
from isthmus.runs import EncodedImages, Run
from isthmus.runs.encoding import numbers_of
from isthmus.runs.history import recorded_history
from isthmus.scores import as_pixels, score
from isthmus.units import Estimate

TRAIN_IMAGES = 1_000
"""Training images whose scores are set beside the test images', at most."""
_OTHER_STREAM = 0x6F746872


def full_summary(measured: Measurements, amortisation_gap: Estimate | None = None) -> Summary:
    """Summarise all that a diagnosis rests on, for an evaluation.

    Args:
        measured: A run that reconstructs, and its images.
        amortisation_gap: How much better, in nats, posteriors optimised for their images explain them, if measured.
    """
    retained = None if measured.run.latent.is_discrete else measure_retention(measured)
    code_error, pca_code_error = retained or (None, None)
    return replace(
        quick_summary(measured, measured.reconstruction),
        holes=measured.latent.holes,
        code_error=code_error,
        pca_code_error=pca_code_error,
        amortisation_gap=amortisation_gap,
    )


def quick_summary(measured: Measurements, rebuilt: ReconstructionResult | None = None) -> Summary:
    """Summarise what takes seconds, for the end of a training and the report.

    Args:
        measured: A run that reconstructs, and its images.
        rebuilt: Their reconstruction, where it is measured already.
    """
    run, codes, scores = measured.run, measured.codes, measured.scores
    if rebuilt is None:
        rebuilt = measure_reconstruction(run, measured.test, measured.seed, measured.pca, similarity=False)
    active = active_dimensions(codes)
    power = np.square(codes.mean) + (0.0 if codes.log_variance is None else np.exp(codes.log_variance))
    return replace(
        training_summary(run),
        mse=float(rebuilt.run.mse.mean()),
        psnr_db=float(rebuilt.run.psnr.mean()),
        pca=_baseline(rebuilt, rebuilt.pca, rebuilt.components),
        mean_image=_baseline(rebuilt, rebuilt.mean_image, 0),
        shuffled_mse=float(rebuilt.shuffled_mse.mean()),
        active=None if run.latent.is_discrete else active,
        codebook=measured.codebook_use,
        rate=float(scores.rate.mean()),
        code_power=float(power[:, active].mean()) if active.any() and run.latent.has_standard_prior else None,
        code_worth=code_worth(run, measured.subset_codes),
        distortion=scores.distortion,
        names=measured.test.names,
        **losses(measured),
    )


def task_summary(measured: Measurements) -> Summary:
    """Summarise a run that restores: classes by number have no brightness to compare."""
    scores = measured.scores
    summary = replace(training_summary(measured.run), distortion=scores.distortion, names=measured.test.names)
    if measured.run.recipe.likelihood.of_classes:
        return replace(summary, test_loss=Estimate.of(scores.distortion + scores.rate))
    return replace(
        summary,
        mse=float(scores.squared_error.mean()),
        psnr_db=float(psnr(scores.squared_error).mean()),
        unchanged=_unchanged(measured, scores.squared_error),
        **losses(measured),
    )


def training_summary(run: Run) -> Summary:
    """What a run's own files say of its training."""
    data, training = run.manifest.data, run.manifest.training
    return Summary(
        recipe=run.recipe,
        progress=Progress(
            state=run.manifest.state,
            message="" if training is None else training.message,
            epochs=0 if training is None else training.epochs,
            best_epoch=0 if training is None else training.best_epoch,
            history=recorded_history(run.path, run.manifest),
        ),
        train_images=data.train_images,
        validation_images=data.validation_images,
        test_images=data.test_images,
    )


def losses(measured: Measurements) -> dict[str, Any]:
    """The loss of test images, and that of training images and their squared error, where these can be found."""
    scores = measured.scores
    found: dict[str, Any] = {"test_loss": Estimate.of(scores.distortion + scores.rate)}
    if measured.train is not None:
        known = score(measured.run, subset(measured.train, TRAIN_IMAGES, measured.seed), measured.seed)
        found["train_loss"] = Estimate.of(known.distortion + known.rate)
        found["train_mse"] = float(known.squared_error.mean())
    return found


def _unchanged(measured: Measurements, own: NDArray[np.float64]) -> BaselineResult | None:
    """The input as it is, as a prediction; None where it is none."""
    recipe, errors = measured.run.recipe, []
    for batch in EvaluationBatches(measured.test, batch_size_for(measured.test.spec.dims), recipe, measured.seed):
        given = measured.run.task.unchanged(np.asarray(batch.input, np.uint8))
        if given is None or given.shape != batch.target.shape:
            return None
        errors.append(
            np.mean(np.square((batch.target.astype(np.float64) - given.astype(np.float64)) / 255.0), axis=(1, 2, 3))
        )
    mse = np.concatenate(errors)
    return BaselineResult(float(mse.mean()), float(psnr(mse).mean()), Estimate.of(own - mse))


def _baseline(rebuilt: ReconstructionResult, found: Closeness | None, dim: int) -> BaselineResult | None:
    if found is None:
        return None
    excess = Estimate.of(rebuilt.run.mse - found.mse)
    return BaselineResult(float(found.mse.mean()), float(found.psnr.mean()), excess, dim, rebuilt.fitted_on)


def code_worth(run: Run, encoded: EncodedImages) -> float:
    """Nats by which an image's own code explains it better than another image's does, the mean over images."""
    codes, source, seed = encoded.posterior["mean"], encoded.source, encoded.seed
    others = codes[other_images(len(codes), [seed, _OTHER_STREAM])]
    differences, start = [], 0
    for batch in EvaluationBatches(source, batch_size_for(numbers_of(run)), run.recipe, seed):
        part = slice(start, start := start + len(batch.target))
        images = as_pixels(batch.target, run.recipe.pixels)
        given = {name: array[part] for name, array in encoded.posterior.items()}
        own, other = (
            run.likelihood.distortion(namespace, images, run.decode_parameters(z, given))
            for z in (codes[part], others[part])
        )
        differences.append(other - own)
    return float(np.mean(np.concatenate(differences)))
