import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.errors import RecipeError
from isthmus.networks import Shapes, build_networks
from isthmus.recipes import RECIPES, SIZED, named_recipe, sized, with_fields

SHAPES = st.tuples(st.integers(1, 300), st.integers(1, 300), st.sampled_from([1, 3, 4]))


@pytest.mark.parametrize(("side", "layers"), [(5, 2), (16, 2), (28, 3), (32, 3), (48, 4), (64, 4), (128, 5), (2000, 6)])
def test_convolutions_halve_the_longer_side_to_four_pixels(side, layers):
    recipe = sized(named_recipe("conv-vae-colour"), (side // 2, side, 3))
    assert len(recipe.network.filters) == layers
    assert recipe.network.stem_filters == recipe.network.filters[-1]
    assert sized(recipe, (side // 2, side, 3)) == recipe


@pytest.mark.parametrize(("height", "width", "dim"), [(32, 32, 128), (500, 500, 128), (16, 16, 32), (1, 5, 1)])
def test_a_code_is_never_longer_than_an_image(height, width, dim):
    recipe = sized(named_recipe("conv-vae-colour"), (height, width, 3))
    assert recipe.latent.dim == dim <= 3 * height * width


@given(st.sampled_from(sorted(SIZED)), SHAPES, st.integers(1, 10**7))
def test_every_shape_and_number_of_images_has_a_valid_recipe(name, shape, count):
    recipe = sized(RECIPES[name], shape, count)
    assert with_fields(recipe, {}) == recipe  # validated
    assert recipe.latent.dim <= math.prod(shape)
    assert sized(recipe, shape, count) == recipe


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 7, 3), (33, 20, 4), (64, 64, 3), (100, 150, 3)])
def test_a_code_on_a_grid_fits_the_network(shape):
    recipe = sized(RECIPES["photo-ae"], shape)
    shapes = Shapes(shape, (*recipe.latent.grid, recipe.latent.channels), shape[2])
    encoder, decoder = build_networks(recipe.network, shapes)
    assert encoder.output_shape[1:3] == recipe.latent.grid
    assert decoder.output_shape[1:] == shape


@pytest.mark.parametrize(
    ("dim", "grid", "channels"), [(16, (4, 4), 1), (256, (4, 4), 16), (512, (8, 8), 8), (1024, (8, 8), 16)]
)
def test_many_dimensions_get_a_larger_grid(dim, grid, channels):
    recipe = sized(RECIPES["photo-ae"], (64, 64, 3), given={"latent.dim": dim})
    assert (recipe.latent.grid, recipe.latent.channels, recipe.latent.dim) == (grid, channels, dim)


def test_dimensions_that_no_grid_has_make_a_flat_code():
    recipe = sized(RECIPES["photo-ae"], (64, 64, 3), given={"latent.dim": 100})
    assert (recipe.latent.kind, recipe.latent.dim) == ("point", 100)
    with pytest.raises(RecipeError, match="a multiple of the 16 positions"):
        with_fields(RECIPES["photo-ae"], {"latent.dim": 100})
    assert with_fields(RECIPES["photo-ae"], {"latent.dim": 32}).latent.channels == 2


@pytest.mark.parametrize(
    ("given", "grid"),
    [
        ({"network.filters": [2, 2]}, (8, 8)),
        ({"network.patch": 8}, (4, 4)),
        ({"network.patch": 8, "network.filters": (2,)}, (8, 8)),
        ({"network.filters": "none", "network.patch": -1}, (4, 4)),
    ],
)
def test_the_code_fits_a_network_that_is_given(given, grid):
    assert sized(RECIPES["photo-ae"], (64, 64, 3), given=given).latent.grid == grid


def test_every_code_on_a_grid_fits():
    asked = with_fields(RECIPES["photo-ae"], {"latent": "spatial-gaussian"})
    assert sized(asked, (100, 150, 3)).latent.grid == (2, 3)
    assert sized(asked, (64, 64, 3), given={"latent.dim": 100}).latent.kind == "gaussian"


def test_a_grid_that_is_given_stays():
    recipe = sized(RECIPES["photo-ae"], (64, 64, 3), given={"latent.grid": [8, 8]})
    assert (recipe.latent.grid, recipe.latent.channels, recipe.network.filters) == ((8, 8), 2, (48, 96))


@pytest.mark.parametrize(("count", "steps"), [(100, 4_000), (1_000, 4_000), (4_800, 6_000), (10**6, 20_000)])
def test_few_images_are_seen_more_often_than_many(count, steps):
    training = sized(RECIPES["photo-vae"], (64, 64, 3), count).training
    assert (training.epochs, training.epochs * training.steps_per_epoch) == (20, steps)


@pytest.mark.parametrize(("optimiser", "steps"), [("muon", 2_000), ("adam", 4_000)])
def test_muon_takes_fewer_steps(optimiser, steps):
    training = sized(RECIPES["photo-ae"], (64, 64, 3), 100, {"training.optimiser": optimiser}).training
    assert training.epochs * training.steps_per_epoch == steps


def test_another_network_or_latent_that_was_asked_for_stays():
    for name in ("photo-ae", "conv-vae-colour"):
        for changes in ({"network": "dense", "latent": "point"}, {"latent": "point"}):
            changed = with_fields(RECIPES[name], changes)
            fitted = sized(changed, (64, 64, 3), 1000)
            assert (fitted.network.kind, fitted.latent.kind) == (changed.network.kind, changed.latent.kind)


def test_no_other_recipe_depends_on_the_images():
    for name in set(RECIPES) - set(SIZED):
        assert sized(RECIPES[name], (64, 64, 3), 1000) == RECIPES[name]
