"""Likelihoods, latents, priors, divergences and densities: formulas, and no network."""

from isthmus.probability.codebook import Codebook
from isthmus.probability.finite_scalar import FiniteScalarCode
from isthmus.probability.latents import Latent, LatentGroup, latent_of
from isthmus.probability.likelihoods import Likelihood, likelihood_of
from isthmus.probability.priors import Prior, PriorNetwork, prior_of
from isthmus.probability.terms import Forward, Terms
from isthmus.probability.variables import CONDITION, LatentVariable, latent_variable

__all__ = [
    "CONDITION",
    "Codebook",
    "FiniteScalarCode",
    "Forward",
    "Latent",
    "LatentGroup",
    "LatentVariable",
    "Likelihood",
    "Prior",
    "PriorNetwork",
    "Terms",
    "latent_of",
    "latent_variable",
    "likelihood_of",
    "prior_of",
]
