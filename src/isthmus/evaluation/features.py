"""A feature space that needs no download: the principal components of training pixels."""

import numpy as np
from numpy.typing import NDArray

COMPONENTS = 64

Pixels = NDArray[np.float32]


class PixelFeatures:
    """The principal components of training pixels `(n, h, w, c)`."""

    def __init__(self, train: Pixels, seed: int) -> None:
        from sklearn.decomposition import PCA

        flat = flat_pixels(train)
        components = max(1, min(COMPONENTS, len(flat) // 10, flat.shape[1]))
        self._pca = PCA(components, svd_solver="randomized", random_state=seed).fit(flat)
        self.components = components
        self.explained_variance = float(self._pca.explained_variance_ratio_.sum())

    def __call__(self, images: Pixels) -> NDArray[np.float64]:
        """Features `(n, components)`."""
        return np.asarray(self._pca.transform(flat_pixels(images)), np.float64)


def flat_pixels(images: Pixels) -> Pixels:
    """Images `(n, h, w, c)` as rows of pixels, `(n, h * w * c)`."""
    return images.reshape(len(images), -1)
