"""What the encoder costs: the gap between its posteriors and the best ones for the same decoder.

Cremer, Li & Duvenaud (2018), "Inference suboptimality in variational autoencoders", section 3.1: each image's posterior
is optimised by itself, from where the encoder puts it, while the decoder stays as it is.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder, as_pixels
from isthmus.progress import progress_bar

STEPS = 400
DRAWS = 4
"""Draws of each posterior a step."""
LEARNING_RATE = 0.05
_STREAM = 0x616D6F72

Posterior = Mapping[str, NDArray[np.float32]]


def optimise_posteriors(
    model: Autoencoder, images: NDArray[np.generic], posterior: Posterior, seed: int, steps: int = STEPS
) -> dict[str, NDArray[np.float32]]:
    """Maximise the ELBO of each image over its own Gaussian posterior, the decoder fixed.

    Args:
        model: A trained model with a Gaussian latent; its decoder is used, and left as it is.
        images: As the loader gives them, `(n, h, w, c)`.
        posterior: Where to start: `mean` and `log_variance`, each `(n, dim)`; and the `condition`, where there is one.
        seed: Seed for the noise.
        steps: Steps of Adam, the learning rate falling to 0 along a cosine.

    Returns:
        `mean` and `log_variance`, float32 `(n, dim)`; and the `condition` as it was.
    """
    count, dim = posterior["mean"].shape
    trainable = model.decoder.trainable
    model.decoder.trainable = False
    free = _FreePosteriors(model, images, posterior)
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    free.compile(optimizer=keras.optimizers.Adam(schedule), jit_compile=keras.config.backend() == "jax")
    noise = np.random.default_rng([seed, _STREAM]).standard_normal((steps * count, DRAWS, dim)).astype(np.float32)
    try:
        with progress_bar("amortisation gap", steps) as bar:
            watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: bar.update(batch + 1))
            free.fit(noise, batch_size=count, shuffle=False, verbose=0, callbacks=[watch])
    finally:
        model.decoder.trainable = trainable
    return {
        **posterior,
        "mean": np.array(ops.convert_to_numpy(free.mean), np.float32),
        "log_variance": np.array(ops.convert_to_numpy(free.log_variance), np.float32),
    }


class _FreePosteriors(keras.Model):
    """A posterior for each image as plain variables; takes noise `(n, draws, dim)`."""

    def __init__(self, model: Autoencoder, images: NDArray[np.generic], posterior: Posterior) -> None:
        super().__init__(name="free_posteriors")
        self.latent, self.likelihood, self.decoder = model.latent, model.likelihood, model.decoder
        self.context = {name: self._variable(name, posterior[name], trainable=False) for name in model.context_names}
        self.dims = model.target_spec.dims
        pixels = ops.convert_to_numpy(as_pixels(images, model.recipe.pixels))
        self.pixels = self._variable("pixels", pixels, trainable=False)
        self.mean = self._variable("mean", posterior["mean"])
        self.log_variance = self._variable("log_variance", posterior["log_variance"])

    def _variable(self, name: str, values: NDArray[Any], trainable: bool = True) -> Any:
        start = keras.initializers.Constant(values)
        return self.add_weight(name=name, shape=values.shape, initializer=start, trainable=trainable)

    def call(self, noise: Any) -> Any:
        """The negative ELBO of each image, `(n,)`, nats."""
        count, draws, dim = self.pixels.shape[0], DRAWS, self.mean.shape[1]
        posterior = {"mean": self.mean[:, None], "log_variance": self.log_variance[:, None]}
        drawn = self.latent.sample(ops, posterior, noise)
        images = ops.repeat(ops.convert_to_tensor(self.pixels), draws, axis=0)
        codes = ops.reshape(drawn, (count * draws, dim))
        context = [ops.repeat(ops.convert_to_tensor(given), draws, axis=0) for given in self.context.values()]
        distortion = self.likelihood.distortion(ops, images, self.decoder([codes, *context] if context else codes))
        own = {"mean": self.mean, "log_variance": self.log_variance, **self.context}
        rate = self.latent.rate(ops, ops.transpose(drawn, (1, 0, 2)), own)
        return ops.mean(ops.reshape(distortion, (count, draws)), axis=1) + rate

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The sum over images: each has its own variables, so its gradient does not depend on how many there are."""
        return ops.sum(y_pred) / self.dims
