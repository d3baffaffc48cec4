"""HTML for a run in a notebook: recipe, training, metrics, and the last frame of its training."""

import base64
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from isthmus.errors import RunError
from isthmus.recipes import Recipe
from isthmus.runs.folder import PICTURES, read_metrics, read_picture
from isthmus.runs.manifest import Manifest
from isthmus.wording import spell_count, spell_seconds

MOST_PICTURE_BYTES = 200_000
_FIGURES = {"elbo_nats": "ELBO", "loss_nats": "Loss", "distortion_nats": "Distortion", "rate_nats": "Rate"}


def card(path: Path, manifest: Manifest, recipe: Recipe) -> str:
    """HTML for a run; what is missing or damaged is omitted."""
    rows = {
        "Recipe": f"{recipe.name}: {recipe.summary}" if recipe.summary else recipe.name,
        "Images": f"{manifest.images.spec}, {_images(manifest)}",
        "Latent": f"{spell_count(recipe.latent.dim, 'dimension')}, {recipe.latent.kind}",
        "Training": _training(manifest),
        **_measured(path, manifest),
    }
    cells = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(text)}</td></tr>"
        for name, text in rows.items()
        if text
    )
    caption = f"<caption style='text-align:left'><b>{escape(path.name)}</b></caption>"
    table = f"<table style='max-width:38em'>{caption}{cells}</table>"
    return f"<div style='display:flex; gap:1.5em; align-items:flex-start'>{_picture(path)}{table}</div>"


def _images(manifest: Manifest) -> str:
    data = manifest.data
    classes = f" in {len(data.class_names)} classes" if data.class_names else ""
    return f"{data.train_images:,} of {data.name} to train on{classes}"


def _training(manifest: Manifest) -> str:
    done = manifest.training
    if done is None:
        return manifest.state
    epochs = f"{spell_count(done.epochs, 'epoch')} in {spell_seconds(done.seconds)}"
    return f"{manifest.state}; {epochs} with {done.backend}, best after epoch {done.best_epoch}"


def _measured(path: Path, manifest: Manifest) -> dict[str, str]:
    try:
        return _estimates(read_metrics(path, manifest))
    except (RunError, ValueError, TypeError, LookupError, AttributeError):
        return {}


def _estimates(metrics: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for key, name in _FIGURES.items():
        estimate = metrics.get(key)
        if estimate:
            error = estimate["standard_error"]
            spread = "" if error is None else f" ± {error:.2f}"
            found[name] = f"{estimate['mean']:.2f}{spread} nats per {metrics['split']} image".replace("-", "−")
    return found


def _picture(path: Path) -> str:
    frames = sorted((path / PICTURES).glob("epoch-*.png"))
    try:
        content = read_picture(frames[-1], MOST_PICTURE_BYTES) if frames else b""
    except OSError:
        return ""
    if not content:
        return ""
    address = f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"
    return f"<img alt='Sixteen images, encoded and decoded' src='{address}' style='width:180px'>"
