"""The cloud: the test images of a run as points of its latent space."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource
from isthmus.explorer.costs import as_encoder_input, cost_of, noise_for
from isthmus.explorer.job import BackgroundJob
from isthmus.runs import EncodedImages, Run, encode, encoded_batches

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Cloud(EncodedImages):
    """Images and their latent codes, and what they are in words, such as "test images of mnist"."""

    what: str = ""

    @property
    def codes(self) -> FloatArray:
        """The posterior's means, float32 `(n, dim)`."""
        return self.posterior["mean"]

    def neighbours(self, code: FloatArray, count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The images whose codes are nearest to a code `(dim,)`: their indices and Euclidean distances, nearest first.

        The search is exact: for as many points as a page can show, it takes milliseconds.
        """
        distances = np.linalg.norm(self.mean - code, axis=1)
        nearest = np.argsort(distances, kind="stable")[:count]
        return nearest, distances[nearest]


def encode_cloud(run: Run, source: ImageSource, what: str, job: BackgroundJob[Any]) -> Cloud:
    """Encode all images of a source.

    Raises:
        Stopped: If the job was asked to end.
    """
    job.total = len(source)
    encoded = encode(run, source, prepare=partial(as_encoder_input, run), progress=job)
    return Cloud(source, run.latent, encoded.posterior, what=what)


def measure_distortions(run: Run, cloud: Cloud, job: BackgroundJob[Any]) -> FloatArray:
    """Measure the distortion of every image, nats, float32 `(n,)`.

    Raises:
        Stopped: If the job was asked to end.
    """
    job.total, noise = len(cloud.source), noise_for(run)
    batches = encoded_batches(run, cloud.source, prepare=partial(as_encoder_input, run), progress=job)
    parts = [cost_of(run, batch.images.input, batch.encoded, noise).distortion for batch in batches]
    return np.asarray(np.concatenate(parts), np.float32)
