"""How good a run is, part by part; each part takes a run and images, and gives metrics with their meaning."""

from isthmus.evaluation.diagnosis import Finding, Summary, diagnose
from isthmus.evaluation.measurements import Measurements
from isthmus.evaluation.table import Row, Section

__all__ = ["Finding", "Measurements", "Row", "Section", "Summary", "diagnose"]
