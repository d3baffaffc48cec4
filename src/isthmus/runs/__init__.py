"""Run folders: what they hold, and using a trained one on ONNX Runtime."""

from isthmus.runs.encoding import EncodedImages, encode, encoded_batches
from isthmus.runs.opening import load, require_autoencoder, require_continuous, require_unconditional
from isthmus.runs.run import Run

__all__ = [
    "EncodedImages",
    "Run",
    "encode",
    "encoded_batches",
    "load",
    "require_autoencoder",
    "require_continuous",
    "require_unconditional",
]
