"""Parts from outside isthmus: a latent, a prior, a likelihood, a network and an objective that only this file knows."""

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import keras
import numpy as np
import pytest

import isthmus
from isthmus import recipes
from isthmus.data import ImageSpec
from isthmus.networks import build_networks
from isthmus.objectives import objective_of
from isthmus.probability import LatentGroup, Terms, latent_of, likelihood_of, prior_of
from isthmus.probability.gaussian import gaussian_nll
from isthmus.recipes import Part, Recipe, Training, recipe_from_json, with_fields
from isthmus.training.fit import build_model

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 5, 1)).astype(np.uint8)
LOG_SCALE = float(np.log(0.5))


@dataclass(frozen=True)
class Narrow:
    """A Gaussian posterior whose width is not learned."""

    dim: int
    parameter_names: ClassVar[tuple[str, ...]] = ("mean",)
    has_posterior: ClassVar[bool] = True
    codebook: ClassVar[None] = None
    activation: ClassVar[str] = "linear"
    training_noise: ClassVar[float] = 1.0

    @property
    def group(self):
        return LatentGroup("latent", "narrow", (self.dim,))

    def sample(self, xp, parameters, noise):
        return parameters["mean"] + 0.5 * noise

    def log_q(self, xp, z, parameters):
        return -xp.sum(gaussian_nll(xp, z, parameters["mean"], LOG_SCALE), axis=-1)


@dataclass(frozen=True)
class Wide:
    """A normal prior whose scales are learned."""

    depends_on_condition: ClassVar[bool] = False

    def learned_shapes(self, dim):
        return {"log_scale": (dim,)}

    def initial(self, dim, rng):
        return {"log_scale": np.full(dim, 0.3)}

    def log_p(self, xp, z, network, condition=None):
        return -xp.sum(gaussian_nll(xp, z, 0.0, network(z[:1])["log_scale"]), axis=-1)

    def kl(self, xp, latent, parameters, network, condition=None):
        return None

    def sample(self, count, dim, rng, network, condition=None):
        scale = np.exp(network(np.zeros((1, dim), np.float32))["log_scale"])
        return (scale * rng.standard_normal((count, dim))).astype(np.float32)


@dataclass(frozen=True)
class Cosh:
    """-log p = log cosh of the error, up to a constant: near squared, and far absolute."""

    parameter_names: ClassVar[tuple[str, ...]] = ("mean",)
    initial_log_scale: ClassVar[None] = None
    initial_output: ClassVar[float] = 0.0

    def output_channels(self, channels):
        return channels

    def parameters(self, xp, outputs, log_scale=None):
        return {"mean": xp.sigmoid(outputs)}

    def distortion(self, xp, images, parameters):
        error = xp.abs(images - parameters["mean"])
        return xp.sum(error + xp.softplus(-2.0 * error), axis=(1, 2, 3))

    def mean(self, xp, parameters):
        return parameters["mean"]

    def sample(self, parameters, rng):
        return np.asarray(parameters["mean"])


@dataclass(frozen=True)
class Shrinking:
    """Distortion, half of the rate, and a penalty on large codes."""

    penalty_names: ClassVar[tuple[str, ...]] = ("shrinkage",)
    draws: ClassVar[int] = 2

    def terms(self, forward):
        xp = forward.xp
        distortion = xp.mean(forward.distortion, axis=0)
        rate = xp.mean(forward.log_ratio, axis=0)
        shrinkage = 0.1 * xp.sum(xp.square(forward.posterior["mean"]), axis=-1)
        loss = distortion + 0.5 * rate + shrinkage
        return Terms(loss, distortion, {"latent": rate}, {"shrinkage": shrinkage})


@pytest.fixture(scope="module", autouse=True)
def registered():
    """Register all five; afterwards, recipes know them no more."""

    class NarrowFields(recipes.LatentFields):
        kind: Literal["narrow"] = "narrow"
        dim: int = 3

    class WideFields(recipes.PriorFields):
        kind: Literal["wide"] = "wide"

    class CoshFields(recipes.LikelihoodFields):
        kind: Literal["cosh"] = "cosh"

    class LinearFields(recipes.NetworkFields):
        has_grid: ClassVar[bool] = False
        kind: Literal["linear"] = "linear"

    class ShrinkingFields(recipes.ObjectiveFields):
        kind: Literal["shrinking"] = "shrinking"
        beta: float = 0.5

    latent_of.register(NarrowFields, lambda fields: Narrow(fields.dim))
    prior_of.register(WideFields, lambda fields, latent, classes: Wide())
    likelihood_of.register(CoshFields, lambda fields: Cosh())
    objective_of.register(ShrinkingFields, lambda fields, steps_per_epoch: Shrinking())

    @build_networks.register(LinearFields)
    def _(fields: Any, shapes):
        pixels = keras.Input(shapes.image)
        codes = keras.Input((shapes.latent_dim,))
        flat = keras.layers.Dense(int(np.prod(shapes.output)), name="decoder_out")(codes)
        return (
            keras.Model(pixels, keras.layers.Flatten(name="encoder_flat")(pixels)),
            keras.Model(codes, keras.layers.Reshape(shapes.output, name="decoder_image")(flat)),
        )

    ours = (NarrowFields, WideFields, CoshFields, LinearFields, ShrinkingFields)
    yield
    for fields in ours:
        del fields.kinds[fields.model_fields["kind"].default]
    for recipe in Part.recipes:
        recipe.model_rebuild(force=True)


OURS = {"latent": "narrow", "prior": "wide", "likelihood": "cosh", "network": "linear", "objective": "shrinking"}
BASE = Recipe(
    network=recipes.DenseNetwork(units=(6,)),
    latent=recipes.GaussianLatent(dim=3),
    likelihood=recipes.GaussianLikelihood(sigma=0.3),
    training=Training(epochs=2, batch_size=8, learning_rate=1e-2),
)
SOME = [dict(some) for count in range(6) for some in itertools.combinations(OURS.items(), count)]


def test_a_recipe_with_them_is_stored_and_read():
    recipe = with_fields(BASE, OURS)
    assert recipe_from_json(recipe.model_dump_json()) == recipe
    assert {name: getattr(recipe, name).kind for name in OURS} == OURS


def test_a_subclass_without_a_name_of_its_own_is_no_new_kind():
    class Mine(recipes.ELBO):
        """What a user may derive for other reasons."""

    assert recipes.ELBO.kinds["elbo"] is recipes.ELBO
    assert type(Recipe().objective) is recipes.ELBO


@pytest.mark.slow
@pytest.mark.parametrize("some", SOME, ids=lambda some: "-".join(some.values()) or "none")
def test_each_combination_learns(some):
    model = build_model(with_fields(BASE, some), ImageSpec(6, 5, 1))
    batch = {"input": IMAGES, "target": IMAGES}
    first = model.test_on_batch(batch, return_dict=True)
    for _ in range(4):
        model.train_on_batch(batch)
    last = model.test_on_batch(batch, return_dict=True)
    assert last["loss"] < first["loss"]
    assert ("shrinkage" in last) == ("objective" in some)
    assert ("prior" in model.modules) == ("prior" in some)


@pytest.mark.slow
@pytest.mark.parametrize(
    "some", [OURS, *({part: kind} for part, kind in OURS.items())], ids=lambda some: "-".join(some)
)
def test_they_are_trained_evaluated_reported_and_sampled(some, tmp_path):
    run = isthmus.train(IMAGES, recipe=with_fields(BASE, some), out=tmp_path / "run")
    again = isthmus.load(tmp_path / "run")
    np.testing.assert_array_equal(run.sample(4, seed=3), again.sample(4, seed=3))
    assert again.reconstruct(IMAGES).shape == IMAGES.shape
    assert isthmus.evaluate(again, IMAGES).sections
    from isthmus.workflows.report import write_report

    write_report(again)
    assert (tmp_path / "run" / "report.html").exists()
