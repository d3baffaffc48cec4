"""TIFF files of any number of channels, and of 8 or 16 bits, by tifffile."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isthmus.storage import atomic_file


def write_tiff(path: Path, pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    """Write an image without loss, its channels side by side, whole or not at all.

    Args:
        path: The file; missing folders are made, an existing file is replaced.
        pixels: uint8 or uint16 `(h, w, c)`; three channels are written as RGB, others as grey and further samples.

    Raises:
        StorageError: If the place cannot be written to.
    """
    import tifffile

    channels = pixels.shape[-1]
    with atomic_file(path) as temporary:
        tifffile.imwrite(
            temporary,
            pixels[..., 0] if channels == 1 else pixels,
            photometric="rgb" if channels == 3 else "minisblack",
            planarconfig=None if channels == 1 else "contig",
            compression="zlib",
            metadata=None,
        )
