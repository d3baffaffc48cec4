"""PCA of the training images with as many dimensions as a code: what every autoencoder has to beat."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class PCABaseline:
    """Principal components of training pixels `(n, h, w, c)`, as an autoencoder; `dim` latent dimensions.

    Attributes:
        components: How many there are: `dim`, or as many as so few images or pixels allow; none of equal images.
        fitted_on: The training images that they were fitted to.
    """

    def __init__(self, pixels: NDArray[np.float32], dim: int, seed: int) -> None:
        from sklearn.decomposition import PCA

        flat = pixels.reshape(len(pixels), -1)
        self._shape = pixels.shape[1:]
        self._mean = flat.mean(axis=0)
        self.fitted_on = len(flat)
        self.components = min(dim, len(flat) - 1, flat.shape[1]) if np.ptp(flat, axis=0).any() else 0
        self._pca = None
        if self.components > 0:
            self._pca = PCA(self.components, svd_solver="randomized", random_state=seed).fit(flat)

    def mean_of(self, count: int) -> NDArray[np.float32]:
        """The mean image, `(count, h, w, c)`."""
        return np.broadcast_to(self._mean.reshape(self._shape), (count, *self._shape))

    def encode(self, pixels: NDArray[np.floating]) -> FloatArray:
        """The components of images, `(n, dim)`."""
        flat = np.asarray(pixels, np.float32).reshape(len(pixels), -1)
        return np.zeros((len(flat), 1)) if self._pca is None else np.asarray(self._pca.transform(flat), np.float64)

    def reconstruct(self, pixels: NDArray[np.floating]) -> NDArray[np.float32]:
        """Images from their components, `(n, h, w, c)`, within 0 to 1."""
        if self._pca is None:
            return self.mean_of(len(pixels))
        flat = self._pca.inverse_transform(self.encode(pixels))
        return np.asarray(np.clip(flat, 0.0, 1.0), np.float32).reshape(len(pixels), *self._shape)
