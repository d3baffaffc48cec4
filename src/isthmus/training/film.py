"""The film of a training: the same images after each epoch."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource, chosen_batch, spread
from isthmus.noise import normal_by_image
from isthmus.plots.display import as_prediction
from isthmus.plots.sheets import save, tile
from isthmus.plots.training_film import COLUMNS, FILM, GAP, SHOWN, read_frames, write_film
from isthmus.recipes import Recipe

if TYPE_CHECKING:
    from isthmus.autoencoder import Autoencoder

_FILM_STREAM = 0x66696C6D


class Film:
    """Sixteen fixed images before training and after each epoch, each decoded from a draw of its posterior.

    Of a task, the predictions are shown.

    The noise of the draws is fixed, so that only the model changes from frame to frame.  A frame is in the folder, as
    `epoch-NNNN.png`, as soon as it is made; a resumed training adds to those that are there.
    """

    def __init__(self, folder: Path, source: ImageSource, recipe: Recipe) -> None:
        self._folder, self._recipe, self._seed = folder, recipe, recipe.training.seed
        self._seen = chosen_batch(source, spread(len(source), SHOWN), recipe)
        self.frame: NDArray[np.uint8] | None = None

    def __call__(self, model: "Autoencoder", epoch: int, logs: Mapping[str, float]) -> None:
        """Draw the frame of an epoch."""
        from keras import ops

        from isthmus.training.feed import fields_of

        seen = self._seen.input
        posterior = model.encode(fields_of(self._seen, self._recipe))
        noise = normal_by_image([self._seed, _FILM_STREAM], 0, len(seen), model.recipe.latent.dim)
        outputs = model.decode(model.latent.sample(ops, posterior, ops.convert_to_tensor(noise)), posterior)
        mean = ops.convert_to_numpy(model.likelihood.mean(ops, outputs))
        self.frame = tile(as_prediction(self._recipe, seen, mean), columns=COLUMNS, gap=GAP)
        save(self.frame, self._folder / f"epoch-{epoch:04d}.png")

    def finish(self) -> Path | None:
        """Make the film of all frames in the folder; None where there are none."""
        frames = read_frames(self._folder)
        return write_film(frames, self._folder / FILM) if frames else None
