"""Importance weights: an image's log-probability from several draws of its posterior.

The ELBO uses one draw at a time; the logarithm of the mean of K weights is a bound that rises with K and comes to
log p(x) itself (Burda, Grosse & Salakhutdinov 2016, "Importance Weighted Autoencoders", eq. 8 and theorem 1).
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def log_mean_exp(xp: Any, values: Any, axis: int = 0) -> Any:
    """The logarithm of the mean of exponentials along an axis: of K log weights, the bound L_K, ibid. eq. 8."""
    return xp.logsumexp(values, axis=axis) - math.log(values.shape[axis])


class RunningLogMeanExp:
    """`log_mean_exp` of values that come one after another, in the memory of one; NumPy only.

    Args:
        size: Number of values that come at once.
    """

    def __init__(self, size: int) -> None:
        self._sum = np.full(size, -np.inf)
        self._sum_of_squares = np.full(size, -np.inf)
        self._count = 0

    def add(self, values: FloatArray) -> None:
        """Take one more value of each, `(size,)`."""
        self._sum = np.logaddexp(self._sum, values)
        self._sum_of_squares = np.logaddexp(self._sum_of_squares, 2.0 * values)
        self._count += 1

    @property
    def value(self) -> FloatArray:
        """The logarithm of the mean so far, `(size,)`."""
        return self._sum - math.log(self._count)

    @property
    def effective_count(self) -> FloatArray:
        """Kish's effective number of samples, (Σw)² / Σw², `(size,)`: from 1 (one weight is all) to the count."""
        return np.asarray(np.exp(2.0 * self._sum - self._sum_of_squares))
