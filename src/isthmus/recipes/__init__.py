"""Recipes: the whole description of a run, as data."""

from isthmus.recipes.augmentation import Augmentation
from isthmus.recipes.base import Part
from isthmus.recipes.conditions import ConditionFields, LabelCondition, NoCondition
from isthmus.recipes.fields import CodeDensity, Pixels, Recipe, Training
from isthmus.recipes.latents import (
    FiniteScalarLatent,
    GaussianLatent,
    LatentFields,
    PointLatent,
    SpatialGaussianLatent,
    SpatialPointLatent,
)
from isthmus.recipes.likelihoods import (
    BernoulliLikelihood,
    CategoricalLikelihood,
    GaussianLikelihood,
    LaplaceLikelihood,
    LikelihoodFields,
    LogisticLikelihood,
)
from isthmus.recipes.named import PURPOSES, RECIPES, default_recipe, named_recipe, task_recipe
from isthmus.recipes.networks import (
    ConvNetwork,
    CustomNetwork,
    DenseNetwork,
    NetworkFields,
    ResidualNetwork,
    UNetwork,
    UpsampleNetwork,
)
from isthmus.recipes.objectives import ELBO, IWAE, ObjectiveFields
from isthmus.recipes.overrides import build_recipe, leaf_fields, parse_assignments, recipe_from_json, with_fields
from isthmus.recipes.priors import (
    ClassGaussianPrior,
    MaskedConvPrior,
    MixturePrior,
    PriorFields,
    StandardNormalPrior,
    UniformPrior,
)
from isthmus.recipes.sizing import SIZED, sized
from isthmus.recipes.tasks import (
    Colourise,
    Deblur,
    Denoise,
    Inpaint,
    Pairs,
    Reconstruct,
    Segment,
    SuperResolve,
    TaskFields,
)

__all__ = [
    "ELBO",
    "IWAE",
    "PURPOSES",
    "RECIPES",
    "SIZED",
    "Augmentation",
    "BernoulliLikelihood",
    "CategoricalLikelihood",
    "ClassGaussianPrior",
    "CodeDensity",
    "Colourise",
    "ConditionFields",
    "ConvNetwork",
    "CustomNetwork",
    "Deblur",
    "Denoise",
    "DenseNetwork",
    "FiniteScalarLatent",
    "GaussianLatent",
    "GaussianLikelihood",
    "Inpaint",
    "LabelCondition",
    "LaplaceLikelihood",
    "LatentFields",
    "LikelihoodFields",
    "LogisticLikelihood",
    "MaskedConvPrior",
    "MixturePrior",
    "NetworkFields",
    "NoCondition",
    "ObjectiveFields",
    "Pairs",
    "Part",
    "Pixels",
    "PointLatent",
    "PriorFields",
    "Recipe",
    "Reconstruct",
    "ResidualNetwork",
    "Segment",
    "SpatialGaussianLatent",
    "SpatialPointLatent",
    "StandardNormalPrior",
    "SuperResolve",
    "TaskFields",
    "Training",
    "UNetwork",
    "UniformPrior",
    "UpsampleNetwork",
    "build_recipe",
    "default_recipe",
    "leaf_fields",
    "named_recipe",
    "parse_assignments",
    "recipe_from_json",
    "sized",
    "task_recipe",
    "with_fields",
]
