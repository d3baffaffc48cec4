"""How probable a run finds images: the ELBO, its parts, and the importance-weighted log-likelihood."""

from isthmus.evaluation.table import Row, Section, mean_row, nats_rows
from isthmus.probability import LatentVariable
from isthmus.scores import Evidence, PixelMeasure, Scores

TITLE = "Likelihood"


def likelihood_section(
    measure: PixelMeasure, scores: Scores, evidence: Evidence | None, dims: int, beta: float, latent: LatentVariable
) -> Section:
    """The table of likelihood metrics.

    Args:
        measure: How pixels are counted, and why so.
        scores: What training counts.
        evidence: The log-probabilities, where there are any.
        dims: The numbers in one image.
        beta: The weight of the rate in the training loss.
        latent: The run's codes.
    """
    rows: list[Row] = []
    drawn = "; the mean over {} draws of the posterior" if latent.is_random else ""
    rate = "the posterior's KL from the prior" if latent.is_random else "-log p(z) of a discrete code"
    if evidence is not None:
        rows += nats_rows(
            "elbo",
            "ELBO",
            evidence.elbo,
            dims,
            "A lower bound on the log-probability of an image: -(distortion + rate).",
            cost=False,
        )
        rows += nats_rows("rate", "rate", evidence.rate, dims, f"What a code costs: {rate}.")
        rows += nats_rows(
            "distortion",
            "distortion",
            evidence.distortion,
            dims,
            f"What the pixels cost once the code is known{drawn.format(evidence.draws)}.",
        )
    if evidence is not None and latent.is_random:
        rows += nats_rows(
            "log_likelihood",
            f"log-likelihood, K = {evidence.draws}",
            evidence.log_likelihood,
            dims,
            f"A tighter bound, by {evidence.draws} importance-weighted draws (Burda et al. 2016); it rises with K.",
            cost=False,
        )
        rows.append(
            mean_row(
                "effective_draws",
                "effective draws",
                evidence.effective_draws,
                f"of {evidence.draws}",
                "How many draws carry the weight; a few of many say that more draws would raise the bound still.",
            )
        )
    if evidence is None and latent.has_rate:
        rows.append(mean_row("rate_nats", "rate", scores.rate, "nats", f"What a code costs: {rate}."))
    loss = scores.distortion + beta * scores.rate
    if measure.kind != "probability" or beta != 1.0:
        weighted = f" + {'' if beta == 1.0 else f'{beta:g} x '}rate" if latent.has_rate else ""
        words = f"Distortion{weighted}, as weighted in training, without penalties; no log-likelihood."
        rows.append(mean_row("training_loss_nats", "training loss", loss, "nats", words))
    return Section("likelihood", TITLE, tuple(rows), measure.explanation)
