"""Holes filled from other images: those nearest by the known pixels."""

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource

Pixels = NDArray[np.uint8]
COUNTS = (1, 3, 10, 30, 100)
"""Numbers of images to average."""
_MOST_NUMBERS = 1 << 23  # held at once of each array: 32 MiB of float32


class Neighbours:
    """Images to fill holes from, read in parts, so that memory stays flat however many there are."""

    def __init__(self, known: ImageSource) -> None:
        self._known = known
        self._asked: Pixels | None = None
        self._found = np.empty((0, 0), np.int64)

    def fill(self, inputs: Pixels, count: float) -> Pixels:
        """Fill holes with the mean of the nearest images.

        Args:
            inputs: As inpainting takes them, `(n, h, w, c + 1)`.
            count: The number of images, one of `COUNTS`.

        Returns:
            Images `(n, h, w, c)`, the known pixels as they were.
        """
        if self._asked is not inputs:  # the search for the best count repeats the same images
            self._asked, self._found = inputs, self.nearest(inputs, min(COUNTS[-1], len(self._known)))
        means = [np.rint(self._known.read(found[: int(count)]).mean(axis=0)) for found in self._found]
        return np.where(inputs[..., -1:] > 0, inputs[..., :-1], np.stack(means).astype(np.uint8))

    def nearest(self, inputs: Pixels, count: int) -> NDArray[np.int64]:
        """The numbers of the nearest images, nearest first, by squared distance over the known pixels: `(n, count)`."""
        at_once = max(1, _MOST_NUMBERS // self._known.spec.dims)
        parts = [self._nearest(inputs[start : start + at_once], count) for start in range(0, len(inputs), at_once)]
        return np.concatenate(parts)

    def _nearest(self, inputs: Pixels, count: int) -> NDArray[np.int64]:
        """|k·x|² - 2 (k·x)·t + k·t², of which the first is the same for all t: matrix products for all pairs."""
        questions = len(inputs)
        known = (inputs[..., -1:] > 0).astype(np.float32)
        images = (inputs[..., :-1] * (known / np.float32(255))).reshape(questions, -1)
        known = known.reshape(questions, -1)
        distances, numbers = np.empty((questions, 0), np.float32), np.empty((questions, 0), np.int64)
        at_once = max(1, _MOST_NUMBERS // max(self._known.spec.dims, questions))
        for start in range(0, len(self._known), at_once):
            part = np.arange(start, min(start + at_once, len(self._known)))
            others = self._known.read(part) / np.float32(255)
            energy = np.square(others).sum(axis=-1).reshape(len(part), -1)
            further = known @ energy.T - 2 * images @ others.reshape(len(part), -1).T
            distances = np.concatenate([distances, further], axis=1)
            numbers = np.concatenate([numbers, np.broadcast_to(part, further.shape)], axis=1)
            if distances.shape[1] > count:
                kept = np.argpartition(distances, count - 1, axis=1)[:, :count]
                distances = np.take_along_axis(distances, kept, axis=1)
                numbers = np.take_along_axis(numbers, kept, axis=1)
        return np.take_along_axis(numbers, np.argsort(distances, axis=1, kind="stable"), axis=1)
