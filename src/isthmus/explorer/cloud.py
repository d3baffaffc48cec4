"""The cloud: the images that a run was tested on, as points of its latent space."""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource
from isthmus.explorer.costs import as_seen, cost_of, noise_for
from isthmus.explorer.job import Work
from isthmus.runs import Run, encode, encoded_batches

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Cloud:
    """Images and their codes.

    Attributes:
        source: The images.
        what: What they are, in words.
        codes: The posterior's means, float32 `(n, dim)`.
        kl: The rate of each dimension, nats, float32 `(n, dim)`; zeros for a plain autoencoder.
    """

    source: ImageSource
    what: str
    codes: FloatArray
    kl: FloatArray

    @cached_property
    def rate(self) -> FloatArray:
        """Of each image, nats, `(n,)`."""
        return np.asarray(self.kl.sum(axis=1, dtype=np.float64), np.float32)

    @cached_property
    def information(self) -> FloatArray:
        """How much each dimension tells, `(dim,)`: its mean rate, or its variance where there is none."""
        kl = self.kl.mean(axis=0, dtype=np.float64)
        return np.asarray(kl if kl.any() else self.codes.astype(np.float64).var(axis=0), np.float32)

    def neighbours(self, code: FloatArray, count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The images whose codes are nearest to a code `(dim,)`: their indices and Euclidean distances, nearest first.

        All are looked at: for as many points as a page can show, that takes milliseconds, and there is no index to err.
        """
        distances = np.linalg.norm(self.codes.astype(np.float64) - code, axis=1)
        nearest = np.argsort(distances, kind="stable")[:count]
        return nearest, distances[nearest]


def encode_cloud(run: Run, source: ImageSource, what: str, work: Work[Any]) -> Cloud:
    """Encode all images of a source.

    Raises:
        Stopped: If `work` was asked to end.
    """
    work.total = len(source)
    encoded = encode(run, source, prepare=partial(as_seen, run), progress=work)
    return Cloud(source, what, encoded.posterior["mean"], encoded.kl.astype(np.float32))


def measure_distortions(run: Run, cloud: Cloud, work: Work[Any]) -> FloatArray:
    """The distortion of every image, nats, float32 `(n,)`: what the image costs when it is encoded by itself.

    Raises:
        Stopped: If `work` was asked to end.
    """
    work.total, noise = len(cloud.source), noise_for(run)
    batches = encoded_batches(run, cloud.source, prepare=partial(as_seen, run), progress=work)
    parts = [cost_of(run, batch.images.input, batch.encoded, noise).distortion for batch in batches]
    return np.asarray(np.concatenate(parts), np.float32)
