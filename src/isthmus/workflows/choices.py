"""What was chosen for a training whose recipe was not named, in words."""

from collections.abc import Iterator

from isthmus.probability import latent_of
from isthmus.recipes import PURPOSES, Augmentation
from isthmus.wording import spell_count
from isthmus.workflows.datasets import TrainingData


def spell_choices(data: TrainingData, purpose: str | None, minutes: float | None) -> Iterator[str]:
    """Yield a line each for the recipe, the code, the network and the schedule.

    Args:
        data: The images, and the recipe that was chosen for them.
        purpose: The purpose that was given, if any.
        minutes: The time that was given, if any.
    """
    recipe, spec = data.recipe, data.train.spec
    others = [f"--for {name}: {other}" for name, other in PURPOSES.items() if other != recipe.name]
    offered = recipe.name in PURPOSES.values() and purpose is None
    offer = f" ({', '.join(others)})" if offered else ""
    yield f"recipe: {recipe.name}{offer}. {recipe.summary}"
    *sides, channels = latent_of(recipe.latent).group.shape
    grid = f" ({' x '.join(map(str, sides))} positions of {spell_count(channels, 'channel')})" if sides else ""
    yield f"code: {recipe.latent.description}{grid}, for {spec.dims:,} numbers in an image"
    network = recipe.network
    widths = f", {network.widths} {', '.join(map(str, getattr(network, network.widths)))}" if network.widths else ""
    yield f"network: {network.family}{widths}"
    training, count = recipe.training, len(data.train)
    steps = training.epochs * training.epoch_steps(count)
    passes = round(steps * training.batch_size / count)
    times = "once" if passes <= 1 else f"{passes} times"
    yield (
        f"schedule: {spell_count(steps, 'step')} of {spell_count(training.batch_size, 'image')}, so each of "
        f"{spell_count(count, 'image')} about {times}{spell_orientations(recipe.augmentation)}"
        f"{'; --minutes M fits it into a time' if minutes is None else ''}"
    )


def spell_orientations(augmentation: Augmentation) -> str:
    """The orientations that augmentation adds, after a comma; nothing where it adds none."""
    across = ["left to right"] if augmentation.flip_horizontal else []
    flips = [*across, "top to bottom"] if augmentation.flip_vertical else across
    if augmentation.transpose and len(flips) == 2:
        return ", in all eight orientations"
    return f", also flipped {' and '.join(flips)}" if flips else ""
