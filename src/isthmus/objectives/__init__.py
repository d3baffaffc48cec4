"""Objectives: what training minimises, as named terms."""

from isthmus.objectives.objective import ImportanceWeighted, Objective, RateDistortion, objective_of

__all__ = ["ImportanceWeighted", "Objective", "RateDistortion", "objective_of"]
