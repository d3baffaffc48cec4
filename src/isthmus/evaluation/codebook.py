"""How much of its codebook a model with discrete codes uses."""

from dataclasses import dataclass

import numpy as np

from isthmus.evaluation.table import Row, value_row
from isthmus.probability import namespace
from isthmus.runs import EncodedImages
from isthmus.wording import spell_count


@dataclass(frozen=True)
class CodebookUse:
    """How the codes of some images are spread over their codebook, all positions counted together.

    Attributes:
        size: The codes that a position can have, K.
        used: How many of them occur.
        perplexity: The exponential of the entropy of their frequencies: 1 for a single code, K if all are equally
            frequent.
        positions: The positions of all images.
    """

    size: int
    used: int
    perplexity: float
    positions: int

    @property
    def share(self) -> float:
        """The share of the codebook that occurs."""
        return self.used / self.size


def measure_codebook(codes: EncodedImages) -> CodebookUse | None:
    """Count the codes of images; None for continuous codes."""
    codebook = codes.latent.codebook
    if codebook is None:
        return None
    counts = np.bincount(codebook.numbers(namespace, codes.posterior["mean"]).ravel(), minlength=codebook.size)
    frequencies = counts[counts > 0] / counts.sum()
    entropy = -np.sum(frequencies * np.log(frequencies))
    return CodebookUse(codebook.size, len(frequencies), float(np.exp(entropy)), int(counts.sum()))


def codebook_rows(use: CodebookUse) -> list[Row]:
    """The rows of a codebook."""
    return [
        value_row("codebook_size", "codebook", float(use.size), "The codes that a position can have.", "codes"),
        value_row(
            "codebook_usage",
            "codebook usage",
            use.share,
            f"The share of the codebook that occurs in {spell_count(use.positions, 'position')} of these images: "
            f"{use.used:,} codes.",
        ),
        value_row(
            "codebook_perplexity",
            "codebook perplexity",
            use.perplexity,
            "The exponential of the entropy of their frequencies: 1 if only one code occurs, and the size of the "
            "codebook if all are equally frequent.",
            "codes",
        ),
    ]
