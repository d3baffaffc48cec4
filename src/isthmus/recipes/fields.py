"""The fields of a recipe: one frozen, validated value that describes a training completely.

A model is latent x prior x likelihood x network x objective, given a condition or none; there is no class for each
paper. `isthmus recipes NAME` prints the descriptions of the fields.
"""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from isthmus.recipes.augmentation import Augmentation
from isthmus.recipes.base import Fields, Fraction, Part, PositiveNumber
from isthmus.recipes.conditions import ConditionFields, NoCondition
from isthmus.recipes.latents import GaussianLatent, LatentFields
from isthmus.recipes.likelihoods import BernoulliLikelihood, LikelihoodFields
from isthmus.recipes.networks import ConvNetwork, NetworkFields
from isthmus.recipes.objectives import ELBO, ObjectiveFields
from isthmus.recipes.priors import PriorFields, StandardNormalPrior
from isthmus.recipes.tasks import Reconstruct, TaskFields

SCHEMA_VERSION: Literal[2] = 2


class Pixels(Fields):
    """How pixels reach the model."""

    dtype: Literal["uint8", "float32"] = "uint8"
    """Type of the pixels from the loader to the model: integers from 0 to 255, or floats from 0 to 1."""
    binarise: Literal["none", "threshold", "stochastic"] = "none"
    """Grey, binarised at the threshold, or binarised at random in each step with the brightness as probability."""
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5
    """Brightness, from 0 to 1, above which a pixel is white."""

    @model_validator(mode="after")
    def _threshold_is_read(self) -> "Pixels":
        if self.threshold != 0.5 and self.binarise != "threshold":
            raise ValueError("threshold is read only where pixels.binarise is 'threshold'")
        return self


class Training(Fields):
    """How the objective is minimised."""

    epochs: PositiveInt = 20
    """Epochs; each is a pass over the training images, or training.steps_per_epoch."""
    steps_per_epoch: PositiveInt | None = None
    """Steps of an epoch, after which the model is validated; none for as many as make one pass."""
    batch_size: PositiveInt = 128
    """Images per step."""
    optimiser: Literal["adam", "muon", "sgd"] = "adam"
    """Adam, Muon (fewer steps suffice, and each takes longer), or plain (stochastic) gradient descent."""
    momentum: Fraction = 0.0
    """Momentum of sgd."""
    adam_betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    """Decay rates of Adam's averages of gradients and squared gradients; smaller ones suit short trainings."""
    learning_rate: PositiveNumber = 1e-3
    """Maximum learning rate, for a loss in nats per pixel."""
    schedule: Literal["constant", "cosine"] = "constant"
    """Whether the learning rate is constant, or falls to 0 along a cosine."""
    warmup_fraction: Fraction = 0.0
    """Fraction of the steps over which the learning rate grows from 0."""
    clip_norm: PositiveNumber | None = None
    """Maximum norm of the gradient, for a loss in nats per pixel; none for no limit."""
    accumulation: PositiveInt = 1
    """Steps whose gradients are averaged before the weights change: a large batch in the memory of a small one."""
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    """What the networks compute in; weights and loss stay float32. 16 bits pay on recent GPUs, not on most CPUs."""
    ema: Fraction = 0.0
    """Decay of the moving average of the weights, which is validated and stored; 0 for none."""
    validation_fraction: Fraction = 0.1
    """Fraction of the training images held out, by a hash of their content, to choose the best epoch."""
    patience: PositiveInt | None = None
    """Epochs without a better validation loss after which training stops; none to never stop early."""
    checkpoint_seconds: PositiveNumber = 30.0
    """Seconds between checkpoints; one is also written after each epoch."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Seed for the initial weights, the order of the images and all noise."""

    def epoch_steps(self, images: int) -> int:
        """The steps of an epoch over a number of images: by default the whole number nearest to one pass."""
        return self.steps_per_epoch or max(1, round(images / self.batch_size))

    @model_validator(mode="after")
    def _fields_are_read(self) -> "Training":
        faults = []
        if self.momentum and self.optimiser != "sgd":
            faults.append("momentum is read only where training.optimiser is 'sgd': set training.momentum=0")
        if self.adam_betas != (0.9, 0.999) and self.optimiser == "sgd":
            faults.append(
                "adam_betas are not read where training.optimiser is 'sgd': set training.adam_betas=0.9,0.999"
            )
        if self.patience is not None and self.validation_fraction == 0.0:
            faults.append("patience needs a validation loss, and validation_fraction is 0")
        if faults:
            raise ValueError("; ".join(faults))
        return self


class CodeDensity(Fields):
    """The distribution fitted to the training codes, to sample a plain autoencoder or one label."""

    kind: Literal["gaussian", "mixture"] = "gaussian"
    """A Gaussian or a mixture of them; fitted to all codes, and to the codes of each label."""
    components: Annotated[int, Field(ge=1, le=1000)] = 10
    """Number of Gaussians in the mixture."""

    @model_validator(mode="after")
    def _components_are_read(self) -> "CodeDensity":
        if self.components != 10 and self.kind != "mixture":
            raise ValueError("components is read only where codes.kind is 'mixture'")
        return self


class Recipe(Fields):
    """The complete description of a training, without its images."""

    schema_version: Literal[2] = SCHEMA_VERSION
    """The version of this description."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)] = "custom"
    """Name of the recipe."""
    summary: str = ""
    """Purpose of the recipe, in one line."""
    task: TaskFields = Reconstruct()
    pixels: Pixels = Pixels()
    augmentation: Augmentation = Augmentation()
    condition: ConditionFields = NoCondition()
    network: NetworkFields = ConvNetwork()
    latent: LatentFields = GaussianLatent()
    prior: PriorFields = StandardNormalPrior()
    likelihood: LikelihoodFields = BernoulliLikelihood()
    objective: ObjectiveFields = ELBO()
    training: Training = Training()
    codes: CodeDensity = CodeDensity()

    @model_validator(mode="after")
    def _parts_agree(self) -> "Recipe":
        parts = (getattr(self, name) for name in type(self).model_fields)
        faults = [fault for part in parts if isinstance(part, Part) for fault in part.faults(self)]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def is_likelihood(self) -> bool:
        """Whether distortion + rate bounds the log-probability of the target pixels.

        It does for a Bernoulli likelihood on binarised pixels, and for a logistic one on pixels of 8 bits. It does not
        for binary cross-entropy on grey pixels, nor for a density (Gaussian, Laplace) on 8-bit integers.
        """
        return not self.task.restores and self.likelihood.gives_probability(self)


Part.recipes.append(Recipe)


def field_summaries(recipe: Recipe) -> dict[str, str]:
    """The description of every field by dotted name; a part's kind is described by the part."""
    summaries: dict[str, str] = {}

    def visit(part: Fields, prefix: str) -> None:
        for name, field in type(part).model_fields.items():
            value = getattr(part, name)
            if isinstance(value, Fields):
                visit(value, f"{prefix}{name}.")
            else:
                what = field.description or (type(part).__doc__ or "").strip().partition("\n")[0]
                summaries[prefix + name] = what

    visit(recipe, "")
    return summaries
