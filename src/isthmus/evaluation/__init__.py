"""How good a run is, part by part; each part takes a run and images, and gives figures with their meaning."""

from isthmus.evaluation.diagnosis import Finding, Signs, diagnose
from isthmus.evaluation.material import Material
from isthmus.evaluation.table import Row, Section

__all__ = ["Finding", "Material", "Row", "Section", "Signs", "diagnose"]
