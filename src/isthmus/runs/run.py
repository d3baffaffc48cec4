"""A trained run, used through its graphs, without a training framework."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data import ImageSpec, Preprocessing, Task, task_of
from isthmus.data.classes import class_number
from isthmus.errors import UsageError
from isthmus.probability import CONDITION, LatentVariable, Likelihood, latent_variable, likelihood_of, namespace
from isthmus.probability.densities import GaussianMixture
from isthmus.recipes import Recipe
from isthmus.runs.card import card
from isthmus.runs.checks import check_draws, checked_codes, checked_images, generator_of
from isthmus.runs.code_densities import CodeDensities
from isthmus.runs.conditions import Labels, condition_of, labels_in_turn
from isthmus.runs.graphs import Graphs
from isthmus.runs.large_images import reconstruct_by_tiles
from isthmus.runs.manifest import Manifest

Images = NDArray[np.generic]
FloatArray = NDArray[np.float32]


class Run:
    """A run folder, opened by `isthmus.load`.

    Images are arrays `(n, height, width, channels)`. Their shape and dtype are `image` for the encoder's input,
    `target` for the decoder's output, and `source` for the images from which a task makes both. For a run that
    reconstructs, all three are equal.

    Attributes:
        path: The folder.
        manifest: Its manifest.
        recipe: Its recipe.
        label: The number of the class that a conditional run is fixed to; None for none.
    """

    def __init__(self, path: Path, manifest: Manifest, recipe: Recipe, label: int | None = None) -> None:
        self.path, self.manifest, self.recipe, self.label = path, manifest, recipe, label

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without sessions, which another process opens again on first use."""
        return type(self), (self.path.absolute(), self.manifest, self.recipe, self.label)

    def __repr__(self) -> str:
        return f"<Run {self.path}: {self.recipe.name}, {self.image}, {self.recipe.latent.description}>"

    def _repr_html_(self) -> str:
        """HTML for Jupyter."""
        return card(self.path, self.manifest, self.recipe)

    @property
    def image(self) -> ImageSpec:
        """Shape and dtype of the encoder's input."""
        return self.manifest.images.spec

    @property
    def target(self) -> ImageSpec:
        """Shape and dtype of the decoder's output."""
        return self.manifest.target.spec

    @property
    def source(self) -> ImageSpec:
        """Shape and dtype of the images from which the task makes input and target."""
        return self.manifest.source.spec

    @property
    def restores(self) -> bool:
        """Whether its task is not to reconstruct its input."""
        return self.recipe.task.restores

    @property
    def skips(self) -> tuple[str, ...]:
        """Names of the skip connections, which `encode` also returns and `decode` also takes."""
        graph = self.manifest.graphs.get("encoder")
        return () if graph is None else tuple(o.name for o in graph.outputs if o.name.startswith("skip_"))

    @property
    def preprocessing(self) -> Preprocessing | None:
        """How image files are fitted to the model; None if no image file can have its channels."""
        entry = self.manifest.preprocessing
        return None if entry is None else entry.value

    @property
    def class_names(self) -> tuple[str, ...]:
        """The labels of the training images; empty if they had none."""
        return self.manifest.data.class_names

    @property
    def is_conditional(self) -> bool:
        """Whether encoder and decoder take the class of an image besides it, from among `class_names`."""
        return self.recipe.condition.is_given

    def conditioned_on(self, label: str | int) -> "Run":
        """The run fixed to a class, by its name or number: that of codes, and of images that have no label.

        Raises:
            UsageError: If the run is not conditional, or there is no such class.
        """
        if not self.is_conditional:
            raise UsageError(f"{self.path} is not conditional, so it takes no class. Leave the label {label!r} out.")
        return Run(self.path, self.manifest, self.recipe, class_number(label, self.class_names))

    @property
    def trained_labels(self) -> list[int]:
        """The number of each class that training images had."""
        return self._densities.labels

    @property
    def latent(self) -> LatentVariable:
        """The distribution of codes that the encoder's outputs parametrise, and its prior."""
        fixed = latent_variable(self.recipe)
        learns = fixed.prior.learned_shapes(fixed.dim)
        return latent_variable(self.recipe, self._graphs.learned_prior) if learns else fixed

    @property
    def task(self) -> Task:
        """The task, which makes input and target."""
        return task_of(self.recipe.task)

    @property
    def likelihood(self) -> Likelihood:
        """The distribution of images that the decoder's outputs parametrise."""
        return likelihood_of(self.recipe.likelihood)

    def encode(self, images: ArrayLike, labels: Labels | None = None) -> dict[str, FloatArray]:
        """Encode images to their posteriors.

        Args:
            images: `(n, h, w, c)`.
            labels: The classes of the images, if the run is conditional: names or numbers, one or `(n,)`.

        Returns:
            `mean`, and `log_variance` of a Gaussian posterior: float32 `(n, dim)`; and the `skips`, if any, each
            `(n, ...)`, and the `condition` of a conditional run, one-hot `(n, classes)`.

        Raises:
            DataError: If the images are not of the run's shape.
            UsageError: If the run is conditional and there are no labels, or it is not and there are.
        """
        checked = checked_images(images, self.image, self.preprocessing, self.path.name)
        condition = condition_of(self, labels, len(checked))
        return {**self._graphs.encoder({"images": checked, **condition}), **condition}  # type: ignore[dict-item]

    def decode(
        self, latent: ArrayLike, encoded: Mapping[str, FloatArray] | None = None, labels: Labels | None = None
    ) -> Images:
        """Decode codes `(n, dim)` to images: the likelihood's mean, in the dtype of the run's `target`.

        Args:
            latent: The latent codes.
            encoded: The output of `encode` for the images, if the run has `skips`; of a conditional run, their classes
                are taken from it.
            labels: The classes of the images, as `encode` takes them; they count before those of `encoded`.

        Raises:
            DataError: If the codes have another number of dimensions, are not finite, or lie between the levels of a
                discrete latent.
            UsageError: If the run's skips are not given, or the run is conditional and there are no labels.
        """
        return self._graphs.decoder(self._decoder_inputs(latent, encoded, labels), ("images",))["images"]

    def decode_parameters(
        self, latent: ArrayLike, encoded: Mapping[str, FloatArray] | None = None, labels: Labels | None = None
    ) -> dict[str, FloatArray]:
        """Decode codes to the likelihood's parameters by name (such as `logits`), float32 `(n, ...)`; see `decode`."""
        inputs = self._decoder_inputs(latent, encoded, labels)
        return self._graphs.decoder(inputs, self.likelihood.parameter_names)  # type: ignore[return-value]

    def draw_codes(self, posterior: Mapping[str, FloatArray], rng: np.random.Generator) -> FloatArray:
        """Draw one code per image from the posterior that `encode` returned, float32 `(n, dim)`."""
        noise = rng.standard_normal(posterior["mean"].shape, np.float32)
        return np.asarray(self.latent.sample(namespace, posterior, noise), np.float32)

    def reconstruct(
        self,
        images: ArrayLike,
        draws: int | None = None,
        seed: int = 0,
        labels: Labels | None = None,
        *,
        tiles: bool = False,
    ) -> Images:
        """Encode and decode images.

        Args:
            images: `(n, h, w, c)`.
            draws: None decodes the posterior's mean; a number decodes that many draws from the posterior.
            seed: Seed for the draws.
            labels: The classes of the images, as `encode` takes them.
            tiles: Whether images may be larger than the run's. Each is cut into overlapping tiles of the run's size,
                and their reconstructions are blended. The tiles of a draw share its noise.

        Returns:
            `(n, h, w, c)` in the dtype of `target`, or `(n, draws, h, w, c)`.

        Raises:
            DataError: If the images are not of the run's shape; with `tiles`, if they are smaller.
            UsageError: If `draws` is less than 1, or requested of a run whose images have one code each; or `tiles` of
                a run that restores images, which `Restorer` applies to any size.
        """
        if tiles:
            return reconstruct_by_tiles(self, images, draws, seed, labels)
        return self.decode_draws(self.encode(images, labels), draws, seed)

    def decode_draws(self, posterior: Mapping[str, FloatArray], draws: int | None = None, seed: int = 0) -> Images:
        """Decode the output of `encode`; see `reconstruct`."""
        if draws is None:
            return self.decode(posterior["mean"], posterior)
        check_draws(draws, self.recipe.latent, self.path)
        rng = generator_of(seed)
        return np.stack([self.decode(self.draw_codes(posterior, rng), posterior) for _ in range(draws)], axis=1)

    def sample_codes(self, count: int, label: Labels | None = None, seed: int = 0) -> FloatArray:
        """Sample codes, float32 `(count, dim)`.

        A VAE is sampled from its prior, a conditional one given the label. A plain autoencoder, and with a label any
        model that is not conditional, is sampled from the distribution fitted to the training codes (of that label).

        A conditional run takes a label for each code too, `(count,)`; without, its classes alternate.

        Raises:
            UsageError: If `count` is less than 1, or the label is not in `class_names`.
        """
        if count < 1:
            raise UsageError(f"expected at least one sample; got {count}")
        rng = generator_of(seed)
        if not self.is_conditional:
            if label is None and self.latent.has_rate:
                return self.latent.sample_prior(count, rng)
            return self.code_density(label).sample(count, rng)  # type: ignore[arg-type]
        condition = condition_of(self, labels_in_turn(self, count) if label is None else label, count)[CONDITION]
        if self.latent.has_rate:
            return self.latent.sample_prior(count, rng, condition)
        codes = np.empty((count, self.recipe.latent.dim), np.float32)
        for number in np.unique(numbers := condition.argmax(axis=1)):
            own = numbers == number
            codes[own] = self.code_density(self.class_names[number]).sample(int(own.sum()), rng)
        return codes

    def sample(self, count: int = 16, label: Labels | None = None, seed: int = 0) -> Images:
        """Sample new images, `(count, h, w, c)`; see `sample_codes`.

        Raises:
            UsageError: If the label is not in `class_names`.
        """
        if label is None:
            label = labels_in_turn(self, count)
        return self.decode(self.sample_codes(count, label, seed), labels=label if self.is_conditional else None)

    def code_density(self, label: str | int | None = None) -> GaussianMixture:
        """The distribution fitted to the training codes: of all, or of one label.

        Raises:
            UsageError: If the label is not in `class_names`, or codes are discrete.
        """
        if self.recipe.latent.is_discrete:
            raise UsageError(
                f"{self.path} has discrete codes, which are sampled from their prior alone: nothing is fitted to those "
                "of a class. Leave the label out."
            )
        return self._densities.of(label)

    @property
    def typical_code(self) -> FloatArray:
        """The code of a training image that stands for the others, float32 `(dim,)`; where to start exploring."""
        return self._densities.typical_code

    @cached_property
    def _densities(self) -> CodeDensities:
        return CodeDensities(self.path, self.manifest, self.recipe.latent.dim)

    @cached_property
    def _graphs(self) -> Graphs:
        return Graphs(self.path, self.manifest, self.recipe)

    def graph(self, name: str) -> bytes:
        """The ONNX file of the `encoder`, the `decoder` or a learned `prior`; see `Graphs.file`."""
        return self._graphs.file(name)

    def _decoder_inputs(
        self, latent: ArrayLike, encoded: Mapping[str, FloatArray] | None, labels: Labels | None
    ) -> dict[str, Images]:
        if self.skips and encoded is None:
            raise UsageError(
                f"{self.path} has skip connections: its decoder also needs the encoder's skip features. "
                f"`isthmus restore {self.path} IMAGES --out DIR` puts it to use."
            )
        codes, encoded = checked_codes(latent, latent_variable(self.recipe)), encoded or {}
        if labels is None and CONDITION in encoded:
            condition = {CONDITION: encoded[CONDITION]}
        else:
            condition = condition_of(self, labels, len(codes))
        return {"latent": codes, **{name: encoded[name] for name in self.skips}, **condition}
