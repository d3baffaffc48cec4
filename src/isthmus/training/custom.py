"""Custom networks: stored as `.keras` files, and loaded only where they are trusted.

Loading such a file may execute arbitrary code, in spite of Keras's safe mode (CVE-2025-1550 and others).
"""

import tempfile
from pathlib import Path

import keras

from isthmus.errors import RunError, TrustError
from isthmus.runs.folder import CUSTOM_DECODER, CUSTOM_ENCODER, read_file
from isthmus.runs.manifest import Manifest

Networks = tuple[keras.Model, keras.Model]


def custom_files(networks: Networks) -> dict[str, bytes]:
    """The encoder and the decoder as files, by name."""
    contents = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, network in zip((CUSTOM_ENCODER, CUSTOM_DECODER), networks, strict=True):
            path = Path(scratch) / name
            network.save(path)
            contents[name] = path.read_bytes()
    return contents


def load_custom(folder: Path, manifest: Manifest, trust: bool) -> Networks:
    """Load a run's custom networks.

    Raises:
        TrustError: If they were not trusted.
        RunError: If the files are damaged or cannot be loaded.
    """
    if not trust:
        raise TrustError(
            f"{folder} has a custom network, and loading one may execute arbitrary code. "
            "If you trust its origin, add --trust. Using the run needs no trust: its graphs hold no code."
        )
    networks = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in (CUSTOM_ENCODER, CUSTOM_DECODER):
            path = Path(scratch) / name
            path.write_bytes(read_file(folder, name, manifest))
            try:
                networks.append(keras.models.load_model(path, safe_mode=False, compile=False))
            except Exception as error:  # whatever an untrusted file may raise
                raise RunError(f"{folder}: {name} cannot be loaded ({error}).") from error
    return networks[0], networks[1]
