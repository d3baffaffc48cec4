"""The amortisation gap: what an encoder loses by giving posteriors at once, instead of one optimised for each image."""

import importlib.util

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from isthmus.data import ImageSource
from isthmus.errors import BackendError, RunError, TrustError
from isthmus.evaluation.measurements import Measurements, subset
from isthmus.noise import normal_by_image
from isthmus.probability import namespace
from isthmus.runs import Run, encoded_batches, folder
from isthmus.scores import as_pixels
from isthmus.units import Estimate

OPTIMISED = 64
"""Test images whose posterior is optimised."""
GAP_DRAWS = 64
_GAP_STREAM = 0x67617020


def amortisation_gap(measured: Measurements, trust: bool) -> Estimate | str:
    """How much better, in nats, a posterior optimised for its image explains it; or why that was not measured.

    The only measurement that needs a training framework: it is imported here, and nowhere before.
    """
    run, seed = measured.run, measured.seed
    if run.latent.parameter_names != ("mean", "log_variance"):
        return ""
    images, posterior = _posteriors(run, measured.test, seed)
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


def _posteriors(run: Run, source: ImageSource, seed: int) -> tuple[NDArray[np.generic], dict[str, NDArray[np.float32]]]:
    parts = list(encoded_batches(run, subset(source, OPTIMISED, seed), seed))
    names = run.latent.given(parts[0].encoded)
    posterior = {name: np.concatenate([part.encoded[name] for part in parts]) for name in names}
    return np.concatenate([part.images.target for part in parts]), posterior


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
    from isthmus.training.fit import build_model, in_float32
    from isthmus.training.weights import set_weights

    model = build_model(in_float32(run.recipe), run.image, custom=custom)
    set_weights(model, arrays, str(run.path))
    return optimise_posteriors(model, images, posterior, seed)


def _elbo(
    run: Run, images: NDArray[np.generic], posterior: dict[str, NDArray[np.float32]], seed: int
) -> NDArray[np.float64]:
    """The training objective's ELBO of each image, the distortion a mean over draws, nats `(n,)`."""
    targets = as_pixels(images, run.recipe.pixels)
    wide = {name: array.astype(np.float64) for name, array in posterior.items()}
    cost = np.zeros(len(images))
    for draw in range(GAP_DRAWS):
        noise = normal_by_image([seed, _GAP_STREAM, draw], 0, *posterior["mean"].shape)
        z = np.asarray(run.latent.sample(namespace, posterior, noise), np.float32)
        cost += run.likelihood.distortion(namespace, targets, run.decode_parameters(z, posterior))
        cost += run.latent.rate(namespace, z.astype(np.float64), wide)
    return -cost / GAP_DRAWS
