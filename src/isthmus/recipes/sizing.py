"""Recipes whose network, code and schedule depend on the size and the number of the images."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from isthmus.errors import RecipeError
from isthmus.recipes.fields import Recipe, Training
from isthmus.recipes.latents import LatentFields
from isthmus.recipes.networks import ConvNetwork, ResidualNetwork

DIMENSIONS = 128
"""Latent dimensions at most, if their number is not given."""
SMALLEST_GRID = 4
"""The longer side of the smallest features."""
MOST_CHANNELS = 16
"""Channels of a code on a grid, beyond which it gets a larger grid."""
PASSES = 20
"""Passes over the images, which are also the epochs."""
STEPS = (4_000, 20_000)
"""Steps at least and at most: few images are seen more often, and many not as often."""


def sized(recipe: Recipe, shape: tuple[int, int, int], count: int | None = None, dim: int | None = None) -> Recipe:
    """Fit a named recipe to its images, if it depends on them; others are returned unchanged.

    Args:
        recipe: The recipe.
        shape: Height, width and channels of the images.
        count: The number of training images; None to leave the number of steps as it is.
        dim: Latent dimensions; None for one for every 8 pixels, at most 128.

    Raises:
        RecipeError: If no grid has that number of latent dimensions.
    """
    size = SIZED.get(recipe.name)
    return recipe if size is None else size(recipe, shape, count, dim)


def _default_dim(shape: tuple[int, int, int]) -> int:
    return min(DIMENSIONS, max(1, shape[0] * shape[1] // 8))


def _convolutions(recipe: Recipe, shape: tuple[int, int, int], count: int | None, dim: int | None) -> Recipe:
    """Layers that halve the longer side down to 4 pixels."""
    if not isinstance(recipe.network, ConvNetwork):  # another network was asked for
        return recipe
    layers = min(6, max(2, math.ceil(math.log2(max(shape[:2]) / SMALLEST_GRID))))
    filters = tuple(min(32 * 2**layer, 256) for layer in range(layers))
    network = recipe.network.model_copy(update={"filters": filters, "stem_filters": filters[-1]})
    return recipe.model_copy(update={"network": network, "latent": _with_dim(recipe.latent, shape, dim)})


def _photographs(recipe: Recipe, shape: tuple[int, int, int], count: int | None, dim: int | None) -> Recipe:
    """Patches and scales by the size of the images, a code by the number of dimensions, steps by that of the images."""
    side = max(shape[:2])
    training = recipe.training.model_copy(update={"batch_size": 32 if side <= 32 else 16})
    recipe = recipe.model_copy(update={"training": training if count is None else _schedule(training, count)})
    if not isinstance(recipe.network, ResidualNetwork):
        return recipe
    patch = 2 if side <= 32 else 4 if side <= 96 else 8
    grids = [(-(-shape[0] // patch), -(-shape[1] // patch))]
    while max(grids[-1]) > SMALLEST_GRID:
        grids.append((-(-grids[-1][0] // 2), -(-grids[-1][1] // 2)))
    latent = _with_dim(recipe.latent, shape, dim)
    if "grid" in type(latent).model_fields:
        grid, channels = _grid(grids, shape, dim)
        latent = latent.model_copy(update={"grid": grid, "channels": channels})
        grids = grids[: grids.index(grid) + 1]
    filters = tuple(min(48 * 2**scale, 192) for scale in range(len(grids)))
    network = recipe.network.model_copy(update={"patch": patch, "filters": filters})
    return recipe.model_copy(update={"network": network, "latent": latent})


def _with_dim(latent: LatentFields, shape: tuple[int, int, int], dim: int | None) -> LatentFields:
    """A flat code with so many dimensions; a code on a grid is returned unchanged."""
    if "dim" not in type(latent).model_fields:
        return latent
    return latent.model_copy(update={"dim": dim or _default_dim(shape)})


def _grid(grids: list[tuple[int, int]], shape: tuple[int, int, int], dim: int | None) -> tuple[tuple[int, int], int]:
    """A grid and its channels: the smallest grid, unless that has too many channels.

    Raises:
        RecipeError: If no grid has that number of dimensions.
    """
    smallest = grids[-1]
    if dim is None:
        positions = math.prod(smallest)
        return smallest, max(1, min(round(_default_dim(shape) / positions), math.prod(shape) // positions))
    fitting = [(grid, dim // math.prod(grid)) for grid in reversed(grids) if dim % math.prod(grid) == 0]
    if not fitting:
        positions = math.prod(smallest)
        near = max(1, round(dim / positions)) * positions
        raise RecipeError(
            f"latent.dim={dim} does not fit a grid of {smallest[0]} x {smallest[1]} positions, which all have as many "
            f"dimensions: use a multiple of {positions}, such as {near}"
        )
    return next((choice for choice in fitting if choice[1] <= MOST_CHANNELS), fitting[0])


def _schedule(training: Training, count: int) -> Training:
    """So many steps as make 20 passes, within limits; 20 epochs in any case."""
    steps = PASSES * max(1, round(count / training.batch_size))
    least, most = STEPS
    limited = min(max(steps, least), most)
    epoch_steps = None if limited == steps else limited // PASSES
    return training.model_copy(update={"epochs": PASSES, "steps_per_epoch": epoch_steps})


SIZED: Mapping[str, Callable[[Recipe, tuple[int, int, int], int | None, int | None], Recipe]] = MappingProxyType(
    {"conv-vae-colour": _convolutions, "photo-ae": _photographs, "photo-vae": _photographs}
)
"""How a named recipe is fitted to images, for those that depend on them."""
