"""How well a run restores pictures, beside what is had without learning."""

from isthmus.evaluation.restoration.results import evaluate_restoration, judge_run

__all__ = ["evaluate_restoration", "judge_run"]
