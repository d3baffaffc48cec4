"""Run folders: what they hold, and using a trained one on ONNX Runtime."""

from isthmus.runs.run import Run, load

__all__ = ["Run", "load"]
