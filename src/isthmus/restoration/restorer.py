"""One image of any size, restored by a run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError, UsageError
from isthmus.runs import Run
from isthmus.runs.checks import check_draws
from isthmus.runs.large_images import Noise, Update, as_part, predict_by_tiles

Pixels = NDArray[np.uint8]
_STREAM = 0x72657374


@dataclass(frozen=True, eq=False)
class Restored:
    """A restored image.

    Attributes:
        image: uint8 `(h, w, c)`; of a segmentation the number of each pixel's class, `(h, w, 1)`.
        draws: Results from draws of the posterior, `(draws, h, w, c)`, or None.
        deviation: How far the draws differ, float32 `(h, w)` from 0 to 1: the standard deviation of brightness; for a
            segmentation the share of draws whose class is not that of `image`.
    """

    image: Pixels
    draws: Pixels | None = None
    deviation: NDArray[np.float32] | None = None


class Restorer:
    """Applies a run's task to images of any size.

    Args:
        run: A run of any task but to reconstruct.

    Raises:
        UsageError: If the run's task is to reconstruct.
    """

    def __init__(self, run: Run) -> None:
        if not run.restores:
            raise UsageError(
                f"{run.path} reconstructs images, and restores none. Use `isthmus reconstruct`, or train a run that "
                "restores with --task denoise, colourise, inpaint, super-resolve, deblur, segment or pairs."
            )
        self.run, self.task = run, run.task

    @property
    def channels(self) -> int:
        """The channels that an image must have: 1, 3 or 4."""
        return self.task.channels_of_images(self.run.image.channels)

    def restore(
        self,
        image: Pixels,
        missing: NDArray[np.bool_] | None = None,
        *,
        draws: int | None = None,
        seed: int = 0,
        update: Update | None = None,
    ) -> Restored:
        """Restore an image.

        Args:
            image: uint8 `(h, w, c)` of `channels`, and of any size.  A grey run whose task works by channel
                takes an image of 3 channels too, and restores each.
            missing: The pixels to fill in, `(h, w)`, for a task that fills holes.
            draws: The number of results from draws of the posterior besides, with a VAE.
            seed: Seed for the draws.
            update: Called with the number of tiles done and of all tiles, including the draws.

        Raises:
            DataError: If the image has other channels, or `missing` another size.
            UsageError: If pixels to fill in are missing or not needed, or the run has no posterior to draw from.
        """
        inputs = [self.input_of(part, missing) for part in self._parts(image)]
        self.check_draws(draws)
        rng = np.random.default_rng([seed, _STREAM])
        drawn = [rng.standard_normal(self.run.recipe.latent.dim, np.float32) for _ in range(draws or 0)]
        made = self._results(inputs, [None, *drawn], update)
        if draws is None:
            return Restored(made[0])
        result, drawn_results = made[0], np.stack(made[1:])
        return Restored(result, drawn_results, self._deviation(result, drawn_results))

    def check_draws(self, draws: int | None) -> None:
        """Check a number of draws.

        Raises:
            UsageError: If it is less than 1, or the run has no posterior.
        """
        if draws is not None:
            check_draws(draws, self.run.recipe.latent, self.run.path)

    def input_of(self, image: Pixels, missing: NDArray[np.bool_] | None = None) -> Pixels:
        """The encoder's input for an image, uint8 `(h, w, channels)`; takes and raises what `restore` does."""
        if image.ndim != 3 or image.dtype != np.uint8 or image.shape[2] != self.channels:
            raise DataError(
                f"expected an image as uint8 (height, width, {self.channels}); got {image.dtype} of {image.shape}"
            )
        return self.task.as_input(image, missing)

    def _parts(self, image: Pixels) -> list[Pixels]:
        """The image, or each of its channels where the run takes one."""
        if self.channels == 1 and self.task.by_channel and image.ndim == 3 and image.shape[2] == 3:
            return [image[..., channel : channel + 1] for channel in range(3)]
        return [image]

    def _results(self, inputs: list[Pixels], noises: list[Noise | None], update: Update | None) -> list[Pixels]:
        """A result for each noise that codes are drawn with (None: the mean), the inputs' channels together."""
        made = [
            [
                self._finish(part, prediction)
                for prediction in predict_by_tiles(
                    self.run, part, noises, update=update and as_part(update, number, len(inputs))
                )
            ]
            for number, part in enumerate(inputs)
        ]
        return [np.concatenate(together, axis=-1) for together in zip(*made, strict=True)]

    def _deviation(self, image: Pixels, results: Pixels) -> NDArray[np.float32]:
        if self.task.class_values:  # the numbers of classes have no distance
            return np.asarray((results != image).mean(axis=(0, -1)), np.float32)
        return np.asarray(results.astype(np.float32).std(axis=0).mean(axis=-1) / np.float32(255))

    def _finish(self, inputs: Pixels, blended: NDArray[np.float32]) -> Pixels:
        if self.run.recipe.likelihood.of_classes:
            predictions = np.argmax(blended, axis=-1)[..., np.newaxis].astype(np.uint8)
        else:
            predictions = np.rint(np.clip(blended, 0.0, 1.0) * 255).astype(np.uint8)
        finished: Pixels = self.task.finish(inputs[np.newaxis], predictions[np.newaxis])[0]
        return finished
