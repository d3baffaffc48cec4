"""The fields of a recipe: one frozen, validated value that describes a run whole.

A model here is one latent x likelihood x network x objective; there is no class for each paper.  Field descriptions are
what `isthmus recipes NAME` prints.
"""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from isthmus.recipes.augmentation import Augmentation
from isthmus.recipes.base import Fields, Fraction, PositiveNumber
from isthmus.recipes.likelihoods import BernoulliLikelihood, LikelihoodFields, mask_likelihood
from isthmus.recipes.networks import Activation, ConvNetwork, NetworkFields
from isthmus.recipes.tasks import Reconstruct, Segment, TaskFields

SCHEMA_VERSION: Literal[1] = 1


class Pixels(Fields):
    """What the model takes pixels for."""

    dtype: Literal["uint8", "float32"] = "uint8"
    """How images travel from the loader to the model: 0 to 255 as integers, or 0 to 1 as floats."""
    binarise: Literal["none", "threshold", "stochastic"] = "none"
    """Grey as it is; black or white at the threshold; or drawn afresh each step, white with the pixel's brightness."""
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5
    """The brightness, from 0 to 1, above which a pixel is white."""

    @model_validator(mode="after")
    def _threshold_is_read(self) -> "Pixels":
        if self.threshold != 0.5 and self.binarise != "threshold":
            raise ValueError("threshold is read only where pixels.binarise is 'threshold'")
        return self


class PointLatent(Fields):
    """One code for each image and no rate: a plain autoencoder."""

    kind: Literal["point"] = "point"
    dim: PositiveInt = 16
    """The dimensions of a code."""
    activation: Activation = "linear"
    """Applied to the code itself; with relu no code is negative, and a dimension can die."""


class GaussianLatent(Fields):
    """A diagonal Gaussian posterior under a standard normal prior: a variational autoencoder."""

    kind: Literal["gaussian"] = "gaussian"
    dim: PositiveInt = 2
    """The dimensions of a code."""
    epsilon_std: PositiveNumber = 1.0
    """Scales the posterior's noise in training; anything but 1 no longer maximises a bound."""


LatentFields = Annotated[PointLatent | GaussianLatent, Field(discriminator="kind")]


class Objective(Fields):
    """What training minimises: distortion + beta x rate, in nats per image."""

    estimator: Literal["closed-form", "monte-carlo"] = "closed-form"
    """The rate as an integral, or from the same single sample that the distortion uses."""
    beta: Annotated[float, Field(ge=0.0)] = 1.0
    """The weight of the rate against the distortion summed over the image, so it means the same at any size."""
    beta_warmup_epochs: Annotated[float, Field(ge=0.0)] = 0.0
    """Epochs over which beta grows from 0; validation always counts it in full."""


class Training(Fields):
    """How the objective is minimised."""

    epochs: PositiveInt = 20
    """How often every training image is seen."""
    batch_size: PositiveInt = 128
    """Images a step."""
    optimiser: Literal["adam", "sgd"] = "adam"
    """Adam, or plain (stochastic) gradient descent."""
    momentum: Fraction = 0.0
    """Momentum of gradient descent."""
    adam_betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    """How slowly Adam forgets past gradients, and their squares; a short training gains by forgetting sooner."""
    learning_rate: PositiveNumber = 1e-3
    """The step size at its highest; the loss that it meets is in nats per pixel."""
    schedule: Literal["constant", "cosine"] = "constant"
    """Whether the learning rate stays, or falls to 0 along a cosine."""
    warmup_fraction: Fraction = 0.0
    """The share of the steps over which the learning rate grows from 0."""
    clip_norm: PositiveNumber | None = None
    """The longest gradient allowed, nats per pixel; none by default."""
    validation_fraction: Fraction = 0.1
    """The share of the training images kept aside, chosen by content, to pick the best epoch."""
    patience: PositiveInt | None = None
    """Epochs without a better validation loss after which training stops; never by default."""
    checkpoint_seconds: PositiveNumber = 30.0
    """How much work a cut may cost: a checkpoint is written this often, and after each epoch."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Fixes the initial weights, the order of the images and all noise."""

    @model_validator(mode="after")
    def _fields_are_read(self) -> "Training":
        faults = []
        if self.momentum and self.optimiser != "sgd":
            faults.append("momentum is read only where training.optimiser is 'sgd'")
        if self.adam_betas != (0.9, 0.999) and self.optimiser != "adam":
            faults.append("adam_betas are read only where training.optimiser is 'adam'")
        if self.patience is not None and self.validation_fraction == 0.0:
            faults.append("patience needs a validation loss, and validation_fraction is 0")
        if faults:
            raise ValueError("; ".join(faults))
        return self


class CodeDensity(Fields):
    """The distribution fitted to the training codes: what a plain autoencoder, or one label, is sampled from."""

    kind: Literal["gaussian", "mixture"] = "gaussian"
    """One Gaussian, or a mixture of them; one for all codes, and one for each label where there are labels."""
    components: Annotated[int, Field(ge=1, le=1000)] = 10
    """Gaussians in the mixture."""

    @model_validator(mode="after")
    def _components_are_read(self) -> "CodeDensity":
        if self.components != 10 and self.kind != "mixture":
            raise ValueError("components is read only where codes.kind is 'mixture'")
        return self


class Recipe(Fields):
    """A run described whole: give it images, and the rest follows."""

    schema_version: Literal[1] = SCHEMA_VERSION
    """The version of this description."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)] = "own"
    """What reports call it."""
    summary: str = ""
    """What it is for, in a line."""
    task: TaskFields = Reconstruct()
    pixels: Pixels = Pixels()
    augmentation: Augmentation = Augmentation()
    network: NetworkFields = ConvNetwork()
    latent: LatentFields = GaussianLatent()
    likelihood: LikelihoodFields = BernoulliLikelihood()
    objective: Objective = Objective()
    training: Training = Training()
    codes: CodeDensity = CodeDensity()

    @model_validator(mode="after")
    def _parts_agree(self) -> "Recipe":
        faults = []
        if self.latent.kind == "point":
            default = Objective()
            unread = [
                name for name in Objective.model_fields if getattr(self.objective, name) != getattr(default, name)
            ]
            faults += [f"objective.{name} weighs or estimates the rate, and a point latent has none" for name in unread]
        if self.objective.beta_warmup_epochs > self.training.epochs:
            faults.append(
                f"objective.beta_warmup_epochs={self.objective.beta_warmup_epochs:g} is longer than the training of "
                f"{self.training.epochs} epochs, so beta would never be reached"
            )
        if self.pixels.binarise != "none" and self.likelihood.kind != "bernoulli":
            faults.append(
                f"pixels.binarise={self.pixels.binarise!r} makes pixels black or white, which only the bernoulli "
                f"likelihood describes, and likelihood.kind is {self.likelihood.kind!r}"
            )
        if self.pixels.dtype != "uint8" and self.likelihood.kind == "logistic":
            faults.append(
                f"likelihood.kind='logistic' counts levels of 8 bits, and pixels.dtype is {self.pixels.dtype!r}"
            )
        faults += self._task_faults()
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _task_faults(self) -> list[str]:
        task, likelihood, faults = self.task, self.likelihood, []
        if not task.restores:
            if self.network.kind == "unet":
                faults.append(
                    "network.kind='unet' hands the image around its code, so there is nothing to learn where the task "
                    "is to reconstruct it: give a --task, or another network.kind"
                )
            if likelihood.kind == "categorical":
                faults.append(
                    "likelihood.kind='categorical' describes masks: give --task segment, or another likelihood"
                )
            return faults
        if self.pixels.binarise != "none" or self.pixels.dtype != "uint8":
            faults.append(
                f"the task {task.kind!r} takes pixels as they are: set pixels.binarise=none, pixels.dtype=uint8"
            )
        if isinstance(task, Segment):
            faults += self._mask_faults(task)
        elif likelihood.kind == "categorical":
            faults.append(f"likelihood.kind='categorical' describes masks, and the task is {task.kind!r}")
        changed = self.augmentation.crop or self.augmentation.rotation or self.augmentation.brightness
        if (task.has_masks or task.has_target_files) and changed:
            faults.append(
                f"augmentation of the task {task.kind!r} may flip and shift, which suits both images of a pair; crop, "
                "rotation and brightness would change what is asked for"
            )
        return faults

    def _mask_faults(self, task: Segment) -> list[str]:
        likelihood, count = self.likelihood, task.count
        if likelihood.kind not in ("bernoulli", "categorical"):
            return [
                "masks need likelihood.kind=bernoulli (of two classes) or categorical (of more), "
                f"and likelihood.kind is {likelihood.kind!r}"
            ]
        if count is None or likelihood == mask_likelihood(count):
            return []
        needed = "bernoulli" if count == 2 else f"categorical with likelihood.classes={count}"
        given = f" with likelihood.classes={likelihood.classes}" if likelihood.kind == "categorical" else ""
        return [
            f"masks of {count} classes need likelihood.kind={needed}, and likelihood.kind is {likelihood.kind!r}{given}"
        ]

    @property
    def is_likelihood(self) -> bool:
        """Whether the training loss bounds the log-probability of the pixels that the model is given.

        A Bernoulli likelihood is one for pixels made black or white, and a logistic one for pixels of 8 bits.  Binary
        cross-entropy on grey pixels is none, and a density (Gaussian, Laplace) on 8-bit integers is none either.
        """
        crisp = self.likelihood.kind == "bernoulli" and self.pixels.binarise != "none"
        return not self.task.restores and (crisp or self.likelihood.kind == "logistic")
