"""How well a run restores pictures, beside what is had without learning."""

from isthmus.evaluation.restoration.contest import evaluate_restoration

__all__ = ["evaluate_restoration"]
