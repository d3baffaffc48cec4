"""Distributions fitted to the codes of the training images.

A plain autoencoder has no prior, and no model has one for "a seven": both are sampled from what their training codes
look like.  Fitting is scikit-learn's; what a run keeps, and sampling needs, are the mixture's arrays alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.recipes import CodeDensity

FloatArray = NDArray[np.float64]
_RIDGE = 1e-6  # keeps the covariance of a dimension that never varies (a dead relu, say) invertible


@dataclass(frozen=True)
class GaussianMixture:
    """A mixture of Gaussians over codes, of one component or several.

    Attributes:
        weights: `(k,)`, summing to 1.
        means: `(k, dim)`.
        factors: `(k, dim, dim)`, lower Cholesky factors of the covariances.
    """

    weights: FloatArray
    means: FloatArray
    factors: FloatArray

    def sample(self, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Draw codes, float32 `(count, dim)`."""
        component = rng.choice(len(self.weights), size=count, p=self.weights)
        noise = rng.standard_normal((count, self.means.shape[1]))
        codes = self.means[component] + np.einsum("nij,nj->ni", self.factors[component], noise)
        return np.asarray(codes, np.float32)

    def moments(self) -> tuple[FloatArray, FloatArray]:
        """The mean and the variance of each dimension, `(dim,)` both."""
        mean = self.weights @ self.means
        second = np.square(self.means) + np.square(self.factors).sum(axis=-1)
        return mean, self.weights @ second - np.square(mean)

    def arrays(self, prefix: str) -> dict[str, FloatArray]:
        """The arrays to keep, by name."""
        return {f"{prefix}.weights": self.weights, f"{prefix}.means": self.means, f"{prefix}.factors": self.factors}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, FloatArray], prefix: str) -> "GaussianMixture":
        """Read what `arrays` gave.

        Raises:
            KeyError: If there is no mixture under that prefix.
            ValueError: If the arrays are not those of a mixture.
        """
        weights, means, factors = (arrays[f"{prefix}.{part}"] for part in ("weights", "means", "factors"))
        fits = weights.ndim == 1 and means.ndim == 2 and len(means) == len(weights) > 0
        if not fits or factors.shape != (*means.shape, means.shape[1]):
            raise ValueError(f"{prefix} has shapes {weights.shape}, {means.shape} and {factors.shape}")
        if any(array.dtype != np.float64 or not np.isfinite(array).all() for array in (weights, means, factors)):
            raise ValueError(f"{prefix} has numbers that are not finite, or not float64")
        if (weights < 0).any() or not np.isclose(weights.sum(), 1, atol=1e-8):
            raise ValueError(f"{prefix} has weights that do not sum to 1")
        return cls(weights, means, factors)


def typical(codes: NDArray[np.floating]) -> int:
    """Choose a code `(dim,)` of `(n, dim)` that stands for all: at the median distance from their median.

    The nearest to the median would be the least typical.  In many dimensions codes lie on a shell around it, and what
    decodes from its inside is as bland as the mean image.
    """
    distances = np.linalg.norm(codes - np.median(codes, axis=0), axis=1)
    return int(np.argsort(distances, kind="stable")[len(distances) // 2])


def fit_density(codes: NDArray[np.floating], spec: CodeDensity, seed: int) -> GaussianMixture:
    """Fit codes `(n, dim)` by maximum likelihood; fewer components where there are too few codes for them."""
    codes = np.asarray(codes, np.float64)
    count, dim = codes.shape
    components = min(spec.components, max(1, count // (dim + 2))) if spec.kind == "mixture" else 1
    if components == 1:
        covariance = np.atleast_2d(np.cov(codes, rowvar=False, bias=True)) if count > 1 else np.zeros((dim, dim))
        factor: FloatArray = np.asarray(np.linalg.cholesky(covariance + _RIDGE * np.eye(dim)), np.float64)
        return GaussianMixture(np.ones(1), codes.mean(axis=0, keepdims=True), factor[None])
    from sklearn.mixture import GaussianMixture as Fitter

    fitted = Fitter(components, reg_covar=_RIDGE, random_state=seed).fit(codes)
    factors = np.asarray(np.linalg.cholesky(fitted.covariances_), np.float64)
    weights: FloatArray = fitted.weights_ / fitted.weights_.sum()
    return GaussianMixture(weights, fitted.means_, factors)
