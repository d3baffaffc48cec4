"""Run folders: what they hold, and using a trained one on ONNX Runtime."""

from isthmus.runs.run import Run, load, require_autoencoder

__all__ = ["Run", "load", "require_autoencoder"]
