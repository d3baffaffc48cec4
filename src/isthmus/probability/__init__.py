"""Likelihoods, latents, divergences and densities: formulas, and no network."""

from isthmus.probability.latents import Latent, LatentGroup, latent_of
from isthmus.probability.likelihoods import Likelihood, likelihood_of
from isthmus.probability.terms import Terms

__all__ = ["Latent", "LatentGroup", "Likelihood", "Terms", "latent_of", "likelihood_of"]
