"""The only loop from images to their codes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Batch, EvaluationBatches, ImageArray, ImageSource, batch_size_for, match_classes
from isthmus.data.batches import condition_at
from isthmus.errors import DataError
from isthmus.probability import LatentVariable, namespace
from isthmus.progress import Bar, progress_bar
from isthmus.runs.run import Run

_CODE_STREAM = 0x636F6465

FloatArray = NDArray[np.float64]
Prepare = Callable[[ImageArray], ImageArray]


@dataclass(frozen=True, eq=False)
class EncodedBatch:
    """Some images of a source, one after the other, and what the encoder makes of them.

    Attributes:
        start: The number of the first.
        images: The input of the encoder and the target of the decoder, each `(b, height, width, channels)`.
        encoded: What `Run.encode` gives: the posterior's parameters, float32 `(b, dim)`, and what else a decoder takes.
    """

    start: int
    images: Batch
    encoded: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class EncodedImages:
    """Images with their codes.

    Attributes:
        source: The images.
        latent: What the parameters mean.
        posterior: The parameters by name, each float32 `(n, dim)`; and the `condition` of a conditional run, one-hot
            `(n, classes)`.
        seed: Seed for the draws.
    """

    source: ImageSource
    latent: LatentVariable
    posterior: Mapping[str, NDArray[np.float32]]
    seed: int = 0

    def __len__(self) -> int:
        return len(self.posterior["mean"])

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """The labels of the images, `(n,)`."""
        return self.source.labels

    @cached_property
    def mean(self) -> FloatArray:
        """The mean of each posterior, or of a plain autoencoder the code itself, `(n, dim)`."""
        return self.posterior["mean"].astype(np.float64)

    @cached_property
    def log_variance(self) -> FloatArray | None:
        """The logarithm of each posterior's variance, `(n, dim)`; None for a plain autoencoder."""
        found = self.posterior.get("log_variance")
        return None if found is None else found.astype(np.float64)

    @cached_property
    def kl(self) -> FloatArray | None:
        """KL of each posterior from the prior by dimension, nats, `(n, dim)`; zeros for a plain autoencoder.

        None where there is no closed form.
        """
        kl = self.latent.kl(namespace, self._parameters)
        return None if kl is None else np.asarray(kl)

    @cached_property
    def drawn(self) -> FloatArray:
        """One draw of each posterior, `(n, dim)`."""
        noise = np.random.default_rng([self.seed, _CODE_STREAM]).standard_normal(self.mean.shape)
        return np.asarray(self.latent.sample(namespace, self._parameters, noise))

    @cached_property
    def rate(self) -> FloatArray:
        """The rate of each image, nats, `(n,)`: in closed form where there is one, else of `drawn`."""
        return np.asarray(self.latent.rate(namespace, self.drawn, self._parameters))

    @cached_property
    def information(self) -> tuple[FloatArray, str]:
        """The information of each dimension, `(dim,)`, and its unit: the mean KL in nats, or the variance of codes."""
        if self.latent.has_rate and self.kl is not None:
            return self.kl.mean(axis=0), "nats"
        return self.mean.var(axis=0), "variance"

    @cached_property
    def _parameters(self) -> dict[str, FloatArray]:
        return {name: array.astype(np.float64) for name, array in self.posterior.items()}


def encode(
    run: Run,
    source: ImageSource,
    seed: int | None = None,
    *,
    prepare: Prepare | None = None,
    progress: str | Bar | None = "encoding",
) -> EncodedImages:
    """Encode every image of a source; see `encoded_batches`.

    Raises:
        DataError: If the images are not of the run's shape.
    """
    parts = [part.encoded for part in encoded_batches(run, source, seed, prepare=prepare, progress=progress)]
    posterior = {name: np.concatenate([part[name] for part in parts]) for name in run.latent.given(parts[0])}
    return EncodedImages(source, run.latent, posterior, seed or 0)


def encoded_batches(
    run: Run,
    source: ImageSource,
    seed: int | None = None,
    *,
    prepare: Prepare | None = None,
    progress: str | Bar | None = None,
) -> Iterator[EncodedBatch]:
    """Read a source from the first image to the last, and encode each image once.

    Args:
        run: The run.
        source: Images of the run's `source`; without a seed, of its `image`.
        seed: Seed for stochastic binarisation and for the inputs and targets that the run's task makes of images. None
            encodes images as they are.
        prepare: What to make of images before they are encoded, where there is no seed.
        progress: The title of a progress bar, or a bar of the caller's; None shows none.

    Raises:
        DataError: If the images are not of the run's shape, or a conditional run does not know their classes.
    """
    expected = run.image if seed is None else run.source
    if source.spec != expected:
        raise DataError(f"expected images of {expected}, as run {run.path.name!r} was trained on; got {source.spec}.")
    shown: AbstractContextManager[Bar | None] = (
        progress_bar(progress, len(source)) if isinstance(progress, str) else nullcontext(progress)
    )
    if run.is_conditional:
        source = _of_known_classes(run, source)
    size = batch_size_for(numbers_of(run))
    batches: Iterable[Batch] = _as_they_are(run, source, size, prepare)
    if seed is not None:
        batches = EvaluationBatches(source, size, run.recipe, seed)
    start = 0
    with shown as bar:
        for batch in batches:
            yield EncodedBatch(start, batch, run.encode(batch.input, batch.condition))
            start += len(batch.input)
            if bar is not None:
                bar.update(start)


def _of_known_classes(run: Run, source: ImageSource) -> ImageSource:
    """Images with the numbers that their classes have in a run, each of which it was trained on."""
    numbered = match_classes(source, run.class_names)
    unknown = () if numbered.labels is None else numbered.class_names[len(run.class_names) :]
    if unknown:
        raise DataError(
            f"expected images of the {len(run.class_names)} classes that run {run.path.name!r} was trained on; got "
            f"images of {', '.join(unknown[:5])}{' and others' if unknown[5:] else ''}. Leave these out."
        )
    return numbered


def numbers_of(run: Run) -> int:
    """Size of an image, or of the decoder's output for it where that is larger, in array elements."""
    image = run.image
    return image.height * image.width * max(image.channels, run.likelihood.output_channels(image.channels))


def _as_they_are(run: Run, source: ImageSource, size: int, prepare: Prepare | None) -> Iterator[Batch]:
    for start in range(0, len(source), size):
        indices = np.arange(start, min(start + size, len(source)))
        images = source.read(indices)
        images = images if prepare is None else prepare(images)
        yield Batch(images, images, condition_at(source, indices, run.recipe))
