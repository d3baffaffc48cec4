"""Likelihoods: what a decoder says about an image, and how far an image is from it, in nats.

A likelihood knows no network.  Images are floats from 0 to 1 of shape `(batch, height, width, channels)`; `outputs` is
what the decoder's last layer gives, `(batch, height, width, output_channels)`; `parameters` are named arrays made of
it.
"""

from isthmus import recipes
from isthmus.probability.likelihoods.base import Likelihood, Parameters
from isthmus.probability.likelihoods.bernoulli import Bernoulli
from isthmus.probability.likelihoods.location_scale import LOG_SCALE_FLOOR, Gaussian, Laplace

__all__ = ["LOG_SCALE_FLOOR", "Bernoulli", "Gaussian", "Laplace", "Likelihood", "Parameters", "likelihood_of"]


def likelihood_of(
    spec: recipes.BernoulliLikelihood | recipes.GaussianLikelihood | recipes.LaplaceLikelihood,
) -> Likelihood:
    """The likelihood that a recipe describes."""
    if isinstance(spec, recipes.BernoulliLikelihood):
        return Bernoulli()
    family = Gaussian if isinstance(spec, recipes.GaussianLikelihood) else Laplace
    return family(spec.scale, spec.sigma, spec.mean == "sigmoid")
