"""Projections of codes of many dimensions to two."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.errors import UsageError
from isthmus.plots.checks import as_codes, choice

Method = Literal["pca", "tsne"]

_METHODS = ("pca", "tsne")
_FEWEST_CODES = 4


@dataclass(frozen=True)
class Projection:
    """Codes in two dimensions, and the names of those."""

    codes: NDArray[np.float64]
    """float64 `(n, 2)`."""
    axis_labels: tuple[str, str]


def project(codes: ArrayLike, method: Method = "pca", *, seed: int = 0) -> Projection:
    """Project codes to two dimensions.

    PCA is linear: distances have a meaning, and its axes name their share of the variance.  t-SNE (van der Maaten
    and Hinton, 2008) keeps neighbours together: clusters have a meaning; distances between them, and axes, have none.

    Args:
        codes: `(n, d)`, finite, n ≥ 4 and d ≥ 2.
        method: "pca" or "tsne".
        seed: Seed for t-SNE.

    Raises:
        UsageError: If there is too little to project, or no such method.
    """
    array = as_codes(codes)
    choice(method, _METHODS, "method")
    count, dims = array.shape
    if count < _FEWEST_CODES or dims < 2:
        raise UsageError(
            f"expected {_FEWEST_CODES} or more codes of 2 or more dimensions to project; got {count} of {dims}. "
            "Encode more images, or draw a traversal."
        )
    if method == "pca":
        return _pca(array)
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    # scikit-learn asks for fewer neighbours than codes.
    tsne = TSNE(perplexity=min(30.0, (count - 1) / 3), init="pca", random_state=seed)
    # For so few codes, threads that wait for each other cost more than they bring, and beside other work far more.
    with threadpool_limits(1):
        places = tsne.fit_transform(array)
    return Projection(places.astype(np.float64), ("t-SNE 1", "t-SNE 2"))


def _pca(codes: NDArray[np.float64]) -> Projection:
    from sklearn.decomposition import PCA

    if not np.ptp(codes, axis=0).any():
        raise UsageError(
            f"expected codes that differ; all {len(codes)} are the same. "
            "The latent has collapsed: lower beta, or train longer."
        )
    pca = PCA(n_components=2, svd_solver="full")
    places = pca.fit_transform(codes)
    first, second = (f"PC{k} ({share:.1%} of the variance)" for k, share in enumerate(pca.explained_variance_ratio_, 1))
    return Projection(places, (first, second))
