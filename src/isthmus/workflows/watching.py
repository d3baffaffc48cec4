"""Pictures of a training while it goes on: the same images after each epoch, and the film of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isthmus.data import ImageSource
from isthmus.noise import normal_by_image
from isthmus.pictures.film import save_film
from isthmus.pictures.sheets import save, tile
from isthmus.workflows.display import as_displayed, spread

if TYPE_CHECKING:
    from isthmus.autoencoder import Autoencoder

SHOWN = 16
FILM = "training.gif"
_FILM_STREAM = 0x66696C6D


class Film:
    """Sixteen fixed images before training and after each epoch, each decoded from a draw of its posterior.

    The noise of the draws is fixed, so that only the model changes from frame to frame.  A frame is in the folder, as
    `epoch-NNNN.png`, as soon as it is made; a resumed training adds to those that are there.
    """

    def __init__(self, folder: Path, source: ImageSource, seed: int) -> None:
        self._folder = folder
        self._images = source.read(spread(len(source), SHOWN))
        self._seed = seed
        self.frame: NDArray[np.uint8] | None = None

    def __call__(self, model: "Autoencoder", epoch: int, logs: Mapping[str, float]) -> None:
        """Draw the frame of an epoch."""
        from keras import ops

        posterior = model.encoder(self._images)
        noise = normal_by_image([self._seed, _FILM_STREAM], 0, len(self._images), model.recipe.latent.dim)
        outputs = model.decoder(model.latent.sample(ops, posterior, ops.convert_to_tensor(noise)))
        mean = ops.convert_to_numpy(model.likelihood.mean(ops, outputs))
        self.frame = tile(as_displayed(mean), columns=4)
        save(self.frame, self._folder / f"epoch-{epoch:04d}.png")

    def finish(self) -> Path | None:
        """Make the film of all frames in the folder; None where there are none."""
        paths = sorted(self._folder.glob("epoch-*.png"))
        if not paths:
            return None
        frames = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
        epochs = [int(path.stem.removeprefix("epoch-")) for path in paths]
        captions = [f"epoch {epoch}" if epoch else "before training" for epoch in epochs]
        return save_film(frames, self._folder / FILM, captions=captions)
