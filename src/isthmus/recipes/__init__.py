"""Recipes: the whole description of a run, as data."""

from isthmus.recipes.augmentation import Augmentation
from isthmus.recipes.fields import (
    BernoulliLikelihood,
    CodeDensity,
    ConvNetwork,
    DenseNetwork,
    GaussianLatent,
    GaussianLikelihood,
    LaplaceLikelihood,
    Likelihood,
    LogisticLikelihood,
    Objective,
    OwnNetwork,
    Pixels,
    PointLatent,
    Recipe,
    Training,
    UpsampleNetwork,
)
from isthmus.recipes.named import RECIPES, default_recipe, grown, named_recipe
from isthmus.recipes.overrides import build_recipe, leaf_fields, parse_assignments, recipe_from_json, with_fields

__all__ = [
    "RECIPES",
    "Augmentation",
    "BernoulliLikelihood",
    "CodeDensity",
    "ConvNetwork",
    "DenseNetwork",
    "GaussianLatent",
    "GaussianLikelihood",
    "LaplaceLikelihood",
    "Likelihood",
    "LogisticLikelihood",
    "Objective",
    "OwnNetwork",
    "Pixels",
    "PointLatent",
    "Recipe",
    "Training",
    "UpsampleNetwork",
    "build_recipe",
    "default_recipe",
    "grown",
    "leaf_fields",
    "named_recipe",
    "parse_assignments",
    "recipe_from_json",
    "with_fields",
]
