"""The best strength of a method: none should lose to a run for being set badly."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from isthmus.evaluation.restoration.baselines import Method

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


def best_strength(method: Method, merit: Callable[[float], float]) -> Choice:
    """Find the strength of the highest merit.

    All that the method names are tried; where what lies between them makes sense too, then the geometric means of the
    best and those beside it, `REFINEMENTS` times over.

    Args:
        method: One with strengths to choose from, or one alone, which is taken.
        merit: What a strength is worth; as slow as the method, so no strength is tried twice.
    """
    if not method.is_tuned:
        return Choice(method.strengths[0])
    merits = {strength: merit(strength) for strength in method.strengths}
    for _ in range(0 if method.whole else REFINEMENTS):
        tried, best = sorted(merits), max(merits, key=merits.__getitem__)
        place = tried.index(best)
        for beside in (*tried[max(place - 1, 0) : place], *tried[place + 1 : place + 2]):
            between = math.sqrt(best * beside)
            merits[between] = merit(between)
    best = max(merits, key=merits.__getitem__)
    ends = method.strengths[-1:] if method.whole else (method.strengths[0], method.strengths[-1])
    return Choice(best, best in ends)
