"""One picture of any size, restored by a run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.data import task_of
from isthmus.data.colour import luma
from isthmus.data.corruptions import resized
from isthmus.data.tasks import with_holes
from isthmus.errors import DataError, UsageError
from isthmus.probability import namespace
from isthmus.restoration.tiles import by_tiles
from isthmus.runs import Run

Pixels = NDArray[np.uint8]
_STREAM = 0x72657374


@dataclass(frozen=True, eq=False)
class Restored:
    """What a run makes of a picture.

    Attributes:
        image: uint8 `(h, w, c)`; of a segmentation the number of each pixel's class, `(h, w, 1)`.
        draws: Several answers, `(draws, h, w, c)`, where they were asked for.
        deviation: How far those differ, the standard deviation of brightness from 0 to 1, float32 `(h, w)`.
    """

    image: Pixels
    draws: Pixels | None = None
    deviation: NDArray[np.float32] | None = None


class Restorer:
    """Puts a run's task to use on pictures that it never saw.

    Args:
        run: A run of any task but to reconstruct.

    Raises:
        UsageError: If the run's task is to reconstruct.
    """

    def __init__(self, run: Run) -> None:
        if not run.restores:
            raise UsageError(
                f"{run.path} reconstructs images, and restores none. `isthmus reconstruct` puts it to use; a run that "
                "restores is trained with --task denoise, colourise, inpaint, super-resolve, deblur, segment or pairs."
            )
        self.run = run
        self._fields = run.recipe.task
        self._task = task_of(self._fields)

    @property
    def takes(self) -> int:
        """The channels that a picture has to have: 1, 3 or 4."""
        if self._fields.kind == "colourise":
            return 3
        return self.run.image.channels - (self._fields.kind == "inpaint")

    def restore(
        self,
        picture: Pixels,
        missing: NDArray[np.bool_] | None = None,
        *,
        draws: int | None = None,
        seed: int = 0,
        update: Callable[[int, int], None] | None = None,
    ) -> Restored:
        """Restore a picture.

        Args:
            picture: uint8 `(h, w, c)` of `takes` channels, of any size.
            missing: Which pixels to fill in, `(h, w)`; to inpaint, and only then.
            draws: So many answers from the posterior besides, of a VAE.
            seed: Of the draws.
            update: Called with the tiles done and their number.

        Raises:
            DataError: If the picture has other channels, or `missing` another size.
            UsageError: If pixels to fill in are not given where they are needed or needed where they are given, or
                draws are wanted of a run without a posterior.
        """
        seen = self.show(picture, missing)
        if draws is not None and (draws < 1 or not self.run.latent.has_rate):
            raise UsageError(
                f"expected draws of 1 or more, and a run with a posterior to draw from; got {draws}, and "
                f"{self.run.path.name!r} has {'one' if self.run.latent.has_rate else 'none'}. "
                "Train with --set latent=gaussian."
            )
        image = self._finish(seen, self._by_tiles(seen, None, update))
        if draws is None:
            return Restored(image)
        rng = np.random.default_rng([seed, _STREAM])
        answers = [
            self._finish(seen, self._by_tiles(seen, rng.standard_normal(self.run.recipe.latent.dim, np.float32)))
            for _ in range(draws)
        ]
        stacked = np.stack(answers)
        deviation = stacked.astype(np.float32).std(axis=0).mean(axis=-1) / np.float32(255)
        return Restored(image, stacked, deviation)

    def show(self, picture: Pixels, missing: NDArray[np.bool_] | None = None) -> Pixels:
        """What the encoder is shown of a picture, uint8 `(h, w, channels)`; see `restore`."""
        if picture.ndim != 3 or picture.dtype != np.uint8 or picture.shape[2] != self.takes:
            raise DataError(
                f"expected a picture as uint8 (height, width, {self.takes}); got {picture.dtype} of {picture.shape}"
            )
        kind = self._fields.kind
        if (missing is None) == (kind == "inpaint"):
            raise UsageError(
                "expected the pixels to fill in, as masks or as transparent parts of the pictures"
                if missing is None
                else f"the run's task is to {kind}, which fills in no holes: leave the masks out"
            )
        if missing is not None:
            if missing.shape != picture.shape[:2]:
                raise DataError(f"expected a mask of {picture.shape[:2]}, as its picture is; got {missing.shape}")
            return with_holes(picture, missing)
        if kind == "colourise":
            return luma(picture)
        if self._fields.kind == "super-resolve":
            return resized(picture, *(side * self._fields.factor for side in picture.shape[:2]))
        return picture

    def _by_tiles(
        self,
        seen: Pixels,
        noise: NDArray[np.float32] | None,
        update: Callable[[int, int], None] | None = None,
    ) -> NDArray[np.float32]:
        run, many = self.run, self.run.recipe.likelihood.kind == "categorical"

        def answer(tiles: Pixels) -> NDArray[np.floating]:
            encoded = run.encode(tiles)
            codes = encoded["mean"]
            if noise is not None:  # the same for every tile, so that their answers go together
                codes = np.asarray(run.latent.sample(namespace, encoded, noise[None]), np.float32)
            parameters = run.decode_parameters(codes, encoded)
            if many:
                logits = parameters["logits"]
                return np.asarray(np.exp(logits - namespace.logsumexp(logits, axis=-1, keepdims=True)))
            return np.asarray(run.likelihood.mean(namespace, parameters), np.float32)

        return by_tiles(seen, run.image.shape[:2], answer, update)

    def _finish(self, seen: Pixels, blended: NDArray[np.float32]) -> Pixels:
        if self.run.recipe.likelihood.kind == "categorical":
            given = np.argmax(blended, axis=-1)[..., np.newaxis].astype(np.uint8)
        else:
            given = np.rint(np.clip(blended, 0.0, 1.0) * 255).astype(np.uint8)
        finished: Pixels = self._task.finish(seen[np.newaxis], given[np.newaxis])[0]
        return finished
