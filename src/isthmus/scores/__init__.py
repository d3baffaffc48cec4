"""How good a run is at images: nats per image, from its graphs."""

from isthmus.scores.bound import Scores, as_pixels, score
from isthmus.scores.evidence import Evidence, gather_evidence
from isthmus.scores.measures import PixelMeasure, black_and_white, measure_for, measure_of

__all__ = [
    "Evidence",
    "PixelMeasure",
    "Scores",
    "as_pixels",
    "black_and_white",
    "gather_evidence",
    "measure_for",
    "measure_of",
    "score",
]
