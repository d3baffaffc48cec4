"""The codes that a position of a discrete latent can have."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Codebook:
    """All combinations of the levels of some channels: the implicit codebook of finite scalar quantisation.

    Level i of L has the value (i - ⌊L / 2⌋) / ⌊L / 2⌋, within [-1, 1] (Mentzer, Minnen, Agustsson & Tschannen 2023,
    "Finite scalar quantization: VQ-VAE made simple", appendix A.1). Codes are numbered as there: the first channel
    counts fastest.

    Attributes:
        levels: The number of levels of each channel, each at least 2.
    """

    levels: tuple[int, ...]

    @property
    def size(self) -> int:
        """The number of codes, K."""
        return math.prod(self.levels)

    @property
    def channels(self) -> int:
        """The channels of a position."""
        return len(self.levels)

    @cached_property
    def _halves(self) -> NDArray[np.float32]:
        return np.array([count // 2 for count in self.levels], np.float32)

    @cached_property
    def _strides(self) -> NDArray[np.float32]:
        return np.cumprod([1, *self.levels[:-1]]).astype(np.float32)

    def numbers(self, xp: Any, z: Any) -> Any:
        """The number of the code at each position, int32 `(n, positions)`, of codes on the levels `(n, dim)`."""
        places = xp.reshape(z, (-1, z.shape[-1] // self.channels, self.channels))
        halves, strides = (xp.cast(array, "float32") for array in (self._halves, self._strides))
        numbers = xp.sum((xp.round(xp.cast(places, "float32") * halves) + halves) * strides, axis=-1)
        return xp.cast(numbers, "int32")

    def codes(self, numbers: NDArray[np.integer]) -> NDArray[np.float32]:
        """The values of codes by their numbers: float32 `(..., channels)` for `(...)`."""
        levels = numbers[..., None] // self._strides.astype(np.int64) % np.array(self.levels)
        return np.asarray((levels - self._halves) / self._halves, np.float32)

    def nearest(self, z: NDArray[np.floating]) -> NDArray[np.float32]:
        """Codes `(n, dim)` with each number moved to the nearest level of its channel, float32."""
        places = np.asarray(z).reshape(len(z), z.shape[-1] // self.channels, self.channels)
        highest = np.array(self.levels) - 1 - self._halves
        moved = np.clip(np.round(places * self._halves), -self._halves, highest) / self._halves
        return np.asarray(moved.reshape(z.shape), np.float32)
