"""Images larger than a run's own, through its networks tile by tile."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.errors import UsageError
from isthmus.probability import CONDITION, namespace
from isthmus.runs.checks import check_draws, checked_images, generator_of
from isthmus.runs.conditions import Labels, condition_of
from isthmus.runs.tiles import by_tiles

if TYPE_CHECKING:
    from isthmus.runs.run import Run

Noise = NDArray[np.float32]
Update = Callable[[int, int], None]
"""Called with the number of tiles done and of all tiles."""
_HELD_BYTES = 256 << 20
"""The memory for predictions that are blended; an image whose predictions take more is encoded again for the rest."""


def predict_by_tiles(
    run: "Run",
    inputs: NDArray[np.generic],
    noises: Sequence[Noise | None],
    label: int | None = None,
    update: Update | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Encode each tile of an image, decode it for each noise, and blend the predictions.

    Args:
        run: The run.
        inputs: The encoder's input, `(height, width, channels)` of any size.
        noises: The noise `(dim,)` of each draw, the same for every tile, so that the predictions go together; None for
            the mean of the posterior.
        label: The number of the image's class, if the run is conditional.
        update: Called with the number of tiles done and of all tiles, including the draws.

    Yields:
        For each noise the mean of brightness, or the probability of each class, float32 `(height, width, k)`.
    """
    height, width, channels = inputs.shape
    at_once = max(1, _HELD_BYTES // (4 * height * width * run.likelihood.output_channels(channels)))
    groups = [noises[first : first + at_once] for first in range(0, len(noises), at_once)]
    for number, group in enumerate(groups):

        def decoded(tiles: NDArray[np.generic], group: Sequence[Noise | None] = group) -> NDArray[np.floating]:
            encoded = run.encode(tiles, label)
            return np.concatenate([_decoded(run, encoded, noise) for noise in group], axis=-1)

        blended = by_tiles(inputs, run.image.shape[:2], decoded, update and as_part(update, number, len(groups)))
        yield from np.split(blended, len(group), axis=-1)


def reconstruct_by_tiles(
    run: "Run",
    images: ArrayLike,
    draws: int | None = None,
    seed: int = 0,
    labels: Labels | None = None,
    update: Update | None = None,
) -> NDArray[np.generic]:
    """Reconstruct images that are larger than the run's own; takes, returns and raises what `Run.reconstruct` does.

    Args:
        run: A run that reconstructs.
        images: `(n, h, w, c)`.
        draws: As there.
        seed: As there.
        labels: As there.
        update: Called with the number of tiles done and of all tiles, for one image after the other.
    """
    if run.restores:
        raise UsageError(f"{run.path} restores images. `isthmus.Restorer(run)` restores images of any size by tiles.")
    if draws is not None:
        check_draws(draws, run.recipe.latent, run.path)
    checked = checked_images(images, run.image, run.preprocessing, run.path.name, larger=True)
    condition = condition_of(run, labels, len(checked))
    numbers = condition[CONDITION].argmax(axis=1).tolist() if condition else [None] * len(checked)
    rng = generator_of(seed)
    made = []
    for image, number in zip(checked, numbers, strict=True):
        noises = (
            [None] if draws is None else [rng.standard_normal(run.recipe.latent.dim, np.float32) for _ in range(draws)]
        )
        predictions = predict_by_tiles(run, image, noises, number, update)
        made.append(np.stack([_as_image(prediction, run.target.dtype) for prediction in predictions]))
    stacked = np.stack(made)
    return stacked[:, 0] if draws is None else stacked


def as_part(update: Update, number: int, passes: int) -> Update:
    """Report the progress of one pass as a part of all passes."""
    return lambda done, tiles: update(number * tiles + done, passes * tiles)


def _decoded(run: "Run", encoded: Mapping[str, NDArray[np.float32]], noise: Noise | None) -> NDArray[np.floating]:
    """The mean of brightness, or the probability of each class, `(n, h, w, k)`."""
    codes = encoded["mean"]
    if noise is not None:
        codes = np.asarray(run.latent.sample(namespace, encoded, noise[None]), np.float32)
    parameters = run.decode_parameters(codes, encoded)
    if run.recipe.likelihood.of_classes:
        logits = parameters["logits"]
        return np.asarray(np.exp(logits - namespace.logsumexp(logits, axis=-1, keepdims=True)))
    return np.asarray(run.likelihood.mean(namespace, parameters), np.float32)


def _as_image(prediction: NDArray[np.float32], dtype: str) -> NDArray[np.generic]:
    clipped = np.clip(prediction, 0.0, 1.0)
    return np.rint(clipped * 255).astype(np.uint8) if dtype == "uint8" else clipped
