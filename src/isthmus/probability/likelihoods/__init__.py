"""Likelihoods: the distribution of an image given a decoder's outputs, in nats.

A likelihood knows no network.  Images are floats from 0 to 1 of shape `(batch, height, width, channels)`; `outputs` is
what the decoder's last layer gives, `(batch, height, width, output_channels)`; `parameters` are named arrays made of
it.
"""

from functools import singledispatch

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


@singledispatch
def likelihood_of(fields: recipes.LikelihoodFields) -> Likelihood:
    """The likelihood that a recipe describes; a new kind registers its own function."""
    raise NotImplementedError(
        f"likelihood.kind={fields.kind!r} has no likelihood: register one with likelihood_of.register"
    )


@likelihood_of.register
def _(fields: recipes.BernoulliLikelihood) -> Likelihood:
    return Bernoulli()


@likelihood_of.register
def _(fields: recipes.GaussianLikelihood) -> Likelihood:
    return Gaussian(fields.scale, fields.sigma, fields.mean == "sigmoid")


@likelihood_of.register
def _(fields: recipes.LaplaceLikelihood) -> Likelihood:
    return Laplace(fields.scale, fields.sigma, fields.mean == "sigmoid")


@likelihood_of.register
def _(fields: recipes.CategoricalLikelihood) -> Likelihood:
    return Categorical(fields.classes)


@likelihood_of.register
def _(fields: recipes.LogisticLikelihood) -> Likelihood:
    if fields.components == 1:
        return Logistic(fields.scale, fields.sigma)
    return LogisticMixture(fields.components, fields.sigma)
