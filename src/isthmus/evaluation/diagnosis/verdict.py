"""A diagnosis in one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from isthmus.evaluation.diagnosis.finding import Finding
from isthmus.evaluation.diagnosis.summary import BaselineResult, Summary
from isthmus.wording import spell_count

Tone = Literal["good", "bad", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """What to think of a run.

    Attributes:
        tone: `good`: better than the baseline, without a fault; `bad`: with one; `unknown`: without either.
        text: One sentence.
    """

    tone: Tone
    text: str


def give_verdict(summary: Summary, findings: Sequence[Finding]) -> Verdict:
    """Sum up what `diagnose` found, the comparison with PCA (of a task, with the unchanged input) first."""
    others = [
        finding.title[:1].lower() + finding.title[1:]
        for finding in findings
        if finding.severity == "fault" and finding.key != "behind_baseline"
    ]
    baseline = summary.baseline
    if baseline is not None and summary.mse is not None and baseline.wins:
        also = f"; also: {', '.join(others)}" if others else ""
        return Verdict("bad", f"{_lead('Worse', summary, baseline)}{also}.")
    other = "the unchanged input" if summary.restores else "PCA, for want of the training images"
    lead = f"Not compared with {other}"
    if baseline is not None and summary.mse is not None:
        lead = _lead("Better" if baseline.loses else "No better", summary, baseline)
    if others:
        return Verdict("bad", f"{lead}, but with {'a fault' if len(others) == 1 else 'faults'}: {', '.join(others)}.")
    return Verdict("good" if baseline is not None and baseline.loses else "unknown", f"{lead}, and no fault was found.")


def _lead(word: str, summary: Summary, baseline: BaselineResult) -> str:
    assert summary.mse is not None
    name = (
        "the unchanged input" if summary.restores else f"PCA with {'the same ' if baseline.dim == summary.dim else ''}"
    )
    if not summary.restores:
        name += spell_count(baseline.dim, "dimension")
        if baseline.dim < summary.float_dim:
            name += ", all that the training images allow"
        elif summary.codebook is not None:
            name += " of 32 bits, as large as the codes"
    ratio = summary.mse / baseline.mse if baseline.mse > 0.0 else float("inf")
    if ratio > 100.0:
        return f"{word} than {name} (over 100 times its squared error)"
    how = f"{ratio:.1f} times its squared error" if ratio >= 1.1 else f"{100 * ratio:.0f}% of its squared error"
    return f"{word} than {name} ({how})"
