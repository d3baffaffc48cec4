"""A plain TensorFlow training loop of the `conv-vae` network: the baseline for the speed of isthmus.

It imports no isthmus code. It follows the tutorial: a `tf.data` pipeline, two small convolutional networks, a
single-sample Monte-Carlo ELBO and one `tf.function` for the step.

    python benchmarks/plain_loop.py --images train-images-idx3-ubyte.gz --test t10k-images-idx3-ubyte.gz --epochs 10
"""

import argparse
import gzip
import json
import math
import time
from pathlib import Path

import numpy as np
import tensorflow as tf


def read_images(path: Path) -> np.ndarray:
    """Read a gzipped IDX file of 28x28 images, thresholded at one half, float32 `(n, 28, 28, 1)`."""
    with gzip.open(path) as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16)
    return (pixels.reshape(-1, 28, 28, 1) > 127.5).astype(np.float32)


def build(latent_dim: int) -> tuple[tf.keras.Model, tf.keras.Model]:
    """The tutorial's encoder and decoder."""
    layers = tf.keras.layers
    encoder = tf.keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.Conv2D(64, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(2 * latent_dim),
        ]
    )
    decoder = tf.keras.Sequential(
        [
            layers.Input((latent_dim,)),
            layers.Dense(7 * 7 * 32, activation="relu"),
            layers.Reshape((7, 7, 32)),
            layers.Conv2DTranspose(64, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(1, 3, padding="same"),
        ]
    )
    return encoder, decoder


def log_normal(z: tf.Tensor, mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """Log density of a diagonal Gaussian, `(batch,)`."""
    terms = tf.square(z - mean) * tf.exp(-log_variance) + log_variance + math.log(2 * math.pi)
    return -0.5 * tf.reduce_sum(terms, axis=1)


def main() -> None:
    """Train, time each epoch, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--cosine", action="store_true", help="5%% linear warm-up, then cosine decay to zero")
    parser.add_argument("--closed-form", action="store_true", help="the KL in closed form")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    tf.keras.utils.set_random_seed(options.seed)
    train, test = read_images(options.images), read_images(options.test)
    encoder, decoder = build(latent_dim=2)
    steps = options.epochs * math.ceil(len(train) / options.batch_size)
    rate = options.learning_rate
    if options.cosine:
        warm_up = max(1, steps // 20)
        rate = tf.keras.optimizers.schedules.CosineDecay(0.0, steps - warm_up, warmup_target=rate, warmup_steps=warm_up)
    optimizer = tf.keras.optimizers.Adam(rate)
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer.build(variables)

    def negative_elbo(x: tf.Tensor) -> tf.Tensor:
        mean, log_variance = tf.split(encoder(x), 2, axis=1)
        z = mean + tf.exp(0.5 * log_variance) * tf.random.normal(tf.shape(mean))
        cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=decoder(z))
        if options.closed_form:
            kl = 0.5 * tf.reduce_sum(tf.square(mean) + tf.exp(log_variance) - 1 - log_variance, axis=1)
        else:
            kl = log_normal(z, mean, log_variance) - log_normal(z, tf.zeros_like(z), tf.zeros_like(z))
        return tf.reduce_sum(cross_entropy, axis=[1, 2, 3]) + kl

    @tf.function
    def step(x: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(negative_elbo(x))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    evaluate = tf.function(negative_elbo)
    batches = tf.data.Dataset.from_tensor_slices(train).shuffle(len(train), seed=options.seed).batch(options.batch_size)
    seconds = []
    for _ in range(options.epochs):
        start = time.perf_counter()
        for batch in batches:
            step(batch)
        seconds.append(time.perf_counter() - start)
    test_batches = tf.data.Dataset.from_tensor_slices(test).batch(500)
    elbo = -float(np.mean(np.concatenate([evaluate(x).numpy() for x in test_batches])))
    print(json.dumps({"test_elbo_nats": elbo, "epoch_seconds": seconds, "images": len(train)}))


if __name__ == "__main__":
    main()
