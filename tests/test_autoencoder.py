import math

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from isthmus.autoencoder import SharedLogScale, as_pixels
from isthmus.data import ImageSpec
from isthmus.errors import RecipeError
from isthmus.recipes import (
    DenseNetwork,
    GaussianLatent,
    Pixels,
    Recipe,
    named_recipe,
    with_fields,
)
from isthmus.training.fit import build_model
from isthmus.training.weights import set_weights, weights_of

SPEC = ImageSpec(5, 4, 2)
IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 4, 2)).astype(np.uint8)
BATCH = {"input": IMAGES, "target": IMAGES}
BASE = Recipe(network=DenseNetwork(units=(7,), activation="tanh"), latent=GaussianLatent(dim=3))


def model_of(steps_per_epoch=1, spec=SPEC, base=BASE, **changes):
    return build_model(
        with_fields(base, {name.replace("__", "."): value for name, value in changes.items()}), spec, steps_per_epoch
    )


def array(tensor):
    return ops.convert_to_numpy(tensor)


def loss_of(model, training=True):
    """The loss as Keras's `fit` computes it, and everything that it was computed from."""
    given = model(BATCH, training=training)
    loss = model.compute_loss(x=BATCH, y=None, y_pred=given, training=training)
    return float(array(loss)), {
        "z": array(given["z"])[0],
        "posterior": {name: array(value) for name, value in given["posterior"].items()},
        "outputs": {name: array(value) for name, value in given["outputs"].items()},
    }


def divergence(posterior):
    """KL from a standard normal by its textbook form, summed over the code."""
    variance = np.exp(posterior["log_variance"])
    return 0.5 * (variance + posterior["mean"] ** 2 - 1 - np.log(variance)).sum(axis=-1)


class TestPixels:
    @pytest.mark.parametrize("dtype", ["uint8", "float32"])
    def test_are_from_0_to_1(self, dtype):
        images = IMAGES if dtype == "uint8" else (IMAGES / 255).astype(np.float32)
        np.testing.assert_allclose(array(as_pixels(images, Pixels(dtype=dtype))), IMAGES / 255, rtol=1e-6)

    def test_above_the_threshold_is_white(self):
        levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
        white = array(as_pixels(levels, Pixels(binarise="threshold", threshold=0.5)))
        np.testing.assert_array_equal(white.ravel(), np.arange(256) >= 128)
        white = array(as_pixels(levels, Pixels(binarise="threshold", threshold=0.2)))
        np.testing.assert_array_equal(white.ravel(), np.arange(256) > 51)

    def test_the_encoder_sees_only_black_and_white(self):
        model = model_of(pixels__binarise="threshold")
        other = np.where(IMAGES > 127, 255, 0).astype(np.uint8)
        np.testing.assert_array_equal(array(model.encoder(IMAGES)["mean"]), array(model.encoder(other)["mean"]))


class TestLoss:
    """Against SciPy's densities."""

    @pytest.mark.parametrize("beta", [0.0, 1.0, 2.5])
    @pytest.mark.parametrize("training", [True, False])
    def test_bernoulli_in_closed_form(self, beta, training):
        loss, given = loss_of(model_of(pixels__binarise="threshold", objective__beta=beta), training)
        law = stats.bernoulli(special.expit(given["outputs"]["logits"].astype(float)))
        distortion = -law.logpmf(IMAGES > 127).sum(axis=(1, 2, 3))
        expected = (distortion + beta * divergence(given["posterior"])).mean() / SPEC.dims
        assert loss == pytest.approx(expected, rel=1e-5)

    def test_gaussian_by_monte_carlo(self):
        model = model_of(likelihood="gaussian", likelihood__sigma=0.3, objective__estimator="monte-carlo")
        loss, given = loss_of(model)
        distortion = -stats.norm(given["outputs"]["mean"], 0.3).logpdf(IMAGES / 255).sum(axis=(1, 2, 3))
        q = stats.norm(given["posterior"]["mean"], np.exp(given["posterior"]["log_variance"] / 2))
        rate = (q.logpdf(given["z"]) - stats.norm.logpdf(given["z"])).sum(axis=-1)
        assert loss == pytest.approx((distortion + rate).mean() / SPEC.dims, rel=1e-4)

    @pytest.mark.parametrize("scale", ["shared", "per-pixel"])
    def test_laplace_with_its_own_scale_on_a_point(self, scale):
        loss, given = loss_of(model_of(likelihood="laplace", likelihood__scale=scale, latent="point"))
        law = stats.laplace(given["outputs"]["mean"], np.exp(given["outputs"]["log_scale"]))
        assert loss == pytest.approx(-law.logpdf(IMAGES / 255).sum(axis=(1, 2, 3)).mean() / SPEC.dims, rel=1e-5)
        np.testing.assert_array_equal(given["z"], given["posterior"]["mean"])

    def test_metrics_are_nats_per_image(self):
        model = model_of(likelihood="gaussian")
        logs = model.test_on_batch(BATCH, return_dict=True)
        _, given = loss_of(model, training=False)
        assert logs["loss"] == pytest.approx(logs["distortion"] + logs["rate"], rel=1e-5)
        assert logs["rate"] == pytest.approx(divergence(given["posterior"]).mean(), rel=1e-4)
        assert logs["mse"] == pytest.approx(np.square(given["outputs"]["mean"] - IMAGES / 255).mean(), rel=1e-4)

    def test_a_penalty_is_reported_and_in_the_loss(self):
        logs = model_of(likelihood="laplace", objective__ms_ssim=3.0).test_on_batch(BATCH, return_dict=True)
        assert 0.0 < logs["dissimilarity"] < 3.0 * SPEC.dims * 2
        assert logs["loss"] == pytest.approx(logs["distortion"] + logs["rate"] + logs["dissimilarity"], rel=1e-5)

    def test_a_point_reports_no_rate(self):
        assert set(model_of(latent="point").test_on_batch(BATCH, return_dict=True)) == {"loss", "distortion", "mse"}

    def test_validation_counts_the_rate_in_full_and_training_warms_up(self):
        model = model_of(steps_per_epoch=10, objective__beta=3.0, objective__beta_warmup_epochs=1.0)
        for step in (0, 1, 5, 10, 11):
            model.step.assign(step)
            loss, given = loss_of(model, training=False)
            rate, distortion = (
                divergence(given["posterior"]).mean(),
                float(
                    array(model.likelihood.distortion(ops, array(as_pixels(IMAGES, Pixels())), given["outputs"])).mean()
                ),
            )
            assert loss * SPEC.dims == pytest.approx(distortion + 3.0 * rate, rel=1e-4)
            loss, given = loss_of(model, training=True)
            rate, distortion = (
                divergence(given["posterior"]).mean(),
                float(
                    array(model.likelihood.distortion(ops, array(as_pixels(IMAGES, Pixels())), given["outputs"])).mean()
                ),
            )
            assert loss * SPEC.dims == pytest.approx(distortion + 3.0 * min(step / 10, 1.0) * rate, rel=1e-4)

    def test_only_training_counts_steps(self):
        model = model_of()
        loss_of(model, training=False)
        assert float(array(model.step)) == 0.0
        loss_of(model, training=True)
        loss_of(model, training=True)
        assert float(array(model.step)) == 2.0


class TestNoise:
    def noise(self, model, training=True):
        _, given = loss_of(model, training)
        posterior = given["posterior"]
        return (given["z"] - posterior["mean"]) / np.exp(0.5 * posterior["log_variance"])

    def test_is_standard_normal_and_new_each_step(self):
        model = model_of(spec=ImageSpec(5, 4, 2), latent__dim=39)
        first, second = self.noise(model), self.noise(model)
        assert (first != second).all()
        assert stats.kstest(np.concatenate([first, second]).ravel(), stats.norm.cdf).pvalue > 1e-3

    def test_epsilon_std_scales_that_of_training(self):
        whole, quarter = model_of(), model_of(latent__epsilon_std=0.25)
        np.testing.assert_allclose(self.noise(quarter), 0.25 * self.noise(whole), rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(self.noise(quarter, False), self.noise(whole, False), rtol=1e-3, atol=1e-5)

    def test_of_validation_stays(self):
        model = model_of()
        np.testing.assert_array_equal(self.noise(model, training=False), self.noise(model, training=False))

    def test_follows_the_seed(self):
        first, again, other = model_of(), model_of(), model_of(training__seed=1)
        np.testing.assert_array_equal(self.noise(first), self.noise(again))
        assert (self.noise(first) != self.noise(other)).all()


@pytest.mark.backend("tensorflow")
class TestGradients:
    def gradients(self, model):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = model.compute_loss(x=BATCH, y=None, y_pred=model(BATCH, training=True), training=True)
        found = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
        return {
            variable.path: np.array(value) for variable, value in zip(model.trainable_variables, found, strict=True)
        }

    def test_the_rate_reaches_the_encoder_scaled_by_beta(self):
        """dKL/dμ = μ and dKL/d log σ² = ½ (σ² - 1), summed by the heads' biases."""
        none, one, four = (self.gradients(model_of(objective__beta=beta)) for beta in (0.0, 1.0, 4.0))
        posterior = loss_of(model_of())[1]["posterior"]
        expected = {
            "mean/bias": posterior["mean"].mean(axis=0) / SPEC.dims,
            "log_variance/bias": (0.5 * (np.exp(posterior["log_variance"]) - 1)).mean(axis=0) / SPEC.dims,
        }
        for name, gradient in expected.items():
            np.testing.assert_allclose(one[name] - none[name], gradient, rtol=1e-3, atol=1e-7)
        for name in one:
            np.testing.assert_allclose(four[name] - none[name], 4 * (one[name] - none[name]), rtol=1e-2, atol=2e-7)
            in_encoder = name.startswith(("encoder", "mean", "log_variance"))
            assert np.abs(one[name] - none[name]).max() > 1e-7 if in_encoder else (one[name] == none[name]).all()

    def test_the_dissimilarity_reaches_every_weight_scaled_by_its_weight(self):
        none, one, four = (self.gradients(model_of(latent="point", objective__ms_ssim=w)) for w in (0.0, 1.0, 4.0))
        for name in one:
            assert np.abs(one[name] - none[name]).max() > 1e-7, name
            np.testing.assert_allclose(four[name] - none[name], 4 * (one[name] - none[name]), rtol=1e-2, atol=1e-6)

    def test_every_weight_gets_one(self):
        for likelihood in ("bernoulli", "gaussian", "laplace"):
            for name, gradient in self.gradients(model_of(likelihood=likelihood)).items():
                assert np.abs(gradient).max() > 0, (likelihood, name)

    @pytest.mark.parametrize("likelihood", ["gaussian", "laplace"])
    def test_the_learned_scale_gets_that_of_the_density(self, likelihood):
        model = model_of(likelihood=likelihood, likelihood__scale="shared", likelihood__sigma=0.2, latent="point")
        name = next(variable.path for variable in model.trainable_variables if "log_scale" in variable.path)
        given = loss_of(model)[1]["outputs"]
        error = np.abs(IMAGES / 255 - given["mean"])
        scale = math.exp(float(given["log_scale"].ravel()[0]))
        # d/d log s of log s + |e|/s, and of log s + ½ (e/s)²; the floor's softplus passes on its sigmoid.
        slope = 1 - (np.square(error / scale) if likelihood == "gaussian" else error / scale)
        passed = special.expit(math.log(0.2) - math.log(0.5 / 255))
        assert self.gradients(model)[name] == pytest.approx(slope.mean() * passed, rel=1e-3)


class TestScale:
    def test_is_one_number_for_all(self):
        layer = SharedLogScale(-1.5)
        given = array(layer(np.zeros((3, 4, 5, 2))))
        assert given.shape == (3, 1, 1, 1)
        assert (given == -1.5).all()
        assert layer.get_config()["initial"] == -1.5


class TestShapes:
    @pytest.mark.parametrize("shape", [(28, 28, 1), (37, 53, 3), (5, 1, 2)])
    @pytest.mark.parametrize("network", ["dense", "conv", "upsample"])
    def test_any_image(self, shape, network):
        spec = ImageSpec(*shape)
        small = {
            "dense": {"network__units": [4]},
            "conv": {"network__filters": [2, 2]},
            "upsample": {"network__filters": [2] * 4},
        }
        model = model_of(
            spec=spec,
            base=Recipe(),
            network=network,
            likelihood="gaussian",
            likelihood__scale="per-pixel",
            **small[network],
        )
        images = np.zeros((3, *shape), np.uint8)
        given = model({"input": images, "target": images})
        assert tuple(given["z"].shape) == (1, 3, 2)
        assert tuple(given["outputs"]["mean"].shape) == tuple(given["outputs"]["log_scale"].shape) == (3, *shape)

    @pytest.mark.parametrize(
        ("name", "encoder", "decoder"),
        [
            ("conv-vae", 320 + 18_496 + 2304 * 4 + 4, 4_704 + 18_496 + 18_464 + 289),
            ("dense-vae", 784 * 256 + 256 + 2 * (256 * 2 + 2), 3 * 256 + 257 * 784),
            ("upsample-ae", 80 + 3 * 584 + 393 * 10, 11 * 3136 + 36_928 + 18_464 + 9_248 + 289),
            ("conv-ae", 320 + 18_496 + 3137 * 16, 17 * 3136 + 36_928 + 18_464 + 289),
        ],
    )
    def test_the_tutorials_have_their_sizes(self, name, encoder, decoder):
        model = build_model(named_recipe(name), ImageSpec(28, 28, 1))
        assert (model.encoder.count_params(), model.decoder.count_params()) == (encoder, decoder)

    def test_a_code_is_no_longer_than_its_image(self):
        model_of(latent__dim=SPEC.dims)
        with pytest.raises(
            RecipeError, match="41 dimensions, more than the 40 numbers in an image of 4x5x2: set a smaller"
        ):
            model_of(latent__dim=41)

    def test_a_relu_code_is_never_negative(self):
        codes = array(model_of(latent="point", latent__activation="relu").encoder(IMAGES)["mean"])
        assert codes.min() == 0.0
        assert codes.max() > 0.0


class TestSeeds:
    def test_one_seed_gives_one_model(self):
        first, again, other = (weights_of(model_of(training__seed=seed)) for seed in (3, 3, 4))
        assert all((first[name] == again[name]).all() for name in first)
        assert any((first[name] != other[name]).any() for name in first)

    def test_weights_fill_another_model(self):
        first, other = model_of(), model_of(training__seed=9)
        set_weights(other, weights_of(first), "here")
        np.testing.assert_array_equal(array(first.encoder(IMAGES)["mean"]), array(other.encoder(IMAGES)["mean"]))
        codes = np.ones((2, 3), np.float32)
        np.testing.assert_array_equal(array(first.decoder(codes)["logits"]), array(other.decoder(codes)["logits"]))


class TestRegularisation:
    """Losses that the layers of custom networks add, in nats per image."""

    @staticmethod
    def model(**more):
        seeded = {"kernel_initializer": keras.initializers.GlorotUniform(seed=1)}
        features = keras.layers.Dense(6, name="mine", **seeded, **more)
        encoder = keras.Sequential([keras.Input((5, 4, 2)), keras.layers.Flatten(), features])
        pixels = keras.layers.Dense(40, **seeded)
        decoder = keras.Sequential([keras.Input((3,)), pixels, keras.layers.Reshape((5, 4, 2))])
        return build_model(with_fields(BASE, {"network": "custom"}), SPEC, custom=(encoder, decoder))

    @pytest.mark.parametrize("training", [True, False])
    def test_adds_to_the_loss(self, training):
        plain, model = self.model(), self.model(kernel_regularizer=keras.regularizers.L2(0.7))
        (loss, _), (expected, _) = loss_of(model, training), loss_of(plain, training)
        penalty = 0.7 * np.square(array(model.networks[0].get_layer("mine").kernel)).sum()
        assert loss == pytest.approx(expected + penalty / SPEC.dims, rel=1e-5)
        assert float(array(model.get_metrics_result()["regularisation"])) == pytest.approx(penalty, rel=1e-5)

    def test_of_activities(self):
        model = self.model(activity_regularizer=keras.regularizers.L1(0.3))
        logs = model.test_on_batch(BATCH, return_dict=True)
        features = array(model.networks[0](IMAGES / np.float32(255)))
        assert logs["regularisation"] == pytest.approx(0.3 * np.abs(features).sum() / len(IMAGES), rel=1e-4)
        assert logs["loss"] == pytest.approx(logs["distortion"] + logs["rate"] + logs["regularisation"], rel=1e-5)

    def test_reaches_the_weights(self):
        """With nothing else to learn from, decay is all that moves the weights; without it, they stay."""
        norms = []
        for penalty in (0.0, 1000.0):
            model = self.model(kernel_regularizer=keras.regularizers.L2(penalty))
            before = np.abs(array(model.networks[0].get_layer("mine").kernel)).sum()
            for _ in range(20):
                model.train_on_batch(BATCH)
            norms.append(np.abs(array(model.networks[0].get_layer("mine").kernel)).sum() / before)
        assert norms[1] < norms[0] - 0.05

    def test_others_have_no_such_term(self):
        assert "regularisation" not in self.model().test_on_batch(BATCH, return_dict=True)


def test_own_networks_take_the_place_of_named_ones():
    encoder = keras.Sequential([keras.Input((5, 4, 2)), keras.layers.Flatten(), keras.layers.Dense(6, name="mine")])
    decoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(40), keras.layers.Reshape((5, 4, 2))])
    model = build_model(with_fields(BASE, {"network": "custom"}), SPEC, custom=(encoder, decoder))
    features = array(encoder(IMAGES / np.float32(255)))
    head = model.encoder.get_layer("mean")
    expected = features @ array(head.kernel) + array(head.bias)
    np.testing.assert_allclose(array(model.encoder(IMAGES)["mean"]), expected, rtol=1e-4, atol=1e-6)
    with pytest.raises(RecipeError, match="do not fit"):
        build_model(with_fields(BASE, {"network": "custom", "latent.dim": 2}), SPEC, custom=(encoder, decoder))


def test_flat_features_of_own_networks_are_a_grid_of_one_position():
    encoder = keras.Sequential([keras.Input((5, 4, 2)), keras.layers.Flatten(), keras.layers.Dense(6)])
    decoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(40), keras.layers.Reshape((5, 4, 2))])
    changes = {"network": "custom", "latent": "spatial-gaussian", "latent.grid": [1, 1], "latent.channels": 3}
    model = build_model(with_fields(Recipe(), changes), SPEC, custom=(encoder, decoder))
    assert tuple(model.encoder(IMAGES)["mean"].shape) == (6, 3)
