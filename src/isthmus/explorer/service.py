"""What the explorer does, apart from how it is asked: a run, the cloud of its test images, and requests in batches."""

import time
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Data, Preprocessing, select, spread
from isthmus.errors import DataError, UsageError
from isthmus.explorer.batcher import Batcher
from isthmus.explorer.cloud import Cloud, encode_cloud, measure_distortions
from isthmus.explorer.costs import cost, noise_for
from isthmus.explorer.job import Work
from isthmus.explorer.limits import Limits
from isthmus.explorer.pixels import Pixels, as_given, as_shown, read_picture, shown_channels
from isthmus.explorer.projection import Projection, ProjectionName, project, projections_for
from isthmus.runs import Run, require_autoencoder

FloatArray = NDArray[np.float32]
DECODED_AT_ONCE = 256
ENCODED_AT_ONCE = 32


@dataclass(frozen=True)
class Encoded:
    """What is known of n pictures.

    Attributes:
        mean: Their codes, float32 `(n, dim)`.
        log_variance: float32 `(n, dim)`; None for a plain autoencoder.
        rate: Nats, `(n,)`.
        distortion: Nats, `(n,)`.
        percentile: The share of the cloud's images, in percent, that cost less, `(n,)`; None while that is not known.
    """

    mean: FloatArray
    log_variance: FloatArray | None
    rate: NDArray[np.float64]
    distortion: NDArray[np.float64]
    percentile: NDArray[np.float64] | None


class Service:
    """A run at work.

    Args:
        run: The run.
        data: Images for the cloud; by default the run's own test images.
        images: How many of them at most, evenly spread.
        limits: What is refused.

    Raises:
        UsageError: If the run restores pictures.
        RunError: If its graphs are damaged.
    """

    def __init__(self, run: Run, data: Data | None = None, images: int = 10_000, limits: Limits | None = None) -> None:
        require_autoencoder(run)
        self.run, self.limits = run, limits or Limits()
        self._data, self._images = data, images
        self._decoder = Batcher(self._decode, DECODED_AT_ONCE, self.limits.waiting)
        self._encoder = Batcher(self._encode, ENCODED_AT_ONCE, self.limits.waiting)
        self.cloud: Work[Cloud] = Work()
        self.distortions: Work[FloatArray] = Work()
        self._projections: dict[str, Work[Projection]] = {}
        self._sorted_costs: NDArray[np.float64] | None = None
        # The first use opens the graphs, which two threads should not do at once.
        run.encode(np.zeros((1, *run.image.shape), run.image.dtype))
        run.decode(self.centre[None])

    def start(self) -> None:
        """Begin with the cloud, in the background."""
        self.cloud.start(self._make_cloud)

    def stop(self, patience: float = 3.0) -> bool:
        """End what goes on in the background, at its next step.

        Args:
            patience: How long to wait for it, seconds.

        Returns:
            Whether it has ended. Opening a large source and UMAP are one step each, and may take longer.
        """
        works: list[Work[Any]] = [self.cloud, self.distortions, *self._projections.values()]
        for work in works:
            work.stop()
        until = time.monotonic() + patience
        for work in works:
            work.wait(max(0.0, until - time.monotonic()))
        return not any(work.goes_on for work in works)

    @property
    def dim(self) -> int:
        """The numbers in one code."""
        return self.run.recipe.latent.dim

    @cached_property
    def scale(self) -> tuple[FloatArray, FloatArray]:
        """The middle of all codes and their standard deviations, each `(dim,)`: the prior's, or the training codes'."""
        if self.run.latent.has_rate:
            return np.zeros(self.dim, np.float32), np.ones(self.dim, np.float32)
        codes = self.run.sample_codes(4096)
        return codes.mean(axis=0), np.maximum(codes.std(axis=0), np.float32(1e-6))

    @property
    def centre(self) -> FloatArray:
        """The middle of all codes, `(dim,)`."""
        return self.scale[0]

    @cached_property
    def preprocessing(self) -> Preprocessing | None:
        """What picture files become; None where no picture file has so many channels."""
        return self.run.preprocessing or Preprocessing.of(self.run.image)

    @property
    def projections(self) -> tuple[ProjectionName, ...]:
        """The projections that there are, the default first."""
        return projections_for(self.dim)

    def describe(self) -> dict[str, Any]:
        """What a page must know before it shows anything."""
        run, image, cloud = self.run, self.run.image, self.cloud.result
        shown = image.channels == shown_channels(image.channels)
        points = not self.cloud.fault
        return {
            "name": run.path.resolve().name,
            "recipe": run.recipe.name,
            "summary": run.recipe.summary,
            "image": {"height": image.height, "width": image.width, "channels": shown_channels(image.channels)},
            "latentDim": self.dim,
            "hasRate": run.latent.has_rate,
            "isLikelihood": run.recipe.is_likelihood and run.latent.has_rate,
            "likelihood": run.recipe.likelihood.kind,
            "labels": list(run.class_names),
            "start": self.run.typical_code.tolist(),
            "centre": self.scale[0].tolist(),
            "deviation": self.scale[1].tolist(),
            "data": {"what": cloud.what, "count": len(cloud.codes)} if cloud else None,
            "note": self.cloud.fault,
            "projections": list(self.projections),
            "capabilities": {
                "encode": shown,
                "points": points,
                "distortions": points and not self.distortions.fault,
                "neighbours": points,
                "sample": True,
                "prepare": shown and self.preprocessing is not None,
            },
        }

    async def decode(self, codes: FloatArray) -> Pixels:
        """The pictures of codes `(n, dim)`, uint8 `(n, h, w, c)`; together with those that others ask for."""
        return np.asarray((await self._decoder(codes))["pixels"], np.uint8)

    async def encode(self, pixels: Pixels) -> Encoded:
        """The codes and costs of pictures, uint8 `(n, h, w, c)`."""
        found = await self._encoder(as_given(self.run, pixels))
        rate, distortion = found["rate"], found["distortion"]
        return Encoded(found["mean"], found.get("log_variance"), rate, distortion, self._percentile(rate + distortion))

    def prepare(self, content: bytes) -> Pixels:
        """A picture file, made fit as for training: uint8 `(1, h, w, c)`.

        Raises:
            DataError: If it is no picture, or no picture file has so many channels.
        """
        if self.preprocessing is None:
            raise DataError(f"expected arrays: no picture file has the {self.run.image.channels} channels of this run.")
        return read_picture(content, self.preprocessing, self.limits.file_pixels)

    def projection(self, name: str) -> Work[Projection]:
        """Codes on a plane; begun when it is first asked for.

        Raises:
            UsageError: If there is no such projection.
        """
        known = {known: known for known in self.projections}
        if name not in known:
            raise UsageError(f"expected a projection of {', '.join(known)}; got {name!r}.")
        cloud = self.cloud.result
        assert cloud is not None, "asked for before there are points"
        if name not in self._projections:
            made: Work[Projection] = Work()
            self._projections[name] = made.start(lambda _: project(cloud.codes, known[name]))
        return self._projections[name]

    def images(self, indices: NDArray[np.int64]) -> Pixels:
        """The pictures of some points, uint8 `(n, h, w, c)`.

        Raises:
            UsageError: If there is no such point.
        """
        cloud = self.cloud.result
        count = 0 if cloud is None else len(cloud.codes)
        if cloud is None or (indices.size and not 0 <= indices.min() <= indices.max() < count):
            raise UsageError(f"expected numbers of points, from 0 to {count - 1}.")
        return as_shown(cloud.source.read(indices))

    def _percentile(self, costs: NDArray[np.float64]) -> NDArray[np.float64] | None:
        cloud, distortions = self.cloud.result, self.distortions.result
        if cloud is None or distortions is None:
            return None
        if self._sorted_costs is None:
            self._sorted_costs = np.sort(cloud.rate.astype(np.float64) + distortions)
        return 100.0 * np.searchsorted(self._sorted_costs, costs) / len(self._sorted_costs)

    def _make_cloud(self, work: Work[Cloud]) -> Cloud:
        # Late, since data sets bring much along, and the page's first picture needs none of it.
        from isthmus.workflows.datasets import open_held_out

        found = open_held_out(self.run, self._data, training_too=True)
        source = found.images
        if len(source) > self._images:
            source = select(source, spread(len(source), self._images))
        cloud = encode_cloud(self.run, source, found.what, work)
        self.distortions.start(partial(measure_distortions, self.run, cloud))
        return cloud

    def _decode(self, codes: FloatArray) -> dict[str, NDArray[Any]]:
        return {"pixels": as_shown(self.run.decode(codes))}

    def _encode(self, images: NDArray[Any]) -> dict[str, NDArray[Any]]:
        # The same noise for every picture: what one costs must not follow from what was asked for beside it.
        found = cost(self.run, images, noise_for(self.run))
        posterior = {} if found.log_variance is None else {"log_variance": found.log_variance}
        return {"mean": found.mean, **posterior, "rate": found.kl.sum(axis=1), "distortion": found.distortion}
