"""The run folder: which file is which, and reading one only if it is what the manifest says."""

import hashlib
from pathlib import Path

from isthmus.errors import RecipeError, RunError
from isthmus.recipes import Recipe, recipe_from_json
from isthmus.runs.manifest import FileEntry, Manifest, manifest_from_json

MANIFEST = "manifest.json"
RECIPE = "recipe.json"
WEIGHTS = "weights.safetensors"
ENCODER = "encoder.onnx"
DECODER = "decoder.onnx"
CODES = "codes.safetensors"
HISTORY = "history.csv"
METRICS = "metrics.json"
SKIPPED = "skipped.json"
CHECKPOINT = "checkpoint"
PICTURES = "pictures"
REPORT = "report.html"
TENSORBOARD = "tensorboard"
OWN_ENCODER = "own_encoder.keras"
OWN_DECODER = "own_decoder.keras"


def describe_file(path: Path) -> FileEntry:
    """Hash a file for the manifest."""
    content = path.read_bytes()
    return FileEntry(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a run.

    Raises:
        RunError: If the folder is missing, holds no run, or a manifest that cannot be read.
    """
    if not folder.exists():
        raise RunError(f"there is no run at {folder}. `isthmus train DATA --out {folder}` makes one.")
    path = folder / MANIFEST
    if not path.is_file():
        raise RunError(f"{folder} holds no run: it has no {MANIFEST}. A run is the folder that `isthmus train` made.")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{folder}: {MANIFEST} cannot be read ({error}).") from None
    return manifest_from_json(text, str(folder))


def read_file(folder: Path, name: str, manifest: Manifest) -> bytes:
    """Read a file of a run whole.

    Raises:
        RunError: If it is missing, cut short or changed since the manifest was written.
    """
    entry = manifest.files.get(name)
    if entry is None:
        raise RunError(f"{folder}: the manifest knows no {name}; the run is {manifest.state}.")
    path = folder / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RunError(f"{folder}: {name} is missing or cannot be read ({error.strerror}). Restore it.") from None
    if len(content) != entry.bytes:
        raise RunError(f"{folder}: {name} is torn: {entry.bytes} bytes expected, {len(content)} found. Restore it.")
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise RunError(f"{folder}: {name} was changed since the run was written (its SHA-256 differs). Restore it.")
    return content


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
