import pytest

from isthmus.errors import RecipeError
from isthmus.recipes import PURPOSES, RECIPES, default_recipe, named_recipe, sized

TUTORIALS = ("dense-ae", "conv-ae", "upsample-ae", "dense-vae", "conv-vae")


def test_names_are_the_recipes_own():
    assert all(name == recipe.name and recipe.summary for name, recipe in RECIPES.items())
    assert set(TUTORIALS) | {"conv-vae-fast", "conv-vae-best"} <= set(RECIPES)


def test_nobody_can_change_them():
    with pytest.raises(TypeError):
        RECIPES["mine"] = RECIPES["conv-vae"]


def test_an_unknown_name_lists_those_that_there_are():
    with pytest.raises(RecipeError, match=r"there is no recipe 'transformer'; there are dense-ae, .*conv-vae-best"):
        named_recipe("transformer")


def test_the_convolutional_tutorial():
    recipe = named_recipe("conv-vae")
    assert recipe.pixels.binarise == "threshold"
    assert recipe.pixels.threshold == 0.5
    assert (recipe.latent.kind, recipe.latent.dim) == ("gaussian", 2)
    assert recipe.objective.estimator == "monte-carlo"
    training = recipe.training
    assert (training.epochs, training.batch_size, training.learning_rate) == (10, 32, 1e-4)
    assert (training.optimiser, training.schedule, training.warmup_fraction) == ("adam", "constant", 0.0)


def test_the_dense_tutorial():
    recipe = named_recipe("dense-vae")
    assert recipe.network.units == (256,)
    assert recipe.pixels.binarise == "none"
    assert (recipe.latent.dim, recipe.latent.epsilon_std) == (2, 1.0)
    assert recipe.objective.estimator == "closed-form"
    assert (recipe.training.epochs, recipe.training.batch_size, recipe.training.learning_rate) == (5, 100, 1e-3)


def test_the_plain_autoencoders():
    assert (named_recipe("conv-ae").latent.kind, named_recipe("conv-ae").latent.dim) == ("point", 16)
    upsample = named_recipe("upsample-ae")
    assert (upsample.latent.dim, upsample.latent.activation) == (10, "relu")
    assert upsample.network.strides == (2, 1, 2, 1)
    assert upsample.training.patience == 10
    for name in ("dense-ae", "conv-ae", "upsample-ae"):
        assert named_recipe(name).likelihood.kind == "gaussian"


@pytest.mark.parametrize("name", ["conv-vae-fast", "conv-vae-best"])
def test_our_own_schedules_change_no_network(name):
    ours, text = named_recipe(name), named_recipe("conv-vae")
    assert (ours.network, ours.latent, ours.likelihood, ours.pixels) == (
        text.network,
        text.latent,
        text.likelihood,
        text.pixels,
    )


@pytest.mark.parametrize("name", ["lossless-grey", "lossless-colour"])
def test_what_is_to_be_stored_without_loss_is_trained_in_bits_of_pixels(name):
    recipe = named_recipe(name)
    assert recipe.is_likelihood
    assert recipe.pixels.binarise == "none"
    assert recipe.likelihood.components > 1
    assert sized(recipe, (64, 64, 3), 1000) == recipe


def test_the_default_depends_on_colour():
    assert default_recipe(1).name == "conv-vae-fast"
    assert default_recipe(3).likelihood.kind == "gaussian"


def test_large_grey_image_files_are_no_digits():
    assert default_recipe(1, side=32).name == "conv-vae-fast"
    assert default_recipe(1, side=33).name == default_recipe(3, side=8).name == "photo-ae"


def test_a_purpose_chooses_among_the_recipes_of_photographs():
    assert {purpose: default_recipe(3, purpose=purpose).name for purpose in PURPOSES} == dict(PURPOSES)
    with pytest.raises(RecipeError, match="reconstruct, sample, search"):
        default_recipe(3, purpose="speed")


def test_what_is_made_to_search_has_a_flat_code_of_the_same_network():
    search, photos = (sized(default_recipe(3, purpose=purpose), (64, 64, 3), 1000) for purpose in ("search", None))
    assert (search.latent.kind, search.latent.dim, search.latent.has_grid) == ("point", 128, False)
    assert (search.network, search.likelihood) == (photos.network, photos.likelihood)
    assert sized(default_recipe(3, purpose="search"), (64, 64, 3), given={"latent.dim": 100}).latent.dim == 100
