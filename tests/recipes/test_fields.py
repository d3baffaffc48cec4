import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from isthmus.errors import RecipeError
from isthmus.recipes import (
    ELBO,
    RECIPES,
    Augmentation,
    BernoulliLikelihood,
    CategoricalLikelihood,
    CodeDensity,
    DenseNetwork,
    GaussianLikelihood,
    Pixels,
    PointLatent,
    Recipe,
    Training,
    UpsampleNetwork,
    leaf_fields,
    with_fields,
)
from isthmus.recipes.fields import field_summaries
from isthmus.recipes.overrides import KINDS


@given(st.data())
def test_json_gives_the_same_recipe_back(any_recipe, data):
    recipe = data.draw(any_recipe)
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


@given(st.data())
def test_equal_recipes_have_equal_json(any_recipe, data):
    recipe = data.draw(any_recipe)
    again = Recipe.model_validate(recipe.model_dump())
    assert again.model_dump_json() == recipe.model_dump_json()
    assert hash(again) == hash(recipe)


def test_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Recipe().name = "other"
    with pytest.raises(ValidationError, match="frozen"):
        Recipe().training.epochs = 3


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_are_finite(value):
    with pytest.raises(ValidationError, match="finite"):
        ELBO(beta=value)


@pytest.mark.parametrize(
    ("build", "fault"),
    [
        (lambda: Pixels(threshold=0.3), "threshold is read only where pixels.binarise is 'threshold'"),
        (lambda: Training(momentum=0.9), "momentum is read only where training.optimiser is 'sgd'"),
        (lambda: Training(optimiser="sgd", adam_betas=(0.5, 0.9)), "set training.adam_betas=0.9,0.999"),
        (lambda: Training(patience=3, validation_fraction=0.0), "patience needs a validation loss"),
        (lambda: CodeDensity(components=3), "components is read only where codes.kind is 'mixture'"),
        (lambda: UpsampleNetwork(strides=(2, 1)), "strides has 2 entries for the 4 of filters"),
        (lambda: UpsampleNetwork(decoder_filters=(8,)), "decoder_filters needs 3 entries.*; 1 given"),
        (lambda: Recipe(latent=PointLatent(), objective=ELBO(beta=2.0)), "objective.beta weighs or estimates"),
        (
            lambda: Recipe(objective=ELBO(beta_warmup_epochs=5.5), training=Training(epochs=5)),
            "beta_warmup_epochs=5.5 is longer than the training of 5 epochs",
        ),
        (
            lambda: Recipe(pixels=Pixels(binarise="stochastic"), likelihood=GaussianLikelihood()),
            "only the bernoulli likelihood describes, and likelihood.kind is 'gaussian'",
        ),
    ],
)
def test_refuses_what_nothing_would_read_or_what_cannot_be(build, fault):
    with pytest.raises(ValidationError, match=fault):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: PointLatent(dim=0),
        lambda: DenseNetwork(units=(8, 0)),
        lambda: GaussianLikelihood(sigma=0.0),
        lambda: Training(learning_rate=0.0),
        lambda: Training(epochs=0),
        lambda: Training(validation_fraction=1.0),
        lambda: Training(seed=-1),
        lambda: Training(seed=2**31),
        lambda: Pixels(binarise="threshold", threshold=1.0),
        lambda: ELBO(beta=-1.0),
        lambda: CodeDensity(kind="mixture", components=0),
        lambda: Recipe(name="no spaces"),
        lambda: Recipe(name="../up"),
        lambda: Recipe(colour="red"),
    ],
)
def test_refuses_values_out_of_range(build):
    with pytest.raises(ValidationError):
        build()


def test_a_warm_up_as_long_as_the_training_is_allowed():
    Recipe(objective=ELBO(beta_warmup_epochs=5.0), training=Training(epochs=5))


def test_classes_have_no_structural_similarity():
    masks = RECIPES["unet-masks"].model_copy(update={"likelihood": CategoricalLikelihood(classes=3)})
    with pytest.raises(RecipeError, match=r"objective.ms_ssim compares brightness, and likelihood.kind='categorical'"):
        with_fields(masks, {"objective.ms_ssim": 1.0})


@pytest.mark.parametrize(
    ("binarise", "likelihood", "expected"),
    [
        ("none", "bernoulli", False),
        ("threshold", "bernoulli", True),
        ("stochastic", "bernoulli", True),
        ("none", "gaussian", False),
        ("none", "laplace", False),
    ],
)
def test_is_likelihood_only_for_black_and_white(binarise, likelihood, expected):
    recipe = Recipe(pixels=Pixels(binarise=binarise), likelihood=KINDS["likelihood"][likelihood]())
    assert recipe.is_likelihood is expected


PARTS = (Pixels, Augmentation, Training, CodeDensity)


def test_every_field_says_what_it_is():
    for part in [*(kind for kinds in KINDS.values() for kind in kinds.values()), *PARTS]:
        assert part.__doc__
        for name, field in part.model_fields.items():
            assert name == "kind" or field.description, f"{part.__name__}.{name}"


def test_leaves_of_a_dump_are_its_fields():
    leaves = dict(leaf_fields(RECIPES["conv-vae"].model_dump(mode="json")))
    assert leaves["network.filters"] == [32, 64]
    assert leaves["objective.estimator"] == "monte-carlo"
    assert leaves["name"] == "conv-vae"
    assert not any(isinstance(value, dict) for value in leaves.values())


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_every_leaf_is_described(recipe):
    summaries = field_summaries(recipe)
    assert set(summaries) == {name for name, _ in leaf_fields(recipe.model_dump(mode="json"))}
    assert all(summaries.values())


def test_a_kind_is_described_by_its_part():
    assert field_summaries(RECIPES["dense-vae"])["network.kind"].startswith("Fully connected layers")


@pytest.mark.parametrize(
    ("images", "batch_size", "steps"), [(100, 10, 10), (104, 10, 10), (106, 10, 11), (3, 10, 1), (60_000, 32, 1875)]
)
def test_an_epoch_is_about_one_pass(images, batch_size, steps):
    assert Training(batch_size=batch_size).epoch_steps(images) == steps
    assert Training(batch_size=batch_size, steps_per_epoch=3).epoch_steps(images) == 3


def test_what_gives_a_code_a_posterior_keeps_its_shape():
    for latent in KINDS["latent"].values():
        variational = KINDS["latent"][latent.variational]
        assert variational.has_posterior
        assert variational.has_grid == latent.has_grid


def test_networks_name_the_field_of_their_widths():
    for kind, network in KINDS["network"].items():
        assert network.widths in network.model_fields or kind == "custom"


@pytest.mark.parametrize(("scale", "sigma"), [("fixed", 0.3), ("shared", None), ("per-pixel", None)])
def test_the_scale_that_a_recipe_fixes(scale, sigma):
    assert GaussianLikelihood(scale=scale, sigma=0.3).fixed_sigma == sigma
    assert BernoulliLikelihood().fixed_sigma is None
