"""A diagnosis: what is wrong with a run, and the measurements that show it."""

from dataclasses import dataclass

from isthmus.evaluation.diagnosis.finding import Finding
from isthmus.evaluation.diagnosis.rules import diagnose
from isthmus.evaluation.diagnosis.summary import Summary
from isthmus.evaluation.diagnosis.verdict import Verdict, give_verdict
from isthmus.evaluation.measurements import Measurements


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What is wrong with a run.

    Attributes:
        summary: The measurements in summary.
        findings: What is wrong, the worst first.
        verdict: That in one sentence.
        measured: The run, its images and all measurements; None without images.
        not_tested: What could not be measured, in words; empty if all could.
    """

    summary: Summary
    findings: tuple[Finding, ...]
    verdict: Verdict
    measured: Measurements | None = None
    not_tested: str = ""

    @classmethod
    def of(cls, summary: Summary, measured: Measurements | None = None, not_tested: str = "") -> "Diagnosis":
        """Diagnose a summary."""
        findings = diagnose(summary)
        return cls(summary, findings, give_verdict(summary, findings), measured, not_tested)
