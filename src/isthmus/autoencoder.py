"""The one model: networks, latent, prior, likelihood and objective, joined as a `keras.Model`."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from isthmus.data import ImageSpec, task_of
from isthmus.errors import RecipeError
from isthmus.networks import (
    Shapes,
    build_networks,
    build_prior,
    check_custom_networks,
    code_on_grid,
    layer_precision,
    learned_arrays,
    require_grid,
    with_class,
)
from isthmus.objectives import objective_of
from isthmus.probability import CONDITION, Forward, latent_variable, likelihood_of
from isthmus.recipes import Pixels, Recipe

VALIDATION_NOISE_SEED = 20140501
"""The seed of the noise of every validation batch: two epochs are compared on the same draws."""


@keras.saving.register_keras_serializable("isthmus")
class SharedLogScale(keras.layers.Layer):
    """One learned logarithm of a scale, given for each example as `(batch, 1, 1, 1)`."""

    def __init__(self, initial: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.initial = initial

    def build(self, input_shape: Any) -> None:
        """Create the scalar."""
        self.log_scale = self.add_weight(
            name="log_scale", shape=(), initializer=keras.initializers.Constant(self.initial)
        )

    def call(self, outputs: Any) -> Any:
        """Repeat the scalar for each of the outputs `(batch, h, w, c)`."""
        return ops.zeros_like(outputs[:, :1, :1, :1]) + self.log_scale

    def get_config(self) -> dict[str, Any]:
        """What it takes to build it again."""
        return {**super().get_config(), "initial": self.initial}


def as_pixels(images: Any, pixels: Pixels) -> Any:
    """Turn images as the loader gives them into what the model takes pixels for: float32 from 0 to 1.

    This is part of every exported graph, so that use cannot prepare images otherwise than training did.
    """
    x = ops.cast(images, "float32")
    if pixels.dtype == "uint8":
        x = x / 255.0
    if pixels.binarise == "threshold":
        x = ops.cast(x > pixels.threshold, "float32")
    return x


def _repeated(array: Any, times: int) -> Any:
    """The examples `(batch, ...)` once more for each draw: `(times · batch, ...)`."""
    return array if times == 1 else ops.tile(array, (times, *(1,) * (len(array.shape) - 1)))


class Autoencoder(keras.Model):
    """A recipe's model for images of one shape.

    `encoder` goes from the input, as the loader gives it, to the posterior's parameters by name, and where the
    network has skip connections to those features too, `skip_0` and on; `decoder` from codes `(batch, dim)`, and those
    features, to the likelihood's parameters by name.  Both are functional models that the exporter takes as is.

    Where the recipe has a condition, both take it too, one-hot `(batch, classes)`: the encoder with the pixels, as one
    more channel, which is learned for each class; the decoder with the code, or on a grid as further channels, learned
    likewise.

    The recipe's precision is that of the networks alone.  The posterior's parameters, the prior, the likelihood's
    parameters and all terms are float32.

    Training takes batches `{"input": images, "target": images}`, with a `condition` where there is one.  The loss
    reported is in nats per image, and what the optimiser minimises is that divided by the numbers in an image, so that
    a learning rate and a clipping norm mean the same at any resolution.  Losses that the layers of a custom network
    add, such as weight regularisers, count as nats per image: they are the term `regularisation`.

    Args:
        recipe: What to build.
        spec: The source images' shape and dtype, of which the recipe's task makes input and target.
        steps_per_epoch: What an epoch of β's warm-up is.
        custom: A custom encoder and decoder, where the recipe's network is `custom`.

    Raises:
        RecipeError: If the latent has more dimensions than an image has numbers, or the networks do not fit.
    """

    def __init__(
        self,
        recipe: Recipe,
        spec: ImageSpec,
        steps_per_epoch: int = 1,
        custom: tuple[keras.Model, keras.Model] | None = None,
    ) -> None:
        super().__init__(name="autoencoder")
        task = task_of(recipe.task)
        image, target = task.input_spec(spec), task.target_spec(spec)
        if recipe.latent.dim > image.dims:
            raise RecipeError(
                f"the code has {recipe.latent.dim} dimensions, more than the {image.dims} numbers in an image of "
                f"{image}: set a smaller latent.dim, or for a grid fewer latent.channels or levels"
            )
        self.recipe, self.image_spec, self.target_spec = recipe, image, target
        self.likelihood = likelihood_of(recipe.likelihood)
        self.objective = objective_of(recipe.objective, steps_per_epoch)
        self.prior = self._build_prior()
        self.latent = latent_variable(recipe, self.prior)

        self.is_conditional = recipe.condition.is_given
        if self.is_conditional and not recipe.condition.classes:
            raise RecipeError("condition.classes is the number of classes, and is 0: train on images with labels")
        shapes = self._shapes(self.likelihood.output_channels(target.channels))
        if custom is not None:
            check_custom_networks(*custom, shapes)
        with layer_precision(recipe.training.precision):
            self.networks = custom or build_networks(recipe.network, shapes)
        self.encoder = self._build_encoder(self.networks[0])
        self.decoder = self._build_decoder(self.networks[1])

        # Named, or Keras would number it, and a checkpoint would fit only the first model of a process.
        self.noise = keras.random.SeedGenerator(recipe.training.seed, name="noise")
        # Keras keeps the optimiser's own step counter out of reach while JAX traces a step.
        self.step = self.add_weight(name="step", shape=(), dtype="float32", initializer="zeros", trainable=False)
        self.regularised = custom is not None and self._adds_losses()
        self.means = {name: keras.metrics.Mean(name) for name in self._metric_names()}

    @property
    def modules(self) -> dict[str, keras.Model]:
        """The models that hold all weights, by name: `encoder`, `decoder`, and `prior` where it learns something."""
        learned = {} if self.prior is None else {"prior": self.prior}
        return {"encoder": self.encoder, "decoder": self.decoder, **learned}

    def _shapes(self, output_channels: int) -> Shapes:
        """What the networks take and give, the condition among it."""
        image, code = self.image_spec.shape, self.latent.group.shape
        if self.is_conditional:
            image = (*image[:2], image[2] + 1)
            code = (*code[:-1], 2 * code[-1]) if len(code) == 3 else (code[0] + self.recipe.condition.classes,)
        return Shapes(image, code, output_channels, self.likelihood.initial_output)

    def _condition(self) -> keras.KerasTensor:
        return keras.Input((self.recipe.condition.classes,), name=CONDITION)

    def _build_prior(self) -> keras.Model | None:
        variable = latent_variable(self.recipe)
        if variable.codebook is not None:
            return build_prior(self.recipe.prior, variable.group.shape, variable.codebook.levels)
        initial = variable.prior.initial(variable.dim, np.random.default_rng(self.recipe.training.seed))
        return learned_arrays(initial, variable.dim, "prior") if initial else None

    def _build_encoder(self, network: keras.Model) -> keras.Model:
        images = keras.Input(self.image_spec.shape, dtype=self.recipe.pixels.dtype, name="images")
        taken, pixels = images, as_pixels(images, self.recipe.pixels)
        if self.is_conditional:
            taken = [images, condition := self._condition()]
            pixels = with_class(pixels, condition, 1, "encoder")
        outputs = network(pixels)
        features, *skips = outputs if isinstance(outputs, list) else [outputs]
        shapes = Shapes(self.image_spec.shape, self.latent.group.shape, 0)
        parameters = {name: self._head(name, features, shapes) for name in self.latent.parameter_names}
        self.skip_names = tuple(f"skip_{i}" for i in range(len(skips)))
        return keras.Model(taken, {**parameters, **dict(zip(self.skip_names, skips, strict=True))}, name="posterior")

    def _head(self, name: str, features: Any, shapes: Shapes) -> Any:
        """One of the posterior's parameters, flat: `(batch, dim)`."""
        activation = self.latent.latent.activation
        on_grid = len(features.shape) == 4
        if len(shapes.latent) == 1:
            flat = keras.layers.Flatten(name=f"{name}_features")(features) if on_grid else features
            return keras.layers.Dense(shapes.latent_dim, activation=activation, name=name)(flat)
        if not on_grid:
            features = keras.layers.Reshape((1, 1, features.shape[-1]), name=f"{name}_grid")(features)
        require_grid(shapes, features.shape[1:3])
        levels = None if self.latent.codebook is None else self.latent.codebook.levels
        grid = code_on_grid(features, shapes.latent[-1], activation, levels, name)
        return keras.layers.Reshape((shapes.latent_dim,), name=f"{name}_flat")(grid)

    def _build_decoder(self, network: keras.Model) -> keras.Model:
        codes = keras.Input((self.recipe.latent.dim,), name="latent")
        skips = [keras.Input(self.encoder.output[name].shape[1:], name=name) for name in self.skip_names]
        taken, given = [codes, *skips], [codes, *skips]
        if self.is_conditional:
            taken = [*taken, condition := self._condition()]
            given[0] = self._code_with_class(codes, condition)
        outputs = network(given if skips else given[0])
        if outputs.dtype != "float32":  # the likelihood sums over all pixels
            outputs = ops.cast(outputs, "float32")
        initial = self.likelihood.initial_log_scale
        log_scale = None if initial is None else SharedLogScale(initial, name="shared_log_scale")(outputs)
        return keras.Model(
            taken if taken[1:] else codes, dict(self.likelihood.parameters(ops, outputs, log_scale)), name="parameters"
        )

    def _code_with_class(self, codes: Any, condition: Any) -> Any:
        """Codes `(batch, dim)` with their class, flat, as the network takes them."""
        shape = self.latent.group.shape
        if len(shape) == 1:
            return keras.layers.Concatenate(name="decoder_with_class")([codes, condition])
        grid = keras.layers.Reshape(shape, name="decoder_code_grid")(codes)
        return keras.layers.Flatten(name="decoder_code")(with_class(grid, condition, shape[-1], "decoder"))

    @property
    def context_names(self) -> tuple[str, ...]:
        """What the decoder takes besides codes: skip features, and the condition."""
        return (*self.skip_names, CONDITION) if self.is_conditional else self.skip_names

    def encode(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """What `encoder` gives for a batch's `input`, and the batch's `condition` where the model has one."""
        if not self.is_conditional:
            return dict(self.encoder(batch["input"]))
        images, condition = (ops.convert_to_tensor(batch[name]) for name in ("input", CONDITION))
        return {**self.encoder([images, condition]), CONDITION: condition}

    def decode(self, z: Any, encoded: Mapping[str, Any]) -> dict[str, Any]:
        """The likelihood's parameters for codes `(batch, dim)`, by name, with the context that `encode` gave."""
        context = [encoded[name] for name in self.context_names]
        outputs: dict[str, Any] = self.decoder([z, *context] if context else z)
        return outputs

    def _adds_losses(self) -> bool:
        """Whether layers of the networks add losses of their own; those of activities show only in a call."""
        batch = {"input": np.zeros((1, *self.image_spec.shape), self.image_spec.dtype)}
        encoded = self.encode({**batch, CONDITION: np.zeros((1, self.recipe.condition.classes), np.float32)})
        self.decode(encoded["mean"], encoded)
        return bool(self.encoder.losses or self.decoder.losses)

    def _metric_names(self) -> tuple[str, ...]:
        rate = ("rate",) if self.latent.has_rate else ()
        regularisation = ("regularisation",) if self.regularised else ()
        return ("distortion", *rate, *self.objective.penalty_names, *regularisation, "mse")

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Encode, draw as many codes for each image as the objective takes, and decode them.

        Returns:
            `posterior`: what `encode` gives; `z`: the codes, `(draws, batch, dim)`; `outputs`: the likelihood's
            parameters by name, `(draws · batch, ...)`.
        """
        posterior = self.encode(batch)
        draws, mean = self.objective.draws if self.latent.has_rate else 1, posterior["mean"]
        shape = (draws, *ops.shape(mean))
        if not self.latent.has_rate:
            z = mean[None]
        elif training:
            scale = self.latent.latent.training_noise
            z = self.latent.sample(ops, posterior, scale * keras.random.normal(shape, seed=self.noise))
        else:
            z = self.latent.sample(ops, posterior, keras.random.normal(shape, seed=VALIDATION_NOISE_SEED))
        context = {name: _repeated(posterior[name], draws) for name in self.context_names}
        return {"posterior": posterior, "z": z, "outputs": self.decode(ops.reshape(z, (-1, mean.shape[-1])), context)}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The objective's mean over the batch, in nats per number in the image; feeds the named terms' metrics."""
        images, z, outputs = as_pixels(x["target"], self.recipe.pixels), y_pred["z"], y_pred["outputs"]
        repeated, prediction = _repeated(images, z.shape[0]), self.likelihood.mean(ops, outputs)
        distortion = ops.reshape(self.likelihood.distortion(ops, repeated, outputs), (z.shape[0], -1))
        by_draw = ops.reshape(prediction, (z.shape[0], -1, *images.shape[1:]))
        # Validation counts the rate in full from the start, or the first epochs would look the best.
        step = self.step if training else None
        forward = Forward(ops, self.latent, y_pred["posterior"], z, distortion, step, images, by_draw)
        terms = self.objective.terms(forward)
        self.means["mse"].update_state(ops.mean(ops.square(repeated - prediction), axis=(1, 2, 3)))
        named = {"distortion": terms.distortion, **({"rate": terms.rate} if terms.rates else {}), **terms.penalties}
        for name, term in named.items():
            self.means[name].update_state(term)
        loss = terms.loss
        if self.regularised:
            regularisation = sum(ops.cast(added, "float32") for added in self.losses)
            self.means["regularisation"].update_state(regularisation)
            loss = loss + regularisation
        if training:
            self.step.assign_add(1.0)
        return ops.mean(loss) / self.target_spec.dims

    def get_metrics_result(self) -> dict[str, Any]:
        """The metrics' means so far, the loss in nats per image."""
        results = super().get_metrics_result()
        return {**results, "loss": results["loss"] * self.target_spec.dims}
