"""The best strength of a baseline: none should lose to a run by a bad setting."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from isthmus.evaluation.restoration.baselines import Baseline

REFINEMENTS = 2
"""How often the steps about the best strength are halved: from doubling to steps of a fifth."""


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes:
        strength: The best that was tried.
        at_end: Whether it is the least or the greatest that was tried, so that a better one may lie beyond.
    """

    strength: float
    at_end: bool = False


def best_strength(baseline: Baseline, merit: Callable[[float], float]) -> Choice:
    """Find the strength of the highest merit.

    All that the baseline names are tried; where what lies between them makes sense too, then the geometric means of the
    best and those beside it, `REFINEMENTS` times over.

    Args:
        baseline: One with strengths to choose from, or one alone, which is taken.
        merit: What a strength is worth; as slow as the baseline, so no strength is tried twice.
    """
    if not baseline.is_tuned:
        return Choice(baseline.strengths[0])
    merits = {strength: merit(strength) for strength in baseline.strengths}
    for _ in range(0 if baseline.whole else REFINEMENTS):
        tried, best = sorted(merits), max(merits, key=merits.__getitem__)
        place = tried.index(best)
        for beside in (*tried[max(place - 1, 0) : place], *tried[place + 1 : place + 2]):
            between = math.sqrt(best * beside)
            merits[between] = merit(between)
    best = max(merits, key=merits.__getitem__)
    ends = baseline.strengths[-1:] if baseline.whole else (baseline.strengths[0], baseline.strengths[-1])
    return Choice(best, best in ends)
