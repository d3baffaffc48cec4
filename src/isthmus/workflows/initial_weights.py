"""The weights of another run, to start a training from."""

import shlex
from pathlib import Path
from typing import Any

import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from isthmus.errors import RunError
from isthmus.recipes import Recipe, leaf_fields
from isthmus.report.commands import train_command
from isthmus.runs import folder
from isthmus.workflows.datasets import TrainingData

_WEIGHED = ("condition", "network", "latent", "prior", "likelihood")
"""The parts of a recipe that shape its weights."""


def read_initial_weights(place: Path) -> tuple[dict[str, NDArray[Any]], str]:
    """Read the weights of a run by name, and say where they come from.

    Raises:
        RunError: If they are missing or damaged.
    """
    weights = folder.read_file(place, folder.WEIGHTS, folder.read_manifest(place))
    try:
        return safetensors.numpy.load(weights), str(place)
    except safetensors.SafetensorError as error:
        raise RunError(f"{place}: {folder.WEIGHTS} is damaged ({error}). Restore it.") from None


def spell_misfit(place: Path, data: TrainingData, named: str) -> str:
    """Say why the weights of a run do not fit a training, and what to do; empty where nothing differs that is known.

    Args:
        place: The run.
        data: The images of the training, and its recipe.
        named: The images, as a command names them.
    """
    manifest = folder.read_manifest(place)
    recipe, spec = folder.read_recipe(place, manifest), manifest.source.spec
    lines = list(_differences(recipe, data.recipe))
    fit = ""
    if spec.shape != data.train.spec.shape:
        lines.insert(0, ("images", str(spec), str(data.train.spec)))
        if data.preprocessing is not None:
            fit = f" --size {spec.width}x{spec.height} --channels {spec.channels}"
    if not lines:
        return ""
    what = "\n".join(f"  {name}: {there} there, {here} here" for name, there, here in lines)
    said = f"the weights of {place} do not fit this training:\n{what}\n"
    if command := train_command(named, recipe):
        said += f"To train its recipe: {command}{fit} --init-from {shlex.quote(str(place))}\n"
    return f"{said}To train this one: leave --init-from out."


def _differences(there: Recipe, here: Recipe) -> list[tuple[str, str, str]]:
    """Fields that differ: of a part of another kind its kind alone."""
    found: list[tuple[str, str, str]] = []
    for part in _WEIGHED:
        old, new = (getattr(recipe, part).model_dump(mode="json") for recipe in (there, here))
        if old["kind"] != new["kind"]:
            old, new = {"kind": old["kind"]}, {"kind": new["kind"]}
        values = dict(leaf_fields(new))
        found += [
            (f"{part}.{name}", str(value), str(values.get(name)))
            for name, value in leaf_fields(old)
            if value != values.get(name)
        ]
    return found
