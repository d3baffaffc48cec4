"""What is wrong with a run: one set of rules for the end of a training, the report and an evaluation."""

from isthmus.evaluation.diagnosis.diagnosis import Diagnosis
from isthmus.evaluation.diagnosis.finding import Finding, Severity
from isthmus.evaluation.diagnosis.rules import diagnose, settle
from isthmus.evaluation.diagnosis.summary import BaselineResult, Progress, Summary
from isthmus.evaluation.diagnosis.verdict import Verdict, give_verdict

__all__ = [
    "BaselineResult",
    "Diagnosis",
    "Finding",
    "Progress",
    "Severity",
    "Summary",
    "Verdict",
    "diagnose",
    "give_verdict",
    "settle",
]
