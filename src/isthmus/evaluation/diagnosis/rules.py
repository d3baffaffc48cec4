"""The rules in the order of their weight, and what they make of a run."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from isthmus.evaluation.diagnosis import codes, images, training
from isthmus.evaluation.diagnosis.finding import Finding
from isthmus.evaluation.diagnosis.summary import Summary

_RULES: tuple[Callable[[Summary], Finding | None], ...] = (
    images.behind_baseline,
    training.failed,
    training.interrupted,
    codes.strong_beta,
    codes.inactive_dimensions,
    codes.collapsed_codebook,
    images.learned_nothing,
    codes.ignored_code,
    images.overfit,
    codes.prior_holes,
    codes.weak_encoder,
    training.still_falling,
    training.past_best,
    training.stopped_early,
    images.outliers,
    images.parts_missing,
    images.few_images,
    codes.weighed_rate,
)
_WEIGHTS = {rule.__name__: place for place, rule in enumerate(_RULES)}
"""A finding's key is the name of its rule."""
_REMEDIES = (
    "failed",
    "interrupted",
    "strong_beta",
    "inactive_dimensions",
    "still_falling",  # what a training that had not settled would come to, nothing else says
    "learned_nothing",
    "overfit",
    "prior_holes",
)
"""The findings that may have a remedy, by which is tried first."""
_EFFECTS: Mapping[str, tuple[str, ...]] = {
    "strong_beta": ("ignored_code", "inactive_dimensions", "learned_nothing"),
    "inactive_dimensions": ("ignored_code", "learned_nothing"),
    "collapsed_codebook": ("ignored_code",),
    "learned_nothing": ("ignored_code",),
    "overfit": ("weak_encoder",),  # an encoder that overfits does poorly on other images, however large it is
}
"""What follows from a fault is no finding of its own."""


def diagnose(summary: Summary) -> tuple[Finding, ...]:
    """Name what is wrong, the worst first; nothing for a healthy run.  See `settle` for which remedy is left."""
    return settle([finding for rule in _RULES if (finding := rule(summary)) is not None])


def settle(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Order findings, each key once, and leave out those that follow from others.

    Only one keeps its remedy, by the order of `_REMEDIES`: one change at a time shows what it does, and two remedies
    may contradict each other.
    """
    by_key: dict[str, Finding] = {}
    for finding in found:
        by_key.setdefault(finding.key, finding)
    faults = {key for key, finding in by_key.items() if finding.severity == "fault"}
    explained = {effect for cause in faults for effect in _EFFECTS.get(cause, ())}
    kept = [finding for key, finding in by_key.items() if key not in explained]
    kept.sort(key=lambda finding: (finding.severity != "fault", _WEIGHTS.get(finding.key, len(_WEIGHTS))))
    first = min(
        (finding for finding in kept if finding.has_remedy),
        key=lambda finding: _REMEDIES.index(finding.key) if finding.key in _REMEDIES else len(_REMEDIES),
        default=None,
    )
    return tuple(
        replace(finding, remedy="", try_fields={}, resume=False)
        if finding.has_remedy and finding is not first
        else finding
        for finding in kept
    )
