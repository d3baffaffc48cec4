"""The exact copy of a run's model, and the reasons why a run may have none."""

from fractions import Fraction

from isthmus.codec.arithmetic.scalars import evaluate, rounded
from isthmus.codec.coder.distributions import (
    CODE_BITS,
    CODE_OFFSET,
    PARAMETER_FRACTION,
    BlackOrWhite,
    Discretised,
    PixelModel,
)
from isthmus.codec.model.codec_model import CodecModel
from isthmus.codec.network.quantisation import quantise
from isthmus.errors import RunError
from isthmus.recipes import BernoulliLikelihood, GaussianLikelihood, LikelihoodFields, LogisticLikelihood
from isthmus.runs import Run, require_autoencoder
from isthmus.runs.sessions import open_graph

CODED_LIKELIHOODS = (BernoulliLikelihood, GaussianLikelihood, LogisticLikelihood)
"""Likelihoods that give each level of a pixel a probability, which the codec computes in whole numbers."""


def obstacle(run: Run) -> str:
    """Why a run's model has no exact copy, as far as its recipe shows; empty if it may have one."""
    recipe = run.recipe
    if run.is_conditional:
        return f"{run.path} is conditional, and archives hold no classes. Train without condition=labels for it."
    if not run.latent.has_rate:
        return (
            f"{run.path} is a plain autoencoder: its codes have no probabilities, so they cannot be coded without "
            "loss. Train a VAE, such as --recipe dense-vae."
        )
    if run.latent.is_discrete:
        return (
            f"{run.path} has discrete codes: lossless compression codes a Gaussian posterior under a standard normal "
            "prior. Train a VAE, such as --recipe lossless-colour."
        )
    if not run.latent.is_standard_gaussian:
        return (
            f"{run.path} has latent.kind={recipe.latent.kind!r} and prior.kind={recipe.prior.kind!r}; lossless "
            "compression codes a Gaussian posterior under a standard normal prior. --lossy takes every run."
        )
    if run.image.dtype != "uint8":
        return f"{run.path} takes float pixels; lossless compression is for 8-bit images."
    if not isinstance(recipe.likelihood, CODED_LIKELIHOODS):
        return (
            f"{run.path} has the likelihood {recipe.likelihood.kind!r}, which gives levels of grey no probability that "
            "the codec supports. Train with --set likelihood=logistic, or likelihood=bernoulli for black and white."
        )
    return ""


def model_of(run: Run) -> CodecModel:
    """Make the exact copy of a run's model.

    Raises:
        UsageError: If the run restores images.
        RunError: If it has none: a plain autoencoder, a likelihood that gives levels no probability, float pixels, or
            a network with an operator that has no exact copy.
    """
    require_autoencoder(run)
    if fault := obstacle(run):
        raise RunError(fault)
    recipe = run.recipe
    pixels = _pixel_model(recipe.likelihood)
    graphs = {name: open_graph(run.graph(name), f"{name}.onnx") for name in ("encoder", "decoder")}
    encoder = quantise(
        graphs["encoder"], ("mean", "log_variance"), run.image.shape, 0, 255, str(run.path / "encoder.onnx")
    )
    where = str(run.path / "decoder.onnx")
    decoder = quantise(graphs["decoder"], pixels.outputs, (recipe.latent.dim,), CODE_BITS, CODE_OFFSET, where)
    two_levels = isinstance(pixels, BlackOrWhite)
    return CodecModel(run.image.shape, encoder, decoder, pixels, recipe.pixels.threshold if two_levels else None)


def _pixel_model(likelihood: LikelihoodFields) -> PixelModel:
    assert isinstance(likelihood, CODED_LIKELIHOODS)
    if isinstance(likelihood, BernoulliLikelihood):
        return BlackOrWhite()
    if isinstance(likelihood, LogisticLikelihood):
        return Discretised("logistic", mixture=likelihood.components > 1)
    log_scale = None
    if likelihood.scale == "fixed":
        constant = ("constant", Fraction(likelihood.sigma))
        log_scale = rounded(evaluate(("Log", constant), Fraction(0)), PARAMETER_FRACTION)
    return Discretised("normal", log_scale=log_scale)
