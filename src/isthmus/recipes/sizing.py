"""Recipes whose network, code and schedule depend on the size and the number of the images."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from isthmus.recipes.fields import Recipe, Training
from isthmus.recipes.latents import FiniteScalarLatent, GaussianLatent, LatentFields, PointLatent
from isthmus.recipes.networks import ConvNetwork, ResidualNetwork

DIMENSIONS = 128
"""Latent dimensions at most, if their number is not given."""
SMALLEST_GRID = 4
"""The longer side of the smallest features."""
DISCRETE_GRID = 8
"""The same for discrete codes, of which each holds few bits."""
MOST_CHANNELS = 16
"""Channels of a code on a grid, beyond which it gets a larger grid."""
PASSES = 20
"""Passes over the images, which are also the epochs."""
STEPS = (4_000, 20_000)
"""Steps at least and at most: few images are seen more often, and many not as often."""
MUON_STEPS = (2_000, 10_000)
"""The same for Muon, which needs half as many and takes twice the time for each."""


def sized(
    recipe: Recipe, shape: tuple[int, int, int], count: int | None = None, given: Mapping[str, Any] | None = None
) -> Recipe:
    """Fit a named recipe to its images, if it depends on them; others are returned unchanged.

    A code has one latent dimension for every 8 pixels, at most 128, if nothing else is given.  Where no grid has the
    number of dimensions that is given, the code is flat. Discrete codes have a grid of at most 8 x 8 positions.

    Args:
        recipe: The recipe.
        shape: Height, width and channels of the images.
        count: The number of images to train and validate on; None to leave the number of steps as it is.
        given: Fields that will be changed afterwards, by dotted name, to which the others are fitted. Of them
            `latent.dim`, `latent.grid`, `network.patch` and `network.filters` matter; invalid values are ignored here.
    """
    size = SIZED.get(recipe.name)
    return recipe if size is None else size(recipe, shape, count, given or {})


def _number(given: Mapping[str, Any], field: str) -> int | None:
    """The positive integer that is given for a field."""
    value = given.get(field)
    return value if isinstance(value, int) and value > 0 else None


def _default_dim(shape: tuple[int, int, int]) -> int:
    return min(DIMENSIONS, max(1, shape[0] * shape[1] // 8))


def _convolutions(recipe: Recipe, shape: tuple[int, int, int], count: int | None, given: Mapping[str, Any]) -> Recipe:
    """Layers that halve the longer side down to 4 pixels."""
    if not isinstance(recipe.network, ConvNetwork):  # another network was asked for
        return recipe
    layers = min(6, max(2, math.ceil(math.log2(max(shape[:2]) / SMALLEST_GRID))))
    filters = tuple(min(32 * 2**layer, 256) for layer in range(layers))
    network = recipe.network.model_copy(update={"filters": filters, "stem_filters": filters[-1]})
    return recipe.model_copy(
        update={"network": network, "latent": _with_dim(recipe.latent, shape, _number(given, "latent.dim"))}
    )


def _photographs(recipe: Recipe, shape: tuple[int, int, int], count: int | None, given: Mapping[str, Any]) -> Recipe:
    """Patches and scales by the size of the images, a code by the number of dimensions, steps by that of the images."""
    side = max(shape[:2])
    optimiser = given.get("training.optimiser", recipe.training.optimiser)
    steps = MUON_STEPS if optimiser == "muon" else STEPS
    training = recipe.training.model_copy(update={"batch_size": 32 if side <= 32 else 16})
    recipe = recipe.model_copy(update={"training": training if count is None else _schedule(training, count, steps)})
    if not isinstance(recipe.network, ResidualNetwork):
        return recipe
    patch = _number(given, "network.patch") or (2 if side <= 32 else 4 if side <= 96 else 8)
    dim, widths = _number(given, "latent.dim"), given.get("network.filters")
    scales = len(widths) if isinstance(widths, list | tuple) else None
    grids = [(-(-shape[0] // patch), -(-shape[1] // patch))]
    smallest = DISCRETE_GRID if recipe.latent.is_discrete else SMALLEST_GRID
    while max(grids[-1]) > smallest if scales is None else len(grids) < scales:
        grids.append((-(-grids[-1][0] // 2), -(-grids[-1][1] // 2)))
    latent = _with_dim(recipe.latent, shape, dim)
    if latent.has_grid:
        wanted = given.get("latent.grid")
        if isinstance(wanted, list | tuple) and tuple(wanted) in grids:
            grids = grids[: grids.index((wanted[0], wanted[1])) + 1]
            scales = len(grids)
        grid = _grid(grids if scales is None else grids[-1:], shape, dim)
        if isinstance(latent, FiniteScalarLatent):
            channels = max(1, math.prod(shape) // math.prod(grids[-1]))
            latent = latent.model_copy(update={"grid": grids[-1], "levels": latent.levels[:channels]})
        elif grid is None:  # no grid has that number of dimensions, so the code is flat
            latent = (GaussianLatent if latent.has_posterior else PointLatent)(dim=dim or 1)
        else:
            latent = latent.model_copy(update={"grid": grid[0], "channels": grid[1]})
            grids = grids[: grids.index(grid[0]) + 1]
    filters = tuple(min(48 * 2**scale, 192) for scale in range(len(grids)))
    network = recipe.network.model_copy(update={"patch": patch, "filters": filters})
    return recipe.model_copy(update={"network": network, "latent": latent})


def _with_dim(latent: LatentFields, shape: tuple[int, int, int], dim: int | None) -> LatentFields:
    """A flat code with that number of dimensions; a code on a grid is returned unchanged."""
    if latent.has_grid:
        return latent
    return latent.model_copy(update={"dim": dim or _default_dim(shape)})


def _grid(
    grids: list[tuple[int, int]], shape: tuple[int, int, int], dim: int | None
) -> tuple[tuple[int, int], int] | None:
    """A grid and its channels: the smallest grid, unless that has too many channels; None if none has `dim` numbers."""
    smallest = grids[-1]
    if dim is None:
        positions = math.prod(smallest)
        return smallest, max(1, min(round(_default_dim(shape) / positions), math.prod(shape) // positions))
    fitting = [(grid, dim // math.prod(grid)) for grid in reversed(grids) if dim % math.prod(grid) == 0]
    return next((choice for choice in fitting if choice[1] <= MOST_CHANNELS), fitting[0] if fitting else None)


def _schedule(training: Training, count: int, limits: tuple[int, int]) -> Training:
    """The steps of 20 passes, within limits, as 20 epochs."""
    least, most = limits
    steps = min(max(PASSES * training.epoch_steps(count), least), most)
    return training.model_copy(update={"epochs": PASSES, "steps_per_epoch": steps // PASSES})


SIZED: Mapping[str, Callable[[Recipe, tuple[int, int, int], int | None, Mapping[str, Any]], Recipe]] = MappingProxyType(
    {
        "conv-vae-colour": _convolutions,
        "photo-ae": _photographs,
        "photo-vae": _photographs,
        "photo-fsq": _photographs,
        "photo-search": _photographs,
    }
)
"""How a named recipe is fitted to images, for those that depend on them."""
