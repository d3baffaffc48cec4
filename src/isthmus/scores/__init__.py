"""How good a run is at images: nats per image from its graphs, and the sharpness of what it gives."""

from isthmus.scores.bound import Scores, as_pixels, score
from isthmus.scores.evidence import Evidence, gather_evidence
from isthmus.scores.measures import PixelMeasure, black_and_white, measure_for, measure_of
from isthmus.scores.sharpness import gradient_energy, sharpness

__all__ = [
    "Evidence",
    "PixelMeasure",
    "Scores",
    "as_pixels",
    "black_and_white",
    "gather_evidence",
    "gradient_energy",
    "measure_for",
    "measure_of",
    "score",
    "sharpness",
]
