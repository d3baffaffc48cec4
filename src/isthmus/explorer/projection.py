"""Projections of latent codes to a plane."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import UsageError

ProjectionName = Literal["latent", "pca", "umap"]
FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class PlaneProjection:
    """Latent codes on a plane.

    Attributes:
        places: float32 `(n, 2)`.
        names: The names of the axes.
        axes: Two orthonormal rows, float32 `(2, dim)`, if the plane is linear: `places = (codes - centre) @ axes.T`.
            The second is zeros for codes of one dimension, whose places are jittered.
        centre: float32 `(dim,)`, if the plane is linear.
    """

    places: FloatArray
    names: tuple[str, str]
    axes: FloatArray | None = None
    centre: FloatArray | None = None


def projections_for(dim: int) -> tuple[ProjectionName, ...]:
    """The projections available for `dim` latent dimensions, the default first; UMAP only if it is installed."""
    if dim <= 2:
        return ("latent",)
    return ("pca", "umap") if find_spec("umap") else ("pca",)


def project(codes: FloatArray, name: ProjectionName) -> PlaneProjection:
    """Project latent codes `(n, dim)` to a plane.

    PCA is linear, so that each place on its plane has a code.  UMAP (McInnes et al. 2018) preserves neighbourhoods, and
    its axes have no meaning.

    Raises:
        UsageError: If the projection is not available for this many dimensions.
    """
    if name not in projections_for(codes.shape[1]):
        known = ", ".join(projections_for(codes.shape[1]))
        raise UsageError(f"expected a projection of {known}; got {name!r}.")
    if name == "latent":
        return _as_they_are(codes)
    return _pca(codes) if name == "pca" else _umap(codes)


def _as_they_are(codes: FloatArray) -> PlaneProjection:
    count, dim = codes.shape
    axes = np.eye(2, dim, dtype=np.float32)
    if dim == 1:
        # On a line most points would be hidden, so they are spread across it by a fixed jitter.
        places = np.zeros((count, 2), np.float32)
        places[:, 0], places[:, 1] = codes[:, 0], np.random.default_rng(0).normal(scale=0.25, size=count)
        return PlaneProjection(places, ("z[0]", ""), axes, np.zeros(1, np.float32))
    return PlaneProjection(codes, ("z[0]", "z[1]"), axes, np.zeros(dim, np.float32))


def _pca(codes: FloatArray) -> PlaneProjection:
    """Principal components by the covariance's eigenvectors, each signed so that its largest entry is positive."""
    centre = codes.mean(axis=0, dtype=np.float64)
    centred = codes - centre
    values, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, [-1, -2]].T
    axes *= np.sign(axes[np.arange(2), np.abs(axes).argmax(axis=1)])[:, None]
    total = max(float(values.sum()), np.finfo(float).tiny)
    first, second = (f"PC{k} ({share:.0%} of the variance)" for k, share in enumerate(values[[-1, -2]] / total, 1))
    places = np.asarray(centred @ axes.T, np.float32)
    return PlaneProjection(places, (first, second), axes.astype(np.float32), centre.astype(np.float32))


def _umap(codes: FloatArray) -> PlaneProjection:
    import umap

    count = len(codes)
    if count < 4:
        raise UsageError(f"expected 4 or more codes for UMAP; got {count}.")
    reducer = umap.UMAP(n_components=2, n_neighbors=min(15, count - 1), init="pca", random_state=0, n_jobs=1)
    return PlaneProjection(np.asarray(reducer.fit_transform(codes), np.float32), ("UMAP 1", "UMAP 2"))
