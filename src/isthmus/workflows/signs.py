"""The measurements that a diagnosis rests on."""

import importlib.util
from dataclasses import replace
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from isthmus.data import ImageSource, batch_size_for, evaluation_batches
from isthmus.errors import BackendError, RunError, TrustError
from isthmus.evaluation.diagnosis import Baseline, Progress, Signs
from isthmus.evaluation.latent import LatentFigures, active_dimensions
from isthmus.evaluation.material import Material, subset
from isthmus.evaluation.reconstruction import Closeness, Reconstruction, psnr
from isthmus.evaluation.retention import measure_retention
from isthmus.noise import normal_by_image, other_images
from isthmus.probability import namespace
from isthmus.runs import EncodedImages, Run, folder
from isthmus.runs.encoding import numbers_of
from isthmus.runs.history import read_history
from isthmus.scores import Scores, as_pixels, score
from isthmus.units import Estimate

TRAIN_IMAGES = 1_000
"""Training images whose scores are set beside the test images', at most."""
OPTIMISED = 64
"""Test images whose posterior is optimised."""
GAP_DRAWS = 64
_GAP_STREAM, _OTHER_STREAM = 0x67617020, 0x6F746872


def measure_signs(
    material: Material,
    scores: Scores,
    rebuilt: Reconstruction,
    latent: LatentFigures,
    *,
    trust: bool = False,
    thorough: bool = False,
) -> tuple[Signs, str]:
    """Measure all that a diagnosis rests on, for an evaluation.

    Args:
        material: The run and its images.
        scores: Of the test images.
        rebuilt: Of the test images.
        latent: Of the test images.
        trust: Load the run's custom network, which may execute arbitrary code, for the amortisation gap.
        thorough: Measure the amortisation gap, which imports a training framework and takes minutes.

    Returns:
        The signs, and what could not be measured, in words; empty if all could.
    """
    gap = amortisation_gap(material, trust) if thorough else ""
    code_error, pca_code_error = measure_retention(material) or (None, None)
    left_out = []
    if material.train is None:
        left_out.append(
            "The training images are not at hand, so there is no comparison with PCA or the mean image, and "
            "overfitting and lost detail were not looked for."
        )
    if isinstance(gap, str):
        left_out.append(gap)
    signs = replace(
        quick_signs(material, scores, rebuilt),
        holes=latent.holes,
        code_error=code_error,
        pca_code_error=pca_code_error,
        amortisation_gap=gap if isinstance(gap, Estimate) else None,
    )
    return signs, " ".join(text for text in left_out if text)


def quick_signs(material: Material, scores: Scores, rebuilt: Reconstruction) -> Signs:
    """Measure what takes seconds, for the end of a training and the report.

    Args:
        material: A run that reconstructs, and its images.
        scores: Of the test images.
        rebuilt: Of the test images.
    """
    run, codes = material.run, material.test_codes
    active = active_dimensions(codes)
    power = np.square(codes.mean) + (0.0 if codes.log_variance is None else np.exp(codes.log_variance))
    return replace(
        training_signs(run),
        mse=float(rebuilt.run.mse.mean()),
        psnr_db=float(rebuilt.run.psnr.mean()),
        pca=_baseline(rebuilt, rebuilt.pca, rebuilt.components),
        mean_image=_baseline(rebuilt, rebuilt.mean_image, 0),
        shuffled_mse=float(rebuilt.shuffled_mse.mean()),
        active=active,
        rate=float(scores.rate.mean()),
        code_power=float(power[:, active].mean()) if active.any() else None,
        code_worth=code_worth(run, material.subset_codes),
        distortion=scores.distortion,
        names=material.test.names,
        **losses(material, scores),
    )


def task_signs(material: Material, scores: Scores) -> Signs:
    """Measure what takes seconds of a run that restores: classes by number have no brightness to compare.

    Args:
        material: The run, and its images.
        scores: Of the test images.
    """
    signs = replace(training_signs(material.run), distortion=scores.distortion, names=material.test.names)
    if material.run.recipe.likelihood.kind == "categorical":
        return replace(signs, test_loss=Estimate.of(scores.distortion + scores.rate))
    return replace(
        signs,
        mse=float(scores.squared_error.mean()),
        psnr_db=float(psnr(scores.squared_error).mean()),
        unchanged=_unchanged(material, scores.squared_error),
        **losses(material, scores),
    )


def training_signs(run: Run) -> Signs:
    """What a run's own files say of its training."""
    data, training = run.manifest.data, run.manifest.training
    return Signs(
        recipe=run.recipe,
        progress=Progress(
            state=run.manifest.state,
            message="" if training is None else training.message,
            epochs=0 if training is None else training.epochs,
            best_epoch=0 if training is None else training.best_epoch,
            history=read_history(run.path, run.manifest) if folder.HISTORY in run.manifest.files else {},
        ),
        train_images=data.train_images,
        validation_images=data.validation_images,
        test_images=data.test_images,
    )


def losses(material: Material, scores: Scores) -> dict[str, Any]:
    """The loss of test images, and where they are at hand that of training images and their squared error."""
    found: dict[str, Any] = {"test_loss": Estimate.of(scores.distortion + scores.rate)}
    if material.train is not None:
        known = score(material.run, subset(material.train, TRAIN_IMAGES, material.seed), material.seed)
        found["train_loss"] = Estimate.of(known.distortion + known.rate)
        found["train_mse"] = float(known.squared_error.mean())
    return found


def _unchanged(material: Material, own: NDArray[np.float64]) -> Baseline | None:
    """The input as it is, as a prediction; None where it is none."""
    recipe, errors = material.run.recipe, []
    for batch in evaluation_batches(material.test, batch_size_for(material.test.spec.dims), recipe, material.seed):
        given = material.run.task.unchanged(np.asarray(batch.input, np.uint8))
        if given is None or given.shape != batch.target.shape:
            return None
        errors.append(
            np.mean(np.square((batch.target.astype(np.float64) - given.astype(np.float64)) / 255.0), axis=(1, 2, 3))
        )
    mse = np.concatenate(errors)
    return Baseline(float(mse.mean()), float(psnr(mse).mean()), Estimate.of(own - mse))


def _baseline(rebuilt: Reconstruction, found: Closeness | None, dim: int) -> Baseline | None:
    if found is None:
        return None
    excess = Estimate.of(rebuilt.run.mse - found.mse)
    return Baseline(float(found.mse.mean()), float(found.psnr.mean()), excess, dim, rebuilt.fitted_on)


def code_worth(run: Run, encoded: EncodedImages) -> float:
    """Nats by which an image's own code explains it better than another image's does, the mean over images."""
    codes, source, seed = encoded.posterior["mean"], encoded.source, encoded.seed
    others = codes[other_images(len(codes), [seed, _OTHER_STREAM])]
    differences, start = [], 0
    for batch in evaluation_batches(source, batch_size_for(numbers_of(run)), run.recipe, seed):
        part = slice(start, start := start + len(batch.target))
        images = as_pixels(batch.target, run.recipe.pixels)
        own, other = (
            run.likelihood.distortion(namespace, images, run.decode_parameters(z)) for z in (codes[part], others[part])
        )
        differences.append(other - own)
    return float(np.mean(np.concatenate(differences)))


def amortisation_gap(material: Material, trust: bool) -> Estimate | str:
    """How much better, in nats, a posterior optimised for its image explains it; or why that was not measured.

    The only measurement that needs a training framework: it is imported here, and nowhere before.
    """
    run, seed = material.run, material.seed
    if not run.latent.has_rate:
        return ""
    images, posterior = _some(run, material.test, seed)
    try:
        better = _optimised(run, images, posterior, seed, trust)
    except BackendError:
        return "No training backend is installed, so the encoder was not tested (the amortisation gap)."
    except TrustError:
        return (
            "The run has a custom network, which is loaded only with --trust, so the encoder was not tested (the "
            "amortisation gap); --trust lets it."
        )
    except RunError as error:
        return f"The encoder was not tested (the amortisation gap): {error}"
    return Estimate.of(_elbo(run, images, better, seed) - _elbo(run, images, posterior, seed))


def _some(run: Run, source: ImageSource, seed: int) -> tuple[NDArray[np.generic], dict[str, NDArray[np.float32]]]:
    chosen = subset(source, OPTIMISED, seed)
    batches = list(evaluation_batches(chosen, batch_size_for(chosen.spec.dims), run.recipe, seed))
    images = np.concatenate([batch.target for batch in batches])
    return images, run.encode(np.concatenate([batch.input for batch in batches]))


def _optimised(
    run: Run, images: NDArray[np.generic], posterior: dict[str, NDArray[np.float32]], seed: int, trust: bool
) -> dict[str, NDArray[np.float32]]:
    from isthmus.training.backends import choose_backend, import_keras

    if importlib.util.find_spec("keras") is None:
        raise BackendError("Keras is not installed")
    choose_backend()
    import_keras()
    arrays = safetensors.numpy.load(folder.read_file(run.path, folder.WEIGHTS, run.manifest))
    custom = None
    if folder.CUSTOM_ENCODER in run.manifest.files:
        from isthmus.training.custom import load_custom

        custom = load_custom(run.path, run.manifest, trust)
    from isthmus.training.amortisation import optimise_posteriors
    from isthmus.training.fit import build_model
    from isthmus.training.weights import set_weights

    model = build_model(run.recipe, run.image, custom=custom)
    set_weights(model, arrays, str(run.path))
    return optimise_posteriors(model, images, posterior, seed)


def _elbo(
    run: Run, images: NDArray[np.generic], posterior: dict[str, NDArray[np.float32]], seed: int
) -> NDArray[np.float64]:
    """The training objective's ELBO of each image, the distortion a mean over draws, nats `(n,)`."""
    targets = as_pixels(images, run.recipe.pixels)
    wide = {name: array.astype(np.float64) for name, array in posterior.items()}
    distortion = np.zeros(len(images))
    for draw in range(GAP_DRAWS):
        noise = normal_by_image([seed, _GAP_STREAM, draw], 0, *posterior["mean"].shape)
        z = np.asarray(run.latent.sample(namespace, posterior, noise), np.float32)
        distortion += run.likelihood.distortion(namespace, targets, run.decode_parameters(z))
    rate: NDArray[np.float64] = np.sum(run.latent.kl(namespace, wide), axis=-1)
    return -(distortion / GAP_DRAWS + rate)
