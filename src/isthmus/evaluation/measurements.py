"""Measurements of a run on images, each made once: the end of a training, the report and an evaluation share them."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from isthmus.data import EvaluationBatches, ImageSource, batch_size_for, content_order, select
from isthmus.evaluation.codebook import CodebookUse, measure_codebook
from isthmus.evaluation.latent import LatentResults, measure_latent
from isthmus.evaluation.pca import PCABaseline
from isthmus.evaluation.reconstruction import ReconstructionResult, measure_reconstruction
from isthmus.probability import namespace
from isthmus.runs import EncodedImages, Run, encode
from isthmus.runs.encoding import numbers_of
from isthmus.scores import PixelMeasure, Scores, as_pixels, measure_for, score

MOST_IMAGES = 5_000
"""Training images (and test images) that a part looks at where all would take too long; the rows say so."""
MOST_NUMBERS = 1 << 25
"""Numbers of pixels held at once: 128 MiB of float32."""
MOST_TEST, MOST_PIXELS = 10_000, 200_000_000
"""Test images that are measured where seconds count, and their pixels."""
_SUBSET_STREAM = 0x73756273


@dataclass(frozen=True, eq=False)
class Measurements:
    """A run, images to measure it on, and what was measured.

    Attributes:
        run: The run.
        test: Held-out images.
        train: The training images, or None where they cannot be found.
        seed: Seed for every draw and choice.
        what: The test images in words.
    """

    run: Run
    test: ImageSource
    train: ImageSource | None
    seed: int
    what: str = "test images"

    @classmethod
    def of(
        cls, run: Run, test: ImageSource, train: ImageSource | None, seed: int, what: str = "test images"
    ) -> "Measurements":
        """Order images by their content and the seed, so that no metric depends on their listing order."""

        def ordered(source: ImageSource) -> ImageSource:
            return select(source, content_order(source, seed))

        return cls(run, ordered(test), None if train is None else ordered(train), seed, what)

    def limited(self) -> "Measurements":
        """The same of at most `MOST_TEST` test images, which takes seconds; itself where there are no more."""
        count = max(1, min(MOST_TEST, MOST_PIXELS // self.test.spec.dims))
        return self if len(self.test) <= count else replace(self, test=select(self.test, np.arange(count)))

    @cached_property
    def scores(self) -> Scores:
        """The scores of every test image."""
        return score(self.run, self.test, self.seed)

    @cached_property
    def pixel_measure(self) -> PixelMeasure:
        """How the probability of test images is counted."""
        return measure_for(self.run, self.test)

    @cached_property
    def reconstruction(self) -> ReconstructionResult:
        """How close the reconstruction of every test image is, with structural similarity, beside baselines."""
        return measure_reconstruction(self.run, self.test, self.seed, self.pca)

    @cached_property
    def latent(self) -> LatentResults:
        """Results of the codes of every test image."""
        return measure_latent(self.codes, self.seed)

    @cached_property
    def codebook_use(self) -> CodebookUse | None:
        """How much of its codebook the run uses for the test images; None for continuous codes."""
        return measure_codebook(self.codes)

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
    def codes(self) -> EncodedImages:
        """The codes of every test image."""
        return encode(self.run, self.test, self.seed)

    @cached_property
    def subset_codes(self) -> EncodedImages:
        """The codes of `test_subset`."""
        return self.codes if self.test_subset is self.test else encode(self.run, self.test_subset, self.seed)

    @cached_property
    def train_pixels(self) -> NDArray[np.float32] | None:
        """The pixels of `train_subset`."""
        return None if self.train_subset is None else pixels(self.run, self.train_subset, self.seed)

    @cached_property
    def pca(self) -> PCABaseline | None:
        """PCA of `train_pixels` with as many dimensions as a code, or as have the size of a discrete code."""
        if self.train_pixels is None:
            return None
        return PCABaseline(self.train_pixels, self.run.latent.float_dim, self.seed)

    @cached_property
    def test_pixels(self) -> NDArray[np.float32]:
        """The pixels of `test_subset`."""
        return pixels(self.run, self.test_subset, self.seed)

    @cached_property
    def pixel_variance(self) -> float:
        """The mean over pixels of the variance over `test_subset`: the squared error of their mean image."""
        return float(np.var(self.test_pixels, axis=0, dtype=np.float64).mean())


def subset(source: ImageSource, most: int, seed: int) -> ImageSource:
    """At most `most` images, chosen by the seed, in their order; fewer where their pixels would fill the memory."""
    count = min(most, max(2, MOST_NUMBERS // source.spec.dims))
    if len(source) <= count:
        return source
    chosen = np.random.default_rng([seed, _SUBSET_STREAM]).choice(len(source), count, replace=False)
    return select(source, np.sort(chosen))


def pixels(run: Run, source: ImageSource, seed: int) -> NDArray[np.float32]:
    """Every image of a source as the model takes it, float32 from 0 to 1, `(n, h, w, c)`."""
    batches = EvaluationBatches(source, batch_size_for(source.spec.dims), run.recipe, seed)
    return np.concatenate([as_pixels(batch.target, run.recipe.pixels).astype(np.float32) for batch in batches])


def decode(run: Run, codes: NDArray[np.floating], labels: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
    """The mean image of each code `(n, dim)`, of the class of each for a conditional run, float32 `(n, h, w, c)`."""
    size = batch_size_for(numbers_of(run))
    places = [slice(start, start + size) for start in range(0, len(codes), size)]
    parts = [
        run.likelihood.mean(
            namespace, run.decode_parameters(codes[part], labels=None if labels is None else labels[part])
        )
        for part in places
    ]
    return np.concatenate(parts).astype(np.float32)
