"""Commands that train like a run was trained, with something changed."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from isthmus.evaluation.diagnosis import Finding
from isthmus.recipes import RECIPES, Recipe, leaf_fields

_KEPT = frozenset({"name", "summary", "schema_version"})


def changed_fields(recipe: Recipe) -> dict[str, Any] | None:
    """The fields in which a recipe differs from the named one that it came from; None where it came from none."""
    if recipe.name not in RECIPES:
        return None
    named = dict(leaf_fields(RECIPES[recipe.name].model_dump(mode="json")))
    missing = object()
    return {
        field: value
        for field, value in leaf_fields(recipe.model_dump(mode="json"))
        if field not in _KEPT and named.get(field, missing) != value
    }


def train_command(
    data: str, recipe: Recipe, changes: Mapping[str, Any] | None = None, targets: str | None = None
) -> str:
    """Write the command that trains a recipe with some fields changed; nothing for one that has no name to call it by.

    Args:
        data: The images, as a command names them.
        recipe: What to train.
        changes: Fields by dotted name, as `--set` takes them.
        targets: The targets, as a command names them, where the task has them in files of their own.
    """
    fields = changed_fields(recipe)
    if fields is None:
        return ""
    fields |= changes or {}
    settings = [f"--set {shlex.quote(f'{field}={_spell(value)}')}" for field, value in fields.items()]
    return " ".join([f"isthmus train {_data(data, recipe, targets)} --recipe {recipe.name}", *settings])


def remedy_command(finding: Finding, data: str, recipe: Recipe, run: str, targets: str | None = None) -> str:
    """Write the command that tries a finding's remedy; nothing where none is known.

    Args:
        finding: What was found.
        data: The images, as a command names them.
        recipe: What the run was made by.
        run: The run's folder.
        targets: The targets, as a command names them, where the task has them in files of their own.
    """
    if finding.resume:
        longer = finding.try_fields.get("training.epochs")
        epochs = f" --epochs {longer}" if longer else ""
        return f"isthmus train --out {shlex.quote(run)} --resume{epochs}"
    return train_command(data, recipe, finding.try_fields, targets) if finding.try_fields else ""


def _data(data: str, recipe: Recipe, targets: str | None) -> str:
    """The arguments that name the images, and the targets where these are files of their own."""
    if not recipe.task.has_target_files:
        return shlex.quote(data)
    return f"{shlex.quote(data)} --targets {shlex.quote(targets or 'TARGETS')}"


def _spell(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
