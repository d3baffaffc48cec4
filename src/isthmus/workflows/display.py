"""Images of any kind, as a picture can show them."""

import numpy as np
from numpy.typing import NDArray


def as_displayed(images: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Turn images `(n, h, w, c)` of any dtype and number of channels into uint8 of one, three or four channels.

    Floats count from 0 to 1.  Two channels, or more than four, are shown by their mean.
    """
    if images.dtype != np.uint8:
        images = np.rint(np.clip(images.astype(np.float32), 0.0, 1.0) * 255).astype(np.uint8)
    if images.shape[-1] in (1, 3, 4):
        return np.asarray(images, np.uint8)
    return np.asarray(np.rint(images.astype(np.float32).mean(axis=-1, keepdims=True)), np.uint8)
