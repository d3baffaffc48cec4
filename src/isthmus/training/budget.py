"""A schedule that fits into a given time."""

from isthmus.errors import RecipeError
from isthmus.recipes import Recipe, with_fields
from isthmus.training.rehearsal import Rehearsal
from isthmus.wording import spell_count, spell_seconds

EPOCHS = 20
"""Epochs at most; the model is validated and stored after each."""
EPOCH_SECONDS = 15.0
"""Seconds of an epoch at least, so that what comes after each takes a small share."""
VALIDATION = 0.2
"""The share of the time that validation may take."""
RESERVE = 0.05
"""The share of the time that is kept for checkpoints and images of the training."""


def within_time(recipe: Recipe, seconds: float, measured: Rehearsal) -> Recipe:
    """The recipe with as many steps as fit into a time, so that its schedule ends in it.

    There is at least one step, even if that takes longer.

    Args:
        recipe: The recipe.
        seconds: The time of the training, with validation, but without opening images and compiling.
        measured: What a step and a validation take.

    Returns:
        The recipe with `training.epochs` and `training.steps_per_epoch`.

    Raises:
        RecipeError: If a field of the recipe asks for more epochs or steps than fit.
    """
    time = (1.0 - RESERVE) * seconds
    validations = min(EPOCHS, max(1, int(time / EPOCH_SECONDS)))
    if measured.validation_seconds * validations > VALIDATION * time:
        validations = max(1, int(VALIDATION * time / measured.validation_seconds))
    steps = max(1, int((time - validations * measured.validation_seconds) / measured.seconds_per_step))
    epochs = min(validations, steps)
    fitted = {"training.epochs": epochs, "training.steps_per_epoch": steps // epochs}
    accumulation, each = recipe.training.accumulation, spell_count(steps // epochs, "step")
    limit = f"{spell_count(epochs, 'epoch')} of {each} fit into {spell_seconds(seconds)}"
    if accumulation > steps:
        raise RecipeError(f"{limit}, fewer steps than training.accumulation={accumulation}. Set more --minutes")
    try:
        return with_fields(recipe, fitted)
    except RecipeError as error:
        raise RecipeError(f"{limit}. Set more --minutes, or change the recipe: {error}") from None
