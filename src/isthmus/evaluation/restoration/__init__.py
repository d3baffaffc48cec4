"""How well a run restores images, beside baselines that need no training."""

from isthmus.evaluation.restoration.results import evaluate_restoration, measure_restoration

__all__ = ["evaluate_restoration", "measure_restoration"]
