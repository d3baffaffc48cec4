"""What the parts of an evaluation share: the images, some of them as pixels, and their codes, each made once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource, batch_size_for, content_order, evaluation_batches, select
from isthmus.evaluation.pca import PCABaseline
from isthmus.probability import namespace
from isthmus.runs import EncodedImages, Run, encode
from isthmus.runs.encoding import numbers_of
from isthmus.scores import as_pixels

MOST_IMAGES = 5_000
"""Training images (and test images) that a part looks at where all would take too long; the rows say so."""
MOST_NUMBERS = 1 << 25
"""Numbers of pixels held at once: 128 MiB of float32."""
_SUBSET_STREAM = 0x73756273


@dataclass(frozen=True, eq=False)
class Material:
    """A run and the images that it is evaluated on.

    Attributes:
        run: What is evaluated.
        test: Held-out images.
        train: The images that it learned from, or None where they are not at hand.
        seed: Of every draw and every choice.
    """

    run: Run
    test: ImageSource
    train: ImageSource | None
    seed: int

    @classmethod
    def assemble(cls, run: Run, test: ImageSource, train: ImageSource | None, seed: int) -> "Material":
        """Take images in an order of their content and the seed, so that no metric depends on their listing order."""

        def ordered(source: ImageSource) -> ImageSource:
            return select(source, content_order(source, seed))

        return cls(run, ordered(test), None if train is None else ordered(train), seed)

    @cached_property
    def train_subset(self) -> ImageSource | None:
        """Some training images, at most `MOST_IMAGES` and what memory allows."""
        return None if self.train is None else subset(self.train, MOST_IMAGES, self.seed)

    @cached_property
    def test_subset(self) -> ImageSource:
        """Some test images, at most `MOST_IMAGES` and what memory allows; all of them where they are so few."""
        return subset(self.test, MOST_IMAGES, self.seed)

    @cached_property
    def train_codes(self) -> EncodedImages | None:
        """The codes of `train_subset`."""
        return None if self.train_subset is None else encode(self.run, self.train_subset, self.seed)

    @cached_property
    def test_codes(self) -> EncodedImages:
        """The codes of every test image."""
        return encode(self.run, self.test, self.seed)

    @cached_property
    def subset_codes(self) -> EncodedImages:
        """The codes of `test_subset`."""
        return self.test_codes if self.test_subset is self.test else encode(self.run, self.test_subset, self.seed)

    @cached_property
    def train_pixels(self) -> NDArray[np.float32] | None:
        """The pixels of `train_subset`."""
        return None if self.train_subset is None else pixels(self.run, self.train_subset, self.seed)

    @cached_property
    def pca(self) -> PCABaseline | None:
        """PCA of `train_pixels` with as many dimensions as a code."""
        if self.train_pixels is None:
            return None
        return PCABaseline(self.train_pixels, self.run.recipe.latent.dim, self.seed)

    @cached_property
    def test_pixels(self) -> NDArray[np.float32]:
        """The pixels of `test_subset`."""
        return pixels(self.run, self.test_subset, self.seed)


def subset(source: ImageSource, most: int, seed: int) -> ImageSource:
    """At most so many images, chosen by the seed and kept in order; fewer where their pixels would fill the memory."""
    count = min(most, max(2, MOST_NUMBERS // source.spec.dims))
    if len(source) <= count:
        return source
    chosen = np.random.default_rng([seed, _SUBSET_STREAM]).choice(len(source), count, replace=False)
    return select(source, np.sort(chosen))


def pixels(run: Run, source: ImageSource, seed: int) -> NDArray[np.float32]:
    """Every image of a source as the model takes it, float32 from 0 to 1, `(n, h, w, c)`."""
    batches = evaluation_batches(source, batch_size_for(source.spec.dims), run.recipe, seed)
    return np.concatenate([as_pixels(batch.target, run.recipe.pixels).astype(np.float32) for batch in batches])


def decode(run: Run, codes: NDArray[np.floating]) -> NDArray[np.float32]:
    """The mean image of each code `(n, dim)`, float32 `(n, h, w, c)`."""
    size = batch_size_for(numbers_of(run))
    parts = [
        run.likelihood.mean(namespace, run.decode_parameters(codes[start : start + size]))
        for start in range(0, len(codes), size)
    ]
    return np.concatenate(parts).astype(np.float32)
