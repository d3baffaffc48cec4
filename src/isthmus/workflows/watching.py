"""Pictures of a training while it goes on: the same images after each epoch, and the film of them."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isthmus.data import ImageSource, posed
from isthmus.errors import DataError
from isthmus.noise import normal_by_image
from isthmus.plots.film import save_film
from isthmus.plots.sheets import save, tile
from isthmus.recipes import Recipe
from isthmus.runs.folder import read_picture
from isthmus.workflows.display import as_answer, spread

if TYPE_CHECKING:
    from isthmus.autoencoder import Autoencoder

SHOWN, COLUMNS, GAP = 16, 4, 4
"""Images in a frame, images in a row of it, and the pixels between them."""
FILM = "training.gif"
_FILM_STREAM = 0x66696C6D


class Film:
    """Sixteen fixed images before training and after each epoch, each decoded from a draw of its posterior.

    Where a recipe's task shows the encoder something else, these are its answers.

    The noise of the draws is fixed, so that only the model changes from frame to frame.  A frame is in the folder, as
    `epoch-NNNN.png`, as soon as it is made; a resumed training adds to those that are there.
    """

    def __init__(self, folder: Path, source: ImageSource, recipe: Recipe) -> None:
        self._folder, self._recipe, self._seed = folder, recipe, recipe.training.seed
        self._seen = posed(source.read(spread(len(source), SHOWN)), recipe.task, self._seed).seen
        self.frame: NDArray[np.uint8] | None = None

    def __call__(self, model: "Autoencoder", epoch: int, logs: Mapping[str, float]) -> None:
        """Draw the frame of an epoch."""
        from keras import ops

        posterior = model.encoder(self._seen)
        noise = normal_by_image([self._seed, _FILM_STREAM], 0, len(self._seen), model.recipe.latent.dim)
        outputs = model.decode(model.latent.sample(ops, posterior, ops.convert_to_tensor(noise)), posterior)
        mean = ops.convert_to_numpy(model.likelihood.mean(ops, outputs))
        self.frame = tile(as_answer(self._recipe, self._seen, mean), columns=COLUMNS, gap=GAP)
        save(self.frame, self._folder / f"epoch-{epoch:04d}.png")

    def finish(self) -> Path | None:
        """Make the film of all frames in the folder; None where there are none."""
        frames = read_frames(self._folder)
        return write_film(frames, self._folder / FILM) if frames else None


def read_frames(folder: Path) -> list[tuple[int, NDArray[np.uint8]]]:
    """Read the frames of a training: epoch (0 before training) and picture `(h, w, 3)`, in order; none is no error.

    Raises:
        DataError: If one is damaged.
    """
    frames = []
    for path in sorted(folder.glob("epoch-*.png")):
        epoch = path.stem.removeprefix("epoch-")
        if not epoch.isdecimal():
            continue
        try:
            with Image.open(io.BytesIO(read_picture(path)), formats=["PNG"]) as picture:
                frames.append((int(epoch), np.asarray(picture.convert("RGB"))))
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DataError(f"{path} cannot be read as an image ({error}). Take it out of the folder.") from None
    return frames


def frame_label(epoch: int) -> str:
    """What to call the frame of an epoch."""
    return f"epoch {epoch}" if epoch else "before training"


def write_film(frames: Sequence[tuple[int, NDArray[np.uint8]]], path: Path) -> Path:
    """Write frames, one or more, as a film in the format of the path's suffix, each with its epoch under it.

    Raises:
        UsageError: If the format is none of a film's.
        StorageError: If the place cannot be written to.
    """
    return save_film([picture for _, picture in frames], path, captions=[frame_label(epoch) for epoch, _ in frames])
