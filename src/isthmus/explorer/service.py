"""The explorer without HTTP: a run, the cloud of its test images, and requests in batches."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Data, Preprocessing, batch_size_for, select, spread
from isthmus.errors import DataError, UsageError
from isthmus.explorer.batcher import Batcher
from isthmus.explorer.cloud import Cloud, encode_cloud, measure_distortions
from isthmus.explorer.costs import Costs, cost, noise_for
from isthmus.explorer.images import as_input, read_image_file
from isthmus.explorer.job import BackgroundJob
from isthmus.explorer.limits import Limits
from isthmus.explorer.projection import PlaneProjection, ProjectionName, project, projections_for
from isthmus.plots.checks import Images
from isthmus.plots.display import as_displayed, displayed_channels, false_colour
from isthmus.runs import Run, require_autoencoder, require_continuous, require_unconditional
from isthmus.runs.encoding import numbers_of

FloatArray = NDArray[np.float32]


class Service:
    """A run that answers requests.

    Args:
        run: The run.
        data: Images for the cloud; by default the run's own test images.
        images: The largest number of points, evenly spread over the images.
        limits: The limits for clients.

    Raises:
        UsageError: If the run restores images, is conditional, or has discrete codes.
        RunError: If its graphs are damaged.
    """

    def __init__(self, run: Run, data: Data | None = None, images: int = 10_000, limits: Limits | None = None) -> None:
        require_autoencoder(run)
        require_unconditional(run, "the explorer")
        require_continuous(run, "the explorer")
        self.run, self.limits = run, limits or Limits()
        self._data, self._images = data, images
        at_once = batch_size_for(numbers_of(run))
        self._decoder = Batcher(self._decode, at_once, self.limits.waiting)
        self._encoder = Batcher(self._encode, at_once, self.limits.waiting)
        self.cloud: BackgroundJob[Cloud] = BackgroundJob()
        self.distortions: BackgroundJob[FloatArray] = BackgroundJob()
        self._projections: dict[str, BackgroundJob[PlaneProjection]] = {}
        self._sorted_costs: NDArray[np.float64] | None = None
        # The first use opens the graphs, which two threads must not do at once.
        run.encode(np.zeros((1, *run.image.shape), run.image.dtype))
        run.decode(self.centre[None])

    def start(self) -> None:
        """Start to encode the cloud, in the background."""
        self.cloud.start(self._make_cloud)

    def stop(self, patience: float = 3.0) -> bool:
        """Stop all jobs at their next step.

        Args:
            patience: How long to wait for them, seconds.

        Returns:
            Whether all have ended. Opening a large source and UMAP are one step each, and may take longer.
        """
        jobs: list[BackgroundJob[Any]] = [self.cloud, self.distortions, *self._projections.values()]
        for job in jobs:
            job.stop()
        until = time.monotonic() + patience
        for job in jobs:
            job.wait(max(0.0, until - time.monotonic()))
        return not any(job.is_running for job in jobs)

    @property
    def dim(self) -> int:
        """The number of latent dimensions."""
        return self.run.recipe.latent.dim

    @cached_property
    def scale(self) -> tuple[FloatArray, FloatArray]:
        """The mean and standard deviations of latent codes, each `(dim,)`: of the prior, or of the training codes."""
        if self.run.latent.has_standard_prior:
            return np.zeros(self.dim, np.float32), np.ones(self.dim, np.float32)
        codes = self.run.sample_codes(4096)
        return codes.mean(axis=0), np.maximum(codes.std(axis=0), np.float32(1e-6))

    @property
    def centre(self) -> FloatArray:
        """The mean of latent codes, `(dim,)`."""
        return self.scale[0]

    @cached_property
    def preprocessing(self) -> Preprocessing:
        """The preprocessing of image files."""
        return self.run.preprocessing or Preprocessing.of(self.run.image)

    @property
    def projections(self) -> tuple[ProjectionName, ...]:
        """The available projections, the default first."""
        return projections_for(self.dim)

    def describe(self) -> dict[str, Any]:
        """Describe the run and what can be asked of it, for the page."""
        run, image, cloud = self.run, self.run.image, self.cloud.result
        channels = displayed_channels(image.channels)
        shown = image.channels == channels
        points = not self.cloud.error
        return {
            "name": run.path.resolve().name,
            "recipe": run.recipe.name,
            "summary": run.recipe.summary,
            "image": {"height": image.height, "width": image.width, "channels": channels},
            "falseColour": false_colour(image.channels),
            "latentDim": self.dim,
            "hasRate": run.latent.has_rate,
            "hasStandardPrior": run.latent.has_standard_prior,
            "isLikelihood": run.recipe.is_likelihood and run.latent.has_rate,
            "likelihood": run.recipe.likelihood.kind,
            "labels": list(run.class_names),
            "start": self.run.typical_code.tolist(),
            "centre": self.scale[0].tolist(),
            "deviation": self.scale[1].tolist(),
            "data": {"what": cloud.what, "count": len(cloud.codes)} if cloud else None,
            "note": self.cloud.error,
            "projections": list(self.projections),
            "capabilities": {
                "encode": shown,
                "points": points,
                "distortions": points and not self.distortions.error,
                "neighbours": points,
                "prepare": shown,
            },
        }

    async def decode(self, codes: FloatArray) -> Images:
        """Decode latent codes `(n, dim)` to uint8 `(n, h, w, c)`, in one batch with those of other requests."""
        return np.asarray((await self._decoder(codes))["pixels"], np.uint8)

    async def encode(self, images: Images) -> Costs:
        """Encode images, uint8 `(n, h, w, c)`, and measure their costs and percentiles."""
        found = Costs(**await self._encoder(as_input(self.run, images)))
        return replace(found, percentile=self._percentile(found.rate + found.distortion))

    def prepare(self, content: bytes) -> Images:
        """Preprocess an image file as for training: uint8 `(1, h, w, c)`.

        Raises:
            DataError: If it is not an image file, or the run takes several bands.
        """
        if false_colour(self.run.image.channels):
            raise DataError(f"expected codes: this page takes no images of {self.run.image.channels} channels.")
        return read_image_file(content, self.preprocessing, self.limits.file_pixels)

    def projection(self, name: str) -> BackgroundJob[PlaneProjection]:
        """The job that projects the cloud to a plane; started by the first request.

        Raises:
            UsageError: If there is no such projection.
        """
        known = {known: known for known in self.projections}
        if name not in known:
            raise UsageError(f"expected a projection of {', '.join(known)}; got {name!r}.")
        cloud = self.cloud.result
        assert cloud is not None, "requested before there are points"
        if name not in self._projections:
            job: BackgroundJob[PlaneProjection] = BackgroundJob()
            self._projections[name] = job.start(lambda _: project(cloud.codes, known[name]))
        return self._projections[name]

    def images(self, indices: Sequence[int]) -> Images:
        """The images of some points, uint8 `(n, h, w, c)`.

        Raises:
            UsageError: If there is no such point.
        """
        cloud = self.cloud.result
        assert cloud is not None, "requested before there are points"
        if not all(0 <= index < len(cloud.codes) for index in indices):
            raise UsageError(f"expected indices of points, from 0 to {len(cloud.codes) - 1}.")
        return as_displayed(cloud.source.read(np.asarray(indices, np.int64)))

    def _percentile(self, costs: NDArray[np.float64]) -> NDArray[np.float64] | None:
        cloud, distortions = self.cloud.result, self.distortions.result
        if cloud is None or distortions is None:
            return None
        if self._sorted_costs is None:
            self._sorted_costs = np.sort(cloud.rate.astype(np.float64) + distortions)
        return 100.0 * np.searchsorted(self._sorted_costs, costs) / len(self._sorted_costs)

    def _make_cloud(self, job: BackgroundJob[Cloud]) -> Cloud:
        # Late, since data sets import much that the page's first image does not need.
        from isthmus.workflows.datasets import open_held_out

        found = open_held_out(self.run, self._data, training_too=True)
        source = found.images
        if len(source) > self._images:
            source = select(source, spread(len(source), self._images))
        cloud = encode_cloud(self.run, source, found.what, job)
        self.distortions.start(partial(measure_distortions, self.run, cloud))
        return cloud

    def _decode(self, codes: FloatArray) -> dict[str, NDArray[Any]]:
        return {"pixels": as_displayed(self.run.decode(codes))}

    def _encode(self, images: NDArray[Any]) -> dict[str, NDArray[Any]]:
        # The same noise for every image: its cost must not depend on the rest of the batch.
        found = cost(self.run, images, noise_for(self.run))
        return {name: array for name, array in vars(found).items() if array is not None}
