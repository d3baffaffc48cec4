"""One picture of any size, restored by a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError, UsageError
from isthmus.probability import namespace
from isthmus.restoration.tiles import by_tiles
from isthmus.runs import Run

Pixels = NDArray[np.uint8]
Noise = NDArray[np.float32]
_STREAM = 0x72657374
_HELD_BYTES = 256 << 20
"""What answers may take while they are blended; a picture whose answers take more is encoded again for the rest."""


@dataclass(frozen=True, eq=False)
class Restored:
    """What a run makes of a picture.

    Attributes:
        image: uint8 `(h, w, c)`; of a segmentation the number of each pixel's class, `(h, w, 1)`.
        draws: Several answers, `(draws, h, w, c)`, where they were asked for.
        deviation: How far those differ, float32 `(h, w)` from 0 to 1: the standard deviation of brightness; of a
            segmentation the share of the draws that give another class than `image` does.
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
        self.run, self.task = run, run.task

    @property
    def takes(self) -> int:
        """The channels that a picture has to have: 1, 3 or 4."""
        return self.task.channels_of_images(self.run.image.channels)

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
            picture: uint8 `(h, w, c)` of `takes` channels, of any size.  A grey run whose task works by channel
                takes a picture of 3 channels too, and restores one after the other.
            missing: Which pixels to fill in, `(h, w)`; to inpaint, and only then.
            draws: So many answers from the posterior besides, of a VAE.
            seed: Of the draws.
            update: Called with the tiles done and their number, those of the draws among them.

        Raises:
            DataError: If the picture has other channels, or `missing` another size.
            UsageError: If pixels to fill in are not given where they are needed or needed where they are given, or
                draws are wanted of a run without a posterior.
        """
        shown = [self.show(part, missing) for part in self._parts(picture)]
        self.check_draws(draws)
        rng = np.random.default_rng([seed, _STREAM])
        drawn = [rng.standard_normal(self.run.recipe.latent.dim, np.float32) for _ in range(draws or 0)]
        made = self._answers(shown, [None, *drawn], update)
        if draws is None:
            return Restored(made[0])
        image, answers = made[0], np.stack(made[1:])
        return Restored(image, answers, self._deviation(image, answers))

    def check_draws(self, draws: int | None) -> None:
        """Check that so many draws can be had.

        Raises:
            UsageError: If they are wanted of a run without a posterior, or there are to be none.
        """
        if draws is not None and (draws < 1 or not self.run.latent.has_rate):
            raise UsageError(
                f"expected draws of 1 or more, and a run with a posterior to draw from; got {draws}, and "
                f"{self.run.path.name!r} has {'one' if self.run.latent.has_rate else 'none'}. "
                "Train with --set latent=gaussian."
            )

    def show(self, picture: Pixels, missing: NDArray[np.bool_] | None = None) -> Pixels:
        """What the encoder is shown of a picture, uint8 `(h, w, channels)`; see `restore`."""
        if picture.ndim != 3 or picture.dtype != np.uint8 or picture.shape[2] != self.takes:
            raise DataError(
                f"expected a picture as uint8 (height, width, {self.takes}); got {picture.dtype} of {picture.shape}"
            )
        return self.task.as_input(picture, missing)

    def _parts(self, picture: Pixels) -> list[Pixels]:
        """The picture, or each of its channels where the run takes but one."""
        if self.takes == 1 and self.task.by_channel and picture.ndim == 3 and picture.shape[2] == 3:
            return [picture[..., channel : channel + 1] for channel in range(3)]
        return [picture]

    def _answers(
        self, shown: list[Pixels], noises: list[Noise | None], update: Callable[[int, int], None] | None
    ) -> list[Pixels]:
        """An answer for each noise that the codes are drawn with (None: the mean), of all that is shown as one."""
        height, width = shown[0].shape[:2]
        values = len(self.task.class_values) or self.run.target.channels
        one = 4 * height * width * values
        at_once = max(1, _HELD_BYTES // one)
        some = [noises[first : first + at_once] for first in range(0, len(noises), at_once)]
        passes = [(seen, group) for seen in shown for group in some]
        made: list[Pixels] = []
        for number, (seen, group) in enumerate(passes):
            made += self._one_pass(seen, group, update and _as_part(update, number, len(passes)))
        parts = [made[first : first + len(noises)] for first in range(0, len(made), len(noises))]
        return [np.concatenate(together, axis=-1) for together in zip(*parts, strict=True)]

    def _one_pass(
        self, seen: Pixels, noises: list[Noise | None], update: Callable[[int, int], None] | None
    ) -> list[Pixels]:
        """Encode each tile once, and decode it for each noise."""
        run = self.run

        def answer(tiles: Pixels) -> NDArray[np.floating]:
            encoded = run.encode(tiles)
            return np.concatenate([self._decoded(encoded, noise) for noise in noises], axis=-1)

        blended = by_tiles(seen, run.image.shape[:2], answer, update)
        return [self._finish(seen, given) for given in np.split(blended, len(noises), axis=-1)]

    def _decoded(self, encoded: Mapping[str, NDArray[np.float32]], noise: Noise | None) -> NDArray[np.floating]:
        """The mean of brightness, or the probability of each class, `(n, h, w, k)`."""
        run, codes = self.run, encoded["mean"]
        if noise is not None:  # the same for every tile, so that their answers go together
            codes = np.asarray(run.latent.sample(namespace, encoded, noise[None]), np.float32)
        parameters = run.decode_parameters(codes, encoded)
        if run.recipe.likelihood.kind == "categorical":
            logits = parameters["logits"]
            return np.asarray(np.exp(logits - namespace.logsumexp(logits, axis=-1, keepdims=True)))
        return np.asarray(run.likelihood.mean(namespace, parameters), np.float32)

    def _deviation(self, image: Pixels, answers: Pixels) -> NDArray[np.float32]:
        if self.task.class_values:  # the numbers of classes have no distance
            return np.asarray((answers != image).mean(axis=(0, -1)), np.float32)
        return np.asarray(answers.astype(np.float32).std(axis=0).mean(axis=-1) / np.float32(255))

    def _finish(self, seen: Pixels, blended: NDArray[np.float32]) -> Pixels:
        if self.run.recipe.likelihood.kind == "categorical":
            given = np.argmax(blended, axis=-1)[..., np.newaxis].astype(np.uint8)
        else:
            given = np.rint(np.clip(blended, 0.0, 1.0) * 255).astype(np.uint8)
        finished: Pixels = self.task.finish(seen[np.newaxis], given[np.newaxis])[0]
        return finished


def _as_part(update: Callable[[int, int], None], number: int, passes: int) -> Callable[[int, int], None]:
    """What tells how far a pass has come, by its number, as a part of all passes."""
    return lambda done, tiles: update(number * tiles + done, passes * tiles)
