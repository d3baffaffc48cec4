"""What a code holds: how much of it is used, what it tells of its image, and how its distribution meets the prior."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from isthmus.data import batch_size_for
from isthmus.evaluation.codebook import CodebookUse, codebook_rows, measure_codebook
from isthmus.evaluation.table import Row, Section, estimate_row, finite, value_row
from isthmus.noise import random_order
from isthmus.probability import LatentVariable, namespace
from isthmus.probability.gaussian import LOG_2PI, gaussian_nll
from isthmus.progress import progress_bar
from isthmus.runs import EncodedImages
from isthmus.units import Estimate
from isthmus.wording import spell_count

TITLE = "Latent space"
ACTIVE_VARIANCE = 0.01
"""A dimension is active if its posterior mean varies more than this over images (Burda et al. 2016, section 5.2)."""
MOST_POSTERIORS = 10_000
_PAIR_NUMBERS = 4e8  # pairs of images x dimensions: some ten seconds on one core
_PRIOR_STREAM = 0x7072696F
LEAST_FOR_HOLES = 200

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Information:
    """The rate taken apart (Hoffman & Johnson 2016; Chen et al. 2018, eq. 2): rate = MI + KL(q(z) || p(z)).

    The aggregated posterior q(z) is the mixture of the posteriors of all `count` images, summed in full: no minibatch,
    no bias for these images.  MI is that between a code and which of them it came from, and cannot exceed log `count`.

    Attributes:
        mutual_information: I(x; z), nats, with its standard error over images.
        marginal_kl: KL(q(z) || p(z)), nats.
        total_correlation: KL(q(z) || Π q(z_d)), nats: how far dimensions are from independent.
        dimension_kl: Σ KL(q(z_d) || p(z_d)), nats: how far each dimension by itself is from a standard normal prior;
            None for another prior.
        count: The images.
    """

    mutual_information: Estimate
    marginal_kl: Estimate
    total_correlation: Estimate
    dimension_kl: Estimate | None
    count: int

    @property
    def ceiling(self) -> float:
        """The most that the mutual information can be, nats."""
        return float(np.log(self.count))

    @property
    def saturated(self) -> bool:
        """Whether the mutual information is so near its ceiling that more images would show more."""
        return self.mutual_information.mean > self.ceiling - 0.5


@dataclass(frozen=True, eq=False)
class LatentResults:
    """What the codes of some images show.

    Attributes:
        kl: KL of each dimension, the mean over images, nats, `(dim,)`; None where it has no closed form, or no sense.
        active: Which dimensions vary over images, `(dim,)`.
        information: The rate taken apart, or None for a plain autoencoder.
        holes: The share of the prior where codes hardly ever fall, or None where it was not measured.
        count: The images whose codes these are.
        codebook: How much of their codebook discrete codes use; None for continuous codes.
    """

    kl: FloatArray | None
    active: NDArray[np.bool_]
    information: Information | None
    holes: float | None
    count: int
    codebook: CodebookUse | None = None


def measure_latent(codes: EncodedImages, seed: int) -> LatentResults:
    """Measure the codes of images."""
    active = active_dimensions(codes)
    if (use := measure_codebook(codes)) is not None:  # discrete codes have no density to set beside a prior's
        return LatentResults(None, active, None, None, len(codes), use)
    if not codes.latent.has_rate:
        return LatentResults(None, active, None, None, len(codes))
    kl = None if codes.kl is None else codes.kl.mean(axis=0)
    if codes.latent.prior.depends_on_condition:  # no one prior that all codes could be compared with
        return LatentResults(kl, active, None, None, len(codes))
    holes = prior_holes(codes.drawn, codes.latent, seed) if len(codes) >= LEAST_FOR_HOLES else None
    found = None if codes.log_variance is None else information(codes)
    return LatentResults(kl, active, found, holes, len(codes))


def active_dimensions(codes: EncodedImages) -> NDArray[np.bool_]:
    """Which dimensions vary over images, `(dim,)`.

    Codes of a plain autoencoder have no scale of their own: theirs are compared with the dimension that varies most.
    """
    variances = codes.mean.var(axis=0)
    scale = 1.0 if codes.latent.has_rate else max(float(variances.max(initial=0.0)), 1e-12)
    return np.asarray(variances > ACTIVE_VARIANCE * scale)


def information(codes: EncodedImages) -> Information:
    """Take the rate apart, on as many images as pairs of them can be afforded."""
    assert codes.log_variance is not None
    dim = codes.mean.shape[1]
    count = int(min(len(codes), MOST_POSTERIORS, max(2, np.sqrt(_PAIR_NUMBERS / dim))))
    chosen = np.linspace(0, len(codes) - 1, count).round().astype(np.int64)
    mean, log_variance, z = codes.mean[chosen], codes.log_variance[chosen], codes.drawn[chosen]
    own = -np.sum(gaussian_nll(namespace, z, mean, 0.5 * log_variance), axis=1)
    prior = codes.latent.log_p(namespace, z)
    joint, marginals = np.empty(count), np.empty(count)
    precision, constant = np.exp(-log_variance), -0.5 * (log_variance + LOG_2PI)
    step = batch_size_for(count * dim)
    with progress_bar("mutual information", count) as bar:
        for start in range(0, count, step):
            part = slice(start, min(start + step, count))
            # Every draw under every posterior: (draws, posteriors, dim).
            densities = np.square(z[part, None] - mean) * (-0.5 * precision) + constant
            joint[part] = logsumexp(densities.sum(axis=2), axis=1) - np.log(count)
            highest = densities.max(axis=1, keepdims=True)
            sums = np.log(np.exp(densities - highest).mean(axis=1)) + highest[:, 0]
            marginals[part] = sums.sum(axis=1)
            bar.update(part.stop)
    return Information(
        Estimate.of(own - joint),
        Estimate.of(joint - prior),
        Estimate.of(joint - marginals),
        Estimate.of(marginals - prior) if codes.latent.has_standard_prior else None,
        count,
    )


def prior_holes(z: FloatArray, variable: LatentVariable, seed: int) -> float:
    """The share of the prior where codes hardly ever fall: where fewer than 1 in 100 codes have so low a density ratio.

    A mixture of Gaussians is fitted to a random half of the draws `z` `(n, dim)` of the posteriors; the ratio of its
    density to the prior's at the other half sets the level that 1% of codes are below.  Where codes are distributed as
    the prior, so is 1% of the prior.

    Returns:
        From 0 to 1.
    """
    from sklearn.mixture import GaussianMixture

    count, dim = z.shape
    half = count // 2
    z = z[random_order(count, [seed])]
    components = int(np.clip(half // (10 * (dim + 1)), 1, 20))
    # Few draws for many dimensions cannot say how dimensions lean together.
    shape = "full" if half > 5 * dim else "diag"
    mixture = GaussianMixture(components, covariance_type=shape, reg_covar=1e-4, random_state=seed).fit(z[:half])

    def log_ratio(codes: FloatArray) -> FloatArray:
        return np.asarray(mixture.score_samples(codes) - variable.log_p(namespace, codes))

    level = np.quantile(log_ratio(z[half:]), 0.01)
    draws = variable.sample_prior(5_000, np.random.default_rng([seed, _PRIOR_STREAM])).astype(np.float64)
    return float(np.mean(log_ratio(draws) < level))


def latent_section(found: LatentResults) -> Section:
    """The table of latent metrics."""
    dim, used = len(found.active), int(found.active.sum())
    note = f"Measured on {spell_count(found.count, 'image')}."
    if found.codebook is not None:
        return Section("latent", TITLE, tuple(codebook_rows(found.codebook)), note)
    rows = [
        value_row("dims", "dimensions", float(dim), "The dimensions of a code."),
        value_row(
            "active_units",
            "active dimensions",
            float(used),
            "Those whose posterior mean varies over images: variance above 0.01 (Burda et al. 2016)."
            if found.information is not None
            else "Those that vary over images at least a hundredth as much as the one that varies most.",
            f"of {dim}",
        ),
    ]
    if found.information is not None:
        rows += _information_rows(found.information)
        if found.holes is not None:
            rows.append(
                value_row(
                    "prior_holes",
                    "holes under the prior",
                    found.holes,
                    "The share of the prior where codes of images hardly ever fall; 0.01 if the two are alike.",
                )
            )
    if found.kl is not None:
        rows.append(_largest_kl(found.kl))
    return Section("latent", TITLE, tuple(rows), note)


def _largest_kl(kl: FloatArray) -> Row:
    """One row for all dimensions: there may be hundreds, and the report plots each."""
    largest = int(np.argmax(kl))
    return value_row(
        "largest_kl_nats",
        "largest KL of a dimension",
        finite(float(kl[largest])),
        f"That of z[{largest}], the mean over images; the median over dimensions is {np.median(kl):.2f} nats. The "
        "report plots them all.",
        "nats",
    )


def _information_rows(found: Information) -> list[Row]:
    where = f"on {spell_count(found.count, 'image')}, summed over all pairs of them"
    ceiling = f" It cannot exceed log {found.count:,} = {found.ceiling:.2f}"
    short = " and comes so near that it is a lower bound" if found.saturated else ""
    bound = "; an upper bound here, as the mutual information is a lower one" if found.saturated else ""
    rows = [
        estimate_row(
            "mutual_information_nats",
            "mutual information",
            found.mutual_information,
            "nats",
            f"Information in a code about the image it encodes, {where}.{ceiling}{short}.",
        ),
        estimate_row(
            "marginal_kl_nats",
            "aggregated posterior from prior",
            found.marginal_kl,
            "nats",
            f"KL of all codes together from the prior: the rest of the rate{bound}.",
        ),
        estimate_row(
            "total_correlation_nats",
            "total correlation",
            found.total_correlation,
            "nats",
            f"How far the dimensions are from independent of each other, {where}.",
        ),
    ]
    if found.dimension_kl is not None:
        meaning = "How far each dimension by itself is from the prior, summed."
        rows.append(estimate_row("dimension_kl_nats", "dimensions from prior", found.dimension_kl, "nats", meaning))
    return rows
