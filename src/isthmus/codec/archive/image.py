"""An image on its way into or out of an archive."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class NamedImage:
    """An image with its name, as pixels or as a file.

    Attributes:
        name: A relative path, with `/` between its parts.
        pixels: uint8 `(height, width, channels)`; None for a file that is stored as it is.
        file: The bytes of the file; of an image to be archived, a file that may be stored instead of the pixels.
    """

    name: str
    pixels: NDArray[np.uint8] | None = None
    file: bytes | None = None

    @property
    def size(self) -> int:
        """The numbers in its pixels plus the bytes of its file."""
        return len(self.file or b"") + (0 if self.pixels is None else self.pixels.size)
