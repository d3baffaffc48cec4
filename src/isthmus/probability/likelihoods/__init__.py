"""Likelihoods: what a decoder says about an image, and how far an image is from it, in nats.

A likelihood knows no network.  Images are floats from 0 to 1 of shape `(batch, height, width, channels)`; `outputs` is
what the decoder's last layer gives, `(batch, height, width, output_channels)`; `parameters` are named arrays made of
it.
"""

from isthmus import recipes
from isthmus.probability.likelihoods.base import Likelihood, Parameters
from isthmus.probability.likelihoods.bernoulli import Bernoulli
from isthmus.probability.likelihoods.categorical import Categorical
from isthmus.probability.likelihoods.location_scale import LOG_SCALE_FLOOR, Gaussian, Laplace
from isthmus.probability.likelihoods.logistic import Logistic, LogisticMixture

__all__ = [
    "LOG_SCALE_FLOOR",
    "Bernoulli",
    "Categorical",
    "Gaussian",
    "Laplace",
    "Likelihood",
    "Logistic",
    "LogisticMixture",
    "Parameters",
    "likelihood_of",
]


def likelihood_of(spec: recipes.LikelihoodFields) -> Likelihood:
    """The likelihood that a recipe describes."""
    match spec:
        case recipes.BernoulliLikelihood():
            return Bernoulli()
        case recipes.GaussianLikelihood():
            return Gaussian(spec.scale, spec.sigma, spec.mean == "sigmoid")
        case recipes.LaplaceLikelihood():
            return Laplace(spec.scale, spec.sigma, spec.mean == "sigmoid")
        case recipes.CategoricalLikelihood():
            return Categorical(spec.classes)
        case recipes.LogisticLikelihood():
            if spec.components == 1:
                return Logistic(spec.scale, spec.sigma)
            return LogisticMixture(spec.components, spec.sigma)
