"""Priors: the distribution of codes before an image is seen."""

from isthmus.probability.priors.base import Prior, PriorNetwork, prior_of
from isthmus.probability.priors.class_gaussian import ClassGaussian
from isthmus.probability.priors.masked_conv import AutoregressiveCodes
from isthmus.probability.priors.mixture import MixtureOfGaussians
from isthmus.probability.priors.standard_normal import StandardNormal
from isthmus.probability.priors.uniform import UniformCodes

__all__ = [
    "AutoregressiveCodes",
    "ClassGaussian",
    "MixtureOfGaussians",
    "Prior",
    "PriorNetwork",
    "StandardNormal",
    "UniformCodes",
    "prior_of",
]
