"""Commands to run after a training: what tries a remedy, and what to do with the run next."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from isthmus.codec import obstacle
from isthmus.evaluation.diagnosis import Finding
from isthmus.recipes import RECIPES, SIZED, CustomNetwork, Recipe, leaf_fields
from isthmus.report.page import Command
from isthmus.runs import Run

_DESCRIPTIVE = frozenset({"name", "summary", "schema_version"})


def changed_fields(recipe: Recipe) -> dict[str, Any] | None:
    """The fields in which a recipe differs from the named one that it came from; None if it came from none."""
    return _differences(recipe, RECIPES[recipe.name]) if recipe.name in RECIPES else None


def train_command(
    data: str, recipe: Recipe, changes: Mapping[str, Any] | None = None, targets: str | None = None
) -> str:
    """Write the command that trains a recipe with some fields changed; empty if its network is custom.

    A recipe that came from no named one is written as the changes of the nearest.

    Args:
        data: The images, as a command names them.
        recipe: The recipe to train.
        changes: Fields by dotted name, as `--set` takes them.
        targets: The targets, as a command names them, if the task has target files.
    """
    if isinstance(recipe.network, CustomNetwork):  # its Keras models have no name that a command could give
        return ""
    base = RECIPES.get(recipe.name) or _nearest(recipe)
    fields = _differences(recipe, base) | dict(changes or {})
    settings = [f"--set {shlex.quote(f'{field}={_spell(value)}')}" for field, value in fields.items()]
    return " ".join([f"isthmus train {_data(data, recipe, targets)} --recipe {base.name}", *settings])


def remedy_command(finding: Finding, data: str, recipe: Recipe, run: str, targets: str | None = None) -> str:
    """Write the command that tries a finding's remedy; empty if there is none.

    Args:
        finding: The finding.
        data: The images, as a command names them.
        recipe: The recipe of the run.
        run: The run's folder.
        targets: The targets, as a command names them, if the task has target files.
    """
    if finding.resume:
        longer = finding.try_fields.get("training.epochs")
        epochs = f" --epochs {longer}" if longer else ""
        return f"isthmus train --out {shlex.quote(run)} --resume{epochs}"
    return train_command(data, recipe, finding.try_fields, targets) if finding.try_fields else ""


def _differences(recipe: Recipe, base: Recipe) -> dict[str, Any]:
    """The fields that make `recipe` of `base`; all fields of a part whose kind differs."""
    values, old = recipe.model_dump(mode="json"), base.model_dump(mode="json")
    named, missing = dict(leaf_fields(old)), object()
    of_other_kind = {
        part for part, value in values.items() if isinstance(value, dict) and value.get("kind") != old[part].get("kind")
    }
    return {
        field: value
        for field, value in leaf_fields(values)
        if field not in _DESCRIPTIVE
        and (field.partition(".")[0] in of_other_kind or named.get(field, missing) != value)
    }


def _nearest(recipe: Recipe) -> Recipe:
    """The named recipe that differs in the fewest fields, of those that do not depend on the images."""
    fixed = [base for name, base in RECIPES.items() if name not in SIZED]
    return min(fixed, key=lambda base: len(_differences(recipe, base)))


def _data(data: str, recipe: Recipe, targets: str | None) -> str:
    """The arguments that name the images, and the targets if the task has target files."""
    if not recipe.task.has_target_files:
        return shlex.quote(data)
    return f"{shlex.quote(data)} --targets {shlex.quote(targets or 'TARGETS')}"


def _spell(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def next_steps(run: Run) -> list[Command]:
    """Commands that suit a run, the most useful first."""
    place = shlex.quote(str(run.path))
    evaluate = Command("Evaluate it beside baselines", f"isthmus evaluate {place}")
    if run.restores:
        return [
            Command("Restore images of any size", f"isthmus restore {place} photos/ --out restored"),
            evaluate,
        ]
    steps = [
        Command("Explore its latent space in a browser", f"isthmus explore {place}"),
        Command("Make new images", f"isthmus sample {place} -n 64 --out samples.png"),
        Command("Reconstruct images of your own", f"isthmus reconstruct {place} photos/ --out reconstructions"),
        Command("Encode images, for search or clustering", f"isthmus encode {place} photos/ --out codes.npz"),
    ]
    if run.class_names and not run.latent.is_discrete:
        label = shlex.quote(run.class_names[-1])
        steps.insert(
            2, Command("Make images of one class", f"isthmus sample {place} --label {label} --out one-class.png")
        )
    if run.is_conditional or run.latent.is_discrete:
        del steps[0]
    plot = "manifold" if run.latent.has_standard_prior and run.recipe.latent.dim == 2 else "traversal"
    chosen = f" --label {shlex.quote(run.class_names[-1])}" if run.is_conditional else ""
    if not run.latent.is_discrete:
        command = f"isthmus plot {place} {plot}{chosen} --out {plot}.pdf"
        steps.append(Command("Plot its latent space for a paper", command))
    steps.append(evaluate)
    if not obstacle(run):
        threshold = " --threshold" if run.recipe.likelihood.of_binary else ""
        steps.append(
            Command("Compress images without loss", f"isthmus compress {place} photos/{threshold} --out photos.isth")
        )
    lines = (
        "import isthmus",
        "",
        f"run = isthmus.load({str(run.path)!r})",
        f'codes = run.encode(images{", labels" if run.is_conditional else ""})["mean"]',
        "new = run.sample(16)",
    )
    steps.append(Command("Use it in Python, without a training framework", "\n".join(lines)))
    return steps
