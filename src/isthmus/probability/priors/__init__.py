"""Priors: the distribution of codes before an image is seen."""

from isthmus.probability.priors.base import Prior, PriorNetwork, prior_of
from isthmus.probability.priors.standard_normal import StandardNormal

__all__ = ["Prior", "PriorNetwork", "StandardNormal", "prior_of"]
