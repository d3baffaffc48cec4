"""Parts of a recipe go together: every pair of kinds that may meet is built, trained for some steps and exported."""

import itertools

import numpy as np
import pytest
from keras import ops

from isthmus.data import ImageSpec, make_batch
from isthmus.data.classes import one_hot
from isthmus.errors import RecipeError
from isthmus.graphs.export import export_graphs
from isthmus.probability import latent_variable
from isthmus.recipes import Recipe, Training, with_fields
from isthmus.runs.sessions import Session
from isthmus.training.fit import build_model
from isthmus.training.weights import set_weights, weights_of

SPEC = ImageSpec(8, 8, 1)
IMAGES = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 1)).astype(np.uint8)
BASE = Recipe(training=Training(learning_rate=3e-3))
PARTS = {
    "task": {"reconstruct": {}, "denoise": {}},
    "network": {
        "dense": {"network.units": [8]},
        "conv": {"network.filters": [4, 4], "network.stem_filters": 4},
        "upsample": {"network.filters": [4, 4, 4, 4], "network.decoder_filters": [4, 4, 4]},
        "residual": {"network.filters": [4, 4], "network.patch": 2},
        "unet": {"network.filters": [3, 4, 4], "network.convolutions": 1},
    },
    "latent": {
        "point": {"latent.dim": 3},
        "gaussian": {"latent.dim": 3},
        "spatial-point": {"latent.grid": [2, 2]},
        "spatial-gaussian": {"latent.grid": [2, 2]},
        "fsq": {"latent.grid": [2, 2], "latent.levels": [4, 3]},
    },
    "prior": {
        "standard-normal": {},
        "mixture": {"prior.components": 3},
        "class-gaussian": {},
        "uniform": {},
        "masked-conv": {"prior.filters": 4, "prior.blocks": 1, "prior.kernel": 3},
    },
    "likelihood": {
        "bernoulli": {},
        "gaussian": {"likelihood.scale": "shared"},
        "laplace": {"likelihood.scale": "per-pixel"},
        "logistic": {"likelihood.components": 2},
    },
    "objective": {"elbo": {"objective.beta": 2.0, "objective.ms_ssim": 0.5}, "iwae": {"objective.draws": 3}},
    "condition": {"none": {}, "labels": {"condition.classes": 3}},
}
"""The kinds of each part, and what has to be set with them; a beta of 2 is for latents with a rate that it weighs."""


def recipe_of(kinds):
    """The recipe of a kind for each part.

    Raises:
        RecipeError: If they do not go together.
    """
    set_with = [PARTS[part][kind] for part, kind in kinds.items()]
    changes = {name: value for one in set_with for name, value in one.items()}
    if kinds["latent"] == "fsq" or kinds["latent"].endswith("point"):
        changes.pop("objective.beta", None)
    return with_fields(BASE, {**kinds, **changes})


def every_combination():
    return (dict(zip(PARTS, values, strict=True)) for values in itertools.product(*PARTS.values()))


def pairs_of(kinds):
    return set(itertools.combinations(kinds.items(), 2))


def combinations():
    """A short list of recipes in which every pair of kinds that can meet does, and the pairs that cannot."""
    allowed = []
    for kinds in every_combination():
        try:
            recipe_of(kinds)
        except RecipeError:
            continue
        allowed.append(kinds)
    left = set().union(*map(pairs_of, allowed))
    every = {
        pair
        for values in itertools.product(*PARTS.values())
        for pair in pairs_of(dict(zip(PARTS, values, strict=True)))
    }
    never, chosen = every - left, []
    while left:
        best = max(allowed, key=lambda kinds: len(pairs_of(kinds) & left))
        chosen.append(best)
        left -= pairs_of(best)
    return chosen, never


CHOSEN, NEVER = combinations()


def array(tensor):
    return ops.convert_to_numpy(tensor)


def test_what_never_meets():
    """Each with a reason: see `faults` of the parts."""
    assert {(one[1], other[1]) for one, other in NEVER} == {
        ("reconstruct", "unet"),
        ("dense", "spatial-point"),
        ("dense", "spatial-gaussian"),
        ("point", "mixture"),
        ("spatial-point", "mixture"),
        ("point", "class-gaussian"),
        ("spatial-point", "class-gaussian"),
        ("class-gaussian", "none"),
        ("denoise", "class-gaussian"),
        ("unet", "class-gaussian"),
        ("denoise", "labels"),
        ("unet", "labels"),
        ("point", "iwae"),
        ("spatial-point", "iwae"),
        ("dense", "fsq"),
        ("fsq", "standard-normal"),
        ("fsq", "mixture"),
        ("fsq", "class-gaussian"),
        ("fsq", "iwae"),
        ("fsq", "labels"),
        *(
            (latent, prior)
            for latent in ("point", "gaussian", "spatial-point", "spatial-gaussian")
            for prior in ("uniform", "masked-conv")
        ),
        *(("dense", prior) for prior in ("uniform", "masked-conv")),
        *((prior, other) for prior in ("uniform", "masked-conv") for other in ("iwae", "labels")),
    }


@pytest.mark.slow
@pytest.mark.parametrize("kinds", CHOSEN, ids=lambda kinds: "-".join(kinds.values()))
def test_parts_go_together(kinds, tmp_path):
    recipe = recipe_of(kinds)
    model = build_model(recipe, SPEC)
    made = make_batch(IMAGES, recipe.task, 0)
    batch = {"input": made.input, "target": made.target}
    if model.is_conditional:
        batch["condition"] = one_hot(np.arange(len(IMAGES)) % 3, 3)

    before = model.test_on_batch(batch, return_dict=True)["loss"]
    at_first = weights_of(model)
    for _ in range(4):
        model.train_on_batch(batch)
    assert model.test_on_batch(batch, return_dict=True)["loss"] < before
    trained = weights_of(model)
    assert all((trained[name] != value).any() for name, value in at_first.items()), "a weight has no gradient"

    other = build_model(with_fields(recipe, {"training.seed": 1}), SPEC)
    set_weights(other, trained, "here")
    for name, value in model.encode(batch).items():
        np.testing.assert_array_equal(array(value), array(other.encode(batch)[name]))

    # The export compares the encoder, the decoder and the prior with the model.
    graphs = export_graphs(model, tmp_path, made.input, condition=batch.get("condition"))
    assert set(graphs) == set(model.modules)
    if model.latent.has_rate:
        network, condition = None, batch["condition"][:5] if model.is_conditional else None
        if "prior" in graphs:
            session = Session((tmp_path / "prior.onnx").read_bytes(), graphs["prior"], "prior.onnx")
            network = lambda codes: session({"latent": codes})  # noqa: E731
        sampled = latent_variable(recipe, network).sample_prior(5, np.random.default_rng(0), condition)
        ours = model.latent if model.prior is None else latent_variable(recipe, lambda z: _numpy(model.prior(z)))
        np.testing.assert_array_equal(sampled, ours.sample_prior(5, np.random.default_rng(0), condition))


@pytest.mark.slow
@pytest.mark.parametrize("kinds", CHOSEN, ids=lambda kinds: "-".join(kinds.values()))
def test_a_step_goes_down_and_every_coefficient_turns_it(kinds):
    """With the same noise, weights after plain gradient descent differ just where gradients do."""
    recipe = with_fields(recipe_of(kinds), {"training.optimiser": "sgd", "training.learning_rate": 0.01})
    (before, after), _ = descend(recipe)
    assert after < before
    for name, value in coefficients(recipe):
        # Structural similarity is flat where a first prediction contradicts its target; not every start does.
        starts = (with_fields(recipe, {"training.seed": seed}) for seed in range(4))
        assert any(turns(start, name, value) for start in starts), f"{name} is not in the gradient"


def turns(recipe, name, value):
    """Whether a step with a larger coefficient leads elsewhere."""
    _, weights = descend(recipe)
    _, turned = descend(with_fields(recipe, {name: value + 1}))
    return any((turned[key] != array).any() for key, array in weights.items())


def coefficients(recipe):
    """The numbers of the objective, by name; point and discrete latents have no rate that they could weigh."""
    if not recipe.latent.has_posterior or recipe.latent.is_discrete:
        return []
    values = recipe.objective.model_dump()
    return [(f"objective.{name}", value) for name, value in values.items() if isinstance(value, int | float)]


def descend(recipe):
    """The losses before and after a first step of training, both with its noise, and the weights after another."""
    model = build_model(recipe, SPEC)
    model.run_eagerly = True  # compiling takes longer than two steps
    made, noise, losses = make_batch(IMAGES, recipe.task, 0), array(model.noise.state), []
    fields = {"input": made.input, "target": made.target}
    if model.is_conditional:
        fields["condition"] = one_hot(np.arange(len(IMAGES)) % 3, 3)
    for _ in range(2):
        model.noise.state.assign(noise)
        model.step.assign(0.0)
        model.reset_metrics()
        losses.append(model.train_on_batch(fields, return_dict=True)["loss"])
    return losses, weights_of(model)


def _numpy(parameters):
    return {name: array(value) for name, value in parameters.items()}
