"""The film of a training: its frames in a run's folder, and the file made of them."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isthmus.errors import DataError
from isthmus.plots.film import save_film
from isthmus.runs.folder import read_picture

FILM = "training.gif"
"""The film's file among a run's images."""
SHOWN, COLUMNS, GAP = 16, 4, 4
"""Images in a frame, images in a row of it, and the pixels between them."""


def read_frames(folder: Path) -> list[tuple[int, NDArray[np.uint8]]]:
    """Read the frames of a training in order, each with its epoch, 0 before training; there may be none.

    Returns:
        Epoch and image, uint8 `(h, w, 3)`, of each.

    Raises:
        DataError: If one is damaged.
    """
    frames = []
    for path in sorted(folder.glob("epoch-*.png")):
        epoch = path.stem.removeprefix("epoch-")
        if not epoch.isdecimal():
            continue
        try:
            with Image.open(io.BytesIO(read_picture(path)), formats=["PNG"]) as image:
                frames.append((int(epoch), np.asarray(image.convert("RGB"))))
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DataError(f"{path} cannot be read as an image ({error}). Remove it from the folder.") from None
    return frames


def frame_label(epoch: int) -> str:
    """Name the frame of an epoch."""
    return f"epoch {epoch}" if epoch else "before training"


def write_film(frames: Sequence[tuple[int, NDArray[np.uint8]]], path: Path) -> Path:
    """Write frames, one or more, as a film in the format of the path's suffix, each with its epoch under it.

    Raises:
        UsageError: If the format is none of a film's.
        StorageError: If the place cannot be written to.
    """
    return save_film([image for _, image in frames], path, captions=[frame_label(epoch) for epoch, _ in frames])
