"""Nats, bits and dimensions.

Every loss and every likelihood in isthmus is in nats per image: a natural logarithm, summed over pixels and channels
(and, for a rate, over latent dimensions).  What else a reader may want is derived here.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def bits(nats: float) -> float:
    """Convert nats to bits: `nats / ln 2`."""
    return nats / math.log(2.0)


def bits_per_dim(nats: float, dims: int) -> float:
    """Convert nats per image to bits per dimension.

    Args:
        nats: A negative log-likelihood, summed over the image.
        dims: The numbers in one image: height x width x channels.

    Raises:
        ValueError: If `dims` is not positive.
    """
    if dims <= 0:
        raise ValueError(f"expected a positive number of dimensions; got {dims}")
    return bits(nats) / dims


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard error, both in the unit of what was averaged."""

    mean: float
    standard_error: float
    count: int

    @classmethod
    def of(cls, values: NDArray[np.floating]) -> "Estimate":
        """Average one value per image, shape `(n,)`, n ≥ 1; the standard error of one value is NaN."""
        count = len(values)
        error = float(np.std(values, ddof=1) / math.sqrt(count)) if count > 1 else math.nan
        return cls(float(np.mean(values)), error, count)

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.standard_error:.2f}"
