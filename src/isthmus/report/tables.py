"""TextTables of what a run is: its training, its images, its versions, and every field of its recipe."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from isthmus.recipes import Recipe, leaf_fields
from isthmus.recipes.fields import field_summaries
from isthmus.report.commands import changed_fields
from isthmus.report.page import TextTable
from isthmus.runs.manifest import Manifest
from isthmus.wording import spell_bytes, spell_seconds

_HIDDEN = frozenset({"name", "summary", "schema_version"})


def provenance_tables(manifest: Manifest, recipe: Recipe) -> list[TextTable]:
    """Set out where a run comes from: its training, its images, its versions and its files."""
    data, training = manifest.data, manifest.training
    tables = []
    if training is not None:
        rows = [
            ("state", manifest.state),
            ("started", spell_time(training.started)),
            ("duration", spell_seconds(training.seconds)),
            ("machine", training.machine),
            ("backend", f"{training.backend}, {training.device}"),
            ("epochs", f"{training.epochs:,} ({training.steps:,} steps)"),
            ("weights from epoch", str(training.best_epoch) if training.best_epoch else "0, before training"),
            ("seed", str(recipe.training.seed)),
        ]
        tables.append(TextTable("Training", (), rows + ([("message", training.message)] if training.message else [])))
    images = manifest.images
    tables.append(
        TextTable(
            "Images",
            (),
            [
                ("data", data.name),
                ("size", f"{images.spec} {images.dtype}"),
                ("training images", f"{data.train_images:,}"),
                ("validation images", f"{data.validation_images:,}"),
                ("test images", f"{data.test_images:,}"),
                ("classes", str(len(data.class_names)) if data.class_names else "none"),
                ("fingerprint", data.fingerprint),
            ],
        )
    )
    tables.append(TextTable("Versions", (), sorted(manifest.versions.items())))
    files = [(name, spell_bytes(entry.bytes), entry.sha256) for name, entry in manifest.files.items()]
    tables.append(TextTable("Files", ("file", "size", "SHA-256"), files))
    return tables


def recipe_table(recipe: Recipe) -> TextTable:
    """Set out every field of a recipe with its meaning; those that differ from the named recipe's are marked."""
    values = recipe.model_dump(mode="json")
    summaries = field_summaries(recipe)
    different = changed_fields(recipe) or {}
    rows: list[tuple[str, str, str]] = []
    changed = []
    for field, value in leaf_fields(values):
        if field in _HIDDEN:
            continue
        if field in different:
            changed.append(len(rows))
        rows.append((field, _spell(value), summaries[field]))
    note = f"Marked fields differ from the named recipe {recipe.name}." if changed else ""
    return TextTable("", ("field", "value", "meaning"), rows, frozenset(changed), note)


def spell_day(text: str) -> str:
    """The day of an ISO time; empty for other text."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return f"{time.day} {time:%B %Y}"


def spell_time(text: str) -> str:
    """An ISO time in words, in its own zone; other text stays as it is."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{time.day} {time:%B %Y, %H:%M} {time.tzname() or ''}".strip()


def _spell(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_spell(part)}" for name, part in value.items())
    return ", ".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value)
