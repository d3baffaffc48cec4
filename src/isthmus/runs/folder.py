"""The run folder: which file is which, and reading one only if it is what the manifest says."""

import errno
import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from isthmus.errors import RecipeError, RunError
from isthmus.inputs import MOST_TEXT_BYTES, parse_json, read_regular
from isthmus.recipes import Recipe, recipe_from_json
from isthmus.runs.manifest import FileEntry, Manifest, manifest_from_json

MANIFEST = "manifest.json"
RECIPE = "recipe.json"
WEIGHTS = "weights.safetensors"
ENCODER = "encoder.onnx"
DECODER = "decoder.onnx"
PRIOR = "prior.onnx"
CODES = "codes.safetensors"
HISTORY = "history.csv"
METRICS = "metrics.json"
SKIPPED = "skipped.json"
CHECKPOINT = "checkpoint"
STAGED = "staged"
"""The folder for files that are about to replace those of the manifest; see `RunWriter`."""
PICTURES = "pictures"
REPORT = "report.html"
TENSORBOARD = "tensorboard"
CUSTOM_ENCODER = "own_encoder.keras"
CUSTOM_DECODER = "own_decoder.keras"

MOST_PICTURE_BYTES = 256 << 20


def describe_file(path: Path) -> FileEntry:
    """Hash a file for the manifest."""
    content = path.read_bytes()
    return FileEntry(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a run.

    Raises:
        RunError: If the folder is missing, holds no run, or a manifest that cannot be read.
    """
    try:
        found = folder.exists()
    except OSError as error:  # a name that is too long, say
        raise RunError(f"{folder} cannot be opened ({error.strerror}). Give the folder that a training made.") from None
    if not found:
        raise RunError(f"there is no run at {folder}. `isthmus train DATA --out {folder}` makes one.")
    path = folder / MANIFEST
    if not path.exists():
        raise RunError(f"{folder} holds no run: it has no {MANIFEST}. A run is the folder that `isthmus train` made.")
    try:
        text = read_regular(path, MOST_TEXT_BYTES).decode()
    except OSError as error:
        raise RunError(f"{folder}: {MANIFEST} cannot be read ({error.strerror}). Restore it from a copy.") from None
    except UnicodeDecodeError as error:
        raise RunError(f"{folder}: {MANIFEST} cannot be read ({error}). Restore it from a copy.") from None
    return manifest_from_json(text, str(folder))


def read_file(folder: Path, name: str, manifest: Manifest) -> bytes:
    """Read a file of a run whole.

    Raises:
        RunError: If it is missing, not a regular file, truncated or changed since the manifest was written.
    """
    entry = manifest.files.get(name)
    if entry is None:
        raise RunError(f"{folder}: the manifest knows no {name}; the run is {manifest.state}.")
    for part in (".", STAGED):
        with suppress(RunError):
            return _read(folder, f"{part}/{name}", entry)
    return _read(folder, name, entry)  # staged files may just have been moved to their places


def _read(folder: Path, name: str, entry: FileEntry) -> bytes:
    try:
        content = read_regular(folder / name, entry.bytes)
    except OSError as error:
        raise RunError(f"{folder}: {name} is missing or cannot be read ({error.strerror}). Restore it.") from None
    if len(content) != entry.bytes:
        raise RunError(
            f"{folder}: {name} is truncated: {entry.bytes} bytes expected, {len(content)} found. Restore it."
        )
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise RunError(f"{folder}: {name} was changed since the run was written (its SHA-256 differs). Restore it.")
    return content


def read_metrics(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """Read the first metrics of a run, by key, as `isthmus.workflows.metrics` gives them; empty without any.

    Raises:
        RunError: If the file is damaged.
    """
    if METRICS not in manifest.files:
        return {}
    try:
        values = parse_json(read_file(folder, METRICS, manifest))
    except ValueError as error:
        raise RunError(f"{folder}: {METRICS} is not valid JSON ({error}). Restore it.") from None
    return values if isinstance(values, dict) else {}


def read_picture(path: Path, most: int = MOST_PICTURE_BYTES) -> bytes:
    """Read a file of a run's `pictures/`, which the manifest does not list.

    Raises:
        OSError: If it is missing, larger than `most` bytes, or leads out of the run by a symbolic link.
    """
    if path.parent.is_symlink():
        raise OSError(errno.ELOOP, "its folder is a symbolic link, which could lead to any folder")
    return read_regular(path, most)


def read_recipe(folder: Path, manifest: Manifest) -> Recipe:
    """Read the recipe of a run.

    Raises:
        RunError: If the file is damaged, or holds no recipe that this isthmus reads.
    """
    text = read_file(folder, RECIPE, manifest).decode("utf-8", errors="replace")
    try:
        return recipe_from_json(text)
    except RecipeError as error:
        raise RunError(f"{folder}: {RECIPE}: {error}") from None
