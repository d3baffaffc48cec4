"""Resume a run: by its own recipe, with its own images, on its own backend."""

from pathlib import Path

from isthmus.data import ImageOptions, Preprocessing
from isthmus.errors import BackendError, UsageError
from isthmus.inputs import MOST_TEXT_BYTES, read_regular
from isthmus.progress import tell
from isthmus.recipes import Recipe, leaf_fields, recipe_from_json
from isthmus.runs.folder import RECIPE, STAGED, read_recipe
from isthmus.runs.manifest import DataEntry, Manifest
from isthmus.training.backends import choose_backend

MAY_CHANGE = frozenset({"training.epochs", "training.patience", "training.checkpoint_seconds", "name", "summary"})
"""What may differ from the recipe of the run that is resumed."""


def backend_of(place: Path | None, before: Manifest | None, backend: str | None, device: str | None) -> str:
    """Settle the backend: the one that is asked for, or else that of the run that is resumed.

    Args:
        place: The run, for messages.
        before: The manifest of the run that is resumed; None for a new run.
        backend: The backend that is asked for, as `choose_backend` takes it.
        device: The device that is asked for.

    Raises:
        BackendError: If it is not installed.
    """
    own = None if before is None or before.training is None else before.training.backend
    try:
        chosen = choose_backend(backend or own, device)
    except BackendError as error:
        if own is None or backend is not None:
            raise
        raise BackendError(f"{error}. {place} was trained on {own}; --backend NAME resumes with another") from None
    if own not in (None, chosen):
        tell(f"{place} was trained on {own}: a resumed training on {chosen} gives other bits than {own} would")
    return chosen


def recipe_to_resume(place: Path, before: Manifest) -> Recipe:
    """The recipe of the last training of a run, even if that was killed before its recipe became the run's.

    Raises:
        RunError: If the run's recipe is damaged.
        RecipeError: If the recipe of the last training is damaged.
    """
    staged = place / STAGED / RECIPE
    if not staged.is_file():
        return read_recipe(place, before)
    return recipe_from_json(read_regular(staged, MOST_TEXT_BYTES).decode("utf-8", errors="replace"))


def stored_preprocessing(place: Path, before: Manifest, options: ImageOptions | None) -> Preprocessing | None:
    """What image files became for the run that is resumed.

    Raises:
        UsageError: If something else is asked for.
    """
    kept = None if before.preprocessing is None else before.preprocessing.value
    for name, value in vars(options or ImageOptions()).items():
        now = None if kept is None else (kept.height, kept.width) if name == "size" else getattr(kept, name)
        if value is not None and value != now:
            raise UsageError(
                f"{place} was trained on images of {kept}; a resumed training uses these: leave --{name} out."
            )
    return kept


def changed_fields(before: Recipe, now: Recipe) -> list[str]:
    """A line for each field of a recipe that has changed, and may not."""
    kept = dict(leaf_fields(before.model_dump(mode="json")))
    wanted = dict(leaf_fields(now.model_dump(mode="json")))
    return [
        f"{name}: {kept.get(name)} in the run, {wanted.get(name)} now"
        for name in sorted({*kept, *wanted} - MAY_CHANGE)
        if kept.get(name) != wanted.get(name)
    ]


def changed_images(before: DataEntry, now: DataEntry, *, conditional: bool = False) -> list[str]:
    """A line for each part whose images have changed, and one for changed classes of a `conditional` model."""
    parts = (
        ("training images", before.fingerprint, now.fingerprint, before.train_images, now.train_images),
        (
            "validation images",
            before.validation_fingerprint,
            now.validation_fingerprint,
            before.validation_images,
            now.validation_images,
        ),
        ("test images", before.test_fingerprint, now.test_fingerprint, before.test_images, now.test_images),
    )
    changed = []
    for purpose, old, new, count, counted in parts:
        if count != counted:
            changed.append(f"{purpose}: {count:,} in the run, {counted:,} now")
        elif old is not None and old != new:
            changed.append(f"{purpose}: {count:,}, {_difference(before, now)}")
    if conditional and before.class_names != now.class_names:
        changed.append(f"classes: {', '.join(before.class_names)} in the run, {', '.join(now.class_names)} now")
    return changed


def _difference(before: DataEntry, now: DataEntry) -> str:
    """What is different of as many images."""
    if before.labels_fingerprint is not None and before.labels_fingerprint == now.labels_fingerprint:
        return "in another order now. Give them their earlier names to resume"
    if before.pixels_fingerprint is not None and before.pixels_fingerprint == now.pixels_fingerprint:
        return "with other labels now. Give them their earlier labels to resume"
    return f"with other pixels{' or labels' if before.pixels_fingerprint is None else ''} now"


def require_same(place: Path, otherwise: str, changed: list[str]) -> None:
    """Refuse to resume a run with other data or another recipe than it began with.

    Raises:
        UsageError: If anything has changed.
    """
    if changed:
        raise UsageError(
            f"{place} was trained {otherwise}, and a training resumes only as it began:\n  "
            + "\n  ".join(changed)
            + f"\nTo start a new run from its weights: --init-from {place}, and another --out."
        )
