"""A run in a few sentences: its model, its data and its training."""

from collections.abc import Mapping
from typing import Any

from isthmus.data import task_of
from isthmus.plots.display import false_colour
from isthmus.recipes import Recipe
from isthmus.report.tables import spell_day
from isthmus.runs.manifest import Manifest
from isthmus.wording import spell_count, spell_seconds


def kind_of(recipe: Recipe) -> str:
    """Name the kind of model that a recipe describes."""
    if recipe.latent.is_discrete:
        return f"{recipe.network.family} autoencoder with discrete codes"
    kind = "variational autoencoder" if recipe.latent.has_posterior else "autoencoder"
    return f"{recipe.network.family} {kind}"


def story_of(manifest: Manifest, recipe: Recipe) -> str:
    """Describe the model, its training data, and the length of its training."""
    images, data, training = manifest.images, manifest.data, manifest.training
    colour = {1: "grey", 3: "colour", 4: "transparent"}.get(images.channels, f"{images.channels}-channel")
    purpose = task_of(recipe.task).purpose
    if not recipe.task.restores:
        code = recipe.latent.description
        purpose = f"encodes each image of {images.spec.dims:,} values in {code}, and decodes it again"
    text = (
        f"A {kind_of(recipe)} that {purpose}. It was trained on {spell_count(data.train_images, f'{colour} image')} of "
        f"{images.width}×{images.height} pixels"
    )
    rule = false_colour(images.channels)
    shown = f" On this page, only {rule}." if rule else ""
    if training is None:
        return f"{text}.{shown}"
    day = spell_day(training.started)
    time = f"{spell_count(training.epochs, 'epoch')} in {spell_seconds(training.seconds)}"
    return f"{text}: {time}{f', on {day}' if day else ''}.{shown}"


def facts_of(manifest: Manifest, recipe: Recipe) -> list[tuple[str, str]]:
    """List name and value of the facts at a glance."""
    training, data = manifest.training, manifest.data
    facts = [("Recipe", recipe.name), ("Data", f"{data.name}, {spell_count(data.train_images, 'training image')}")]
    if training is not None:
        facts += [
            ("Epochs", f"{training.epochs:,} of {recipe.training.epochs:,}, best {training.best_epoch}"),
            ("Duration", spell_seconds(training.seconds)),
            ("Machine", training.machine),
            ("Backend", f"{training.backend}, {training.device}"),
        ]
    return facts


def measured_on(metrics: Mapping[str, Any], manifest: Manifest) -> str:
    """Name the images that the metrics of `metrics.json` were measured on."""
    split, images = metrics.get("split"), metrics.get("images")
    if not split or not isinstance(images, int):
        return "No image was held out, so there is nothing to measure on."
    error = "± is the standard error of the mean over these images."
    return f"Measured on the {spell_count(images, f'held-out {split} image')} of {manifest.data.name}. {error}"
