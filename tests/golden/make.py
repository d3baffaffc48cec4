"""Write the golden files: tiny runs and archives, as the version of isthmus that runs this writes them.

    python tests/golden/make.py FOLDER [NAME ...]

makes a zip file for each run, or for those named.  It holds the run, the data that it was trained on, archives, and
`expected.npz`: the run's outputs for some images.  `tests/test_golden.py` opens them all.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import shutil
import sys
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image

import isthmus
from isthmus.data import as_source
from isthmus.recipes import (
    ELBO,
    IWAE,
    BernoulliLikelihood,
    CategoricalLikelihood,
    ClassGaussianPrior,
    CodeDensity,
    Colourise,
    ConvNetwork,
    Deblur,
    Denoise,
    DenseNetwork,
    FiniteScalarLatent,
    GaussianLatent,
    GaussianLikelihood,
    Inpaint,
    LabelCondition,
    LaplaceLikelihood,
    LogisticLikelihood,
    MaskedConvPrior,
    MixturePrior,
    Pairs,
    Pixels,
    PointLatent,
    Recipe,
    ResidualNetwork,
    Segment,
    SpatialGaussianLatent,
    SpatialPointLatent,
    SuperResolve,
    Training,
    UNetwork,
    UpsampleNetwork,
)
from isthmus.runs import load
from isthmus.workflows.decompression import decompress
from isthmus.workflows.restoration import restore_folder

SIDE, COUNT = 8, 36
DENSE, CONV = DenseNetwork(units=(8,)), ConvNetwork(filters=(4,), stem_filters=4)
UPSAMPLE = UpsampleNetwork(filters=(4, 4), strides=(2, 1), stem_filters=4, decoder_filters=(4, 4))
UNET = UNetwork(filters=(3, 4), convolutions=1)
EPOCH = Training(epochs=1, batch_size=8, learning_rate=1e-2)
VAE, POINT = GaussianLatent(dim=2), PointLatent(dim=3)
BLACK_OR_WHITE, SIGMA = Pixels(binarise="threshold"), GaussianLikelihood(sigma=0.2)

AUTOENCODERS = {
    "point-gaussian": (1, {"network": DENSE, "latent": POINT, "likelihood": SIGMA}),
    "point-laplace": (
        1,
        {
            "network": UPSAMPLE,
            "latent": PointLatent(dim=3, activation="relu"),
            "likelihood": LaplaceLikelihood(sigma=0.2),
            "codes": CodeDensity(kind="mixture", components=2),
        },
    ),
    "vae-bernoulli": (1, {"network": CONV, "pixels": BLACK_OR_WHITE}),
    "vae-bernoulli-grey": (1, {"network": DENSE, "objective": ELBO(estimator="monte-carlo")}),
    "vae-bernoulli-stochastic": (1, {"network": DENSE, "pixels": Pixels(binarise="stochastic")}),
    "vae-gaussian": (3, {"network": CONV, "likelihood": GaussianLikelihood(scale="per-pixel", sigma=0.2)}),
    "vae-gaussian-floats": (1, {"network": DENSE, "likelihood": SIGMA, "pixels": Pixels(dtype="float32")}),
    "vae-laplace": (3, {"network": DENSE, "likelihood": LaplaceLikelihood(scale="shared", sigma=0.2)}),
    "vae-logistic": (1, {"network": CONV, "likelihood": LogisticLikelihood()}),
    "mixture-iwae": (
        1,
        {
            "network": CONV,
            "pixels": BLACK_OR_WHITE,
            "prior": MixturePrior(components=2),
            "objective": IWAE(draws=2),
        },
    ),
    "conditional": (
        1,
        {"network": DENSE, "likelihood": SIGMA, "condition": LabelCondition(), "prior": ClassGaussianPrior()},
    ),
    "spatial-gaussian": (
        3,
        {
            "network": ResidualNetwork(filters=(4,), patch=2),
            "latent": SpatialGaussianLatent(grid=(4, 4), channels=1),
            "likelihood": SIGMA,
        },
    ),
    "spatial-point": (
        1,
        {"network": UPSAMPLE, "latent": SpatialPointLatent(grid=(4, 4), channels=1), "likelihood": SIGMA},
    ),
    "fsq": (
        3,
        {
            "network": ResidualNetwork(filters=(4,), patch=2),
            "latent": FiniteScalarLatent(grid=(4, 4), levels=(4, 3)),
            "prior": MaskedConvPrior(filters=8, blocks=1, kernel=3),
            "likelihood": SIGMA,
            "training": EPOCH.model_copy(update={"epochs": 12}),
        },
    ),
    "vae-logistic-mixture": (3, {"network": CONV, "likelihood": LogisticLikelihood(components=2)}),
}
FREE = GaussianLikelihood(scale="shared", sigma=0.1, mean="free")
RESTORERS = {
    "denoise-point": (1, {"task": Denoise(), "latent": POINT}),
    "denoise-gaussian": (3, {"task": Denoise(noise="salt-and-pepper", strength=(0.1, 0.2)), "latent": VAE}),
    "deblur": (1, {"task": Deblur(), "latent": POINT}),
    "super-resolve": (3, {"task": SuperResolve(), "latent": POINT}),
    "colourise": (3, {"task": Colourise(), "latent": VAE}),
    "inpaint": (1, {"task": Inpaint(), "latent": POINT}),
    "segment-itself": (1, {"task": Segment(masks="itself", clutter=0.5), "likelihood": BernoulliLikelihood()}),
}


def pictures(count, channels, seed=0):
    """Images of a bright bar on noise, uint8 `(count, 8, 8, channels)`, and where the bar is, 0 to 2."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = rng.integers(0, 50, (count, SIDE, SIDE, channels))
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 3] += rng.integers(120, 200, channels)
    return images.astype(np.uint8), labels


def write_pictures(folder, images, subfolders=None):
    """PNG files, in class folders where there are names of such."""
    for number, image in enumerate(images):
        path = Path(folder, "" if subfolders is None else subfolders[number], f"{number:02d}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(path)


def recipe(name, **parts):
    """A recipe that trains in a second."""
    return Recipe(name=name, **{"training": EPOCH, "latent": VAE, **parts})


def expect(run):
    """Store the run's outputs for some images of its shape."""
    shape = run.image.shape
    seen = np.random.default_rng(1).integers(0, 256, (5, *shape)).astype(np.uint8)
    images = as_source(seen, dtype=run.image.dtype).read(np.arange(5))
    labels = np.arange(5) % 3 if run.is_conditional else None
    encoded = run.encode(images, labels)
    parameters = run.decode_parameters(encoded["mean"], encoded)
    arrays = {"images": images, "decoded": run.decode(encoded["mean"], encoded)}
    if not run.restores:
        arrays["samples"] = run.sample(4, seed=3)
    if run.is_conditional:
        arrays["labels"] = labels
    if run.class_names and not run.latent.is_discrete:
        arrays["labelled"] = run.sample(4, label=run.class_names[-1], seed=3)
    if run.latent.is_random:
        arrays["draws"] = run.reconstruct(images, draws=2, seed=4, labels=labels)
    arrays |= {f"encoded.{name}": array for name, array in encoded.items()}
    arrays |= {f"parameters.{name}": array for name, array in parameters.items()}
    np.savez_compressed("expected.npz", **arrays)
    if run.restores:
        masks = Path("masks")
        restore_folder(run, "pictures", Path("expected-restored"), masks=masks if masks.exists() else None)
        Path("expected-restored/restored.json").unlink()


def autoencoder(name):
    channels, parts = AUTOENCODERS[name]
    images, labels = pictures(COUNT, channels)
    np.savez_compressed("data.npz", x_train=images[:-9], y_train=labels[:-9], x_test=images[-9:], y_test=labels[-9:])
    isthmus.train("data.npz", recipe(name, **parts), "run", report=False)


def restorer(name):
    channels, parts = RESTORERS[name]
    images, _ = pictures(COUNT, channels)
    if name == "segment-itself":
        images = np.where(images > 100, np.uint8(255), np.uint8(0))
    np.save("data.npy", images)
    isthmus.train("data.npy", recipe(name, **{"network": UNET, "likelihood": FREE, **parts}), "run", report=False)
    write_pictures("pictures", pictures(2, channels, seed=9)[0])
    if name == "inpaint":
        masks = np.random.default_rng(2).random((2, SIDE, SIDE, 1)) < 0.3
        write_pictures("masks", np.where(masks, np.uint8(255), np.uint8(0)))


def with_targets(name, task, likelihood, targets, channels):
    images, _ = pictures(COUNT, channels)
    write_pictures("data", images)
    write_pictures("targets", targets(images))
    made = recipe(name, network=UNET, task=task, likelihood=likelihood, latent=POINT)
    isthmus.train("data", made, "run", targets="targets", report=False)
    write_pictures("pictures", pictures(2, channels, seed=9)[0])


def labelled():
    """Class folders with an unreadable file; the run has a report and an evaluation."""
    images, labels = pictures(COUNT, 3)
    write_pictures("data", images, [("top", "middle", "bottom")[label] for label in labels])
    Path("data", "top", "broken.png").write_bytes(b"no image")
    run = isthmus.train("data", recipe("labelled", network=DENSE, likelihood=SIGMA), "run", size=SIDE, fit="pad")
    isthmus.evaluate(run, "data", importance_samples=5)


LONGER = {"training": EPOCH.model_copy(update={"epochs": 4, "checkpoint_seconds": 1e-3, "schedule": "cosine"})}


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def stopped(name, stop):
    """A training that stopped within its second epoch, and the history of one that did not."""
    autoencoder_of = recipe(name, network=DENSE, **LONGER)
    images, labels = pictures(COUNT, 1)
    np.savez_compressed("data.npz", images=images, labels=labels)
    isthmus.train("data.npz", autoencoder_of, "whole", report=False)
    shutil.copy("whole/history.csv", "history.csv")
    shutil.rmtree("whole")
    from isthmus.training import callbacks

    def at_the_sixth(show, batch, logs=None):
        if show._state.step == 6:
            stop()

    with mock.patch.object(callbacks.ShowProgress, "on_train_batch_end", at_the_sixth), suppress(Killed):
        isthmus.train("data.npz", autoencoder_of, "run", report=False)


def interrupt():
    from isthmus.training.callbacks import InterruptedTraining

    raise InterruptedTraining


def kill():
    raise Killed


def custom():
    """Custom networks, stored as Keras files."""
    import keras

    shown, code = keras.Input((SIDE, SIDE, 1)), keras.Input((2,))
    features = keras.layers.Dense(6, "tanh")(keras.layers.Flatten()(shown))
    pixels = keras.layers.Reshape((SIDE, SIDE, 1))(keras.layers.Dense(SIDE * SIDE)(code))
    encoder, decoder = keras.Model(shown, features), keras.Model(code, pixels)
    images, _ = pictures(COUNT, 1)
    np.save("data.npy", images)
    isthmus.train("data.npy", recipe("custom", likelihood=SIGMA), "run", encoder=encoder, decoder=decoder, report=False)


def archives(*, threshold):
    """Archives of arrays and of files, with stored files among them; one that was appended to; and a lossy one."""
    run = load("run")
    shape = (SIDE, SIDE, run.image.channels)
    images, _ = pictures(14, shape[-1], seed=5)
    np.save("array.npy", images)
    write_pictures("files", images[:7])
    noise = np.random.default_rng(6).integers(0, 256, (6, 11, 3)).astype(np.uint8)
    Image.fromarray(noise).save("files/photo.jpg")
    Image.fromarray(noise).save("files/wide.png")
    write_pictures("more/later", images[7:])
    options = {"threshold": threshold, "chunk_images": 4, "threads": 1}
    isthmus.compress(run, "array.npy", "array.isth", embed=False, **options)
    isthmus.compress(run, "array.npy", "array-embedded.isth", embed=True, **options)
    isthmus.compress(run, "files", "files.isth", embed=False, **options)
    isthmus.compress(run, "files", "files-embedded.isth", embed=True, **options)
    shutil.copy("files-embedded.isth", "appended.isth")
    isthmus.compress(run, "more", "appended.isth", append=True, **options)
    isthmus.compress_lossy(run, "array.npy", "lossy.isth", quality=60)
    decompress("lossy.isth", "lossy.npy", run)


def masks_of(*values):
    """Masks of these values, by brightness."""

    def make(images):
        levels = np.minimum(images[..., :1].astype(int) * len(values) // 256, len(values) - 1)
        return np.asarray(values, np.uint8)[levels]

    return make


GOLDENS = {
    **{name: lambda name=name: autoencoder(name) for name in AUTOENCODERS},
    **{name: lambda name=name: restorer(name) for name in RESTORERS},
    "segment-two": lambda: with_targets("segment-two", Segment(), BernoulliLikelihood(), masks_of(0, 255), 1),
    "segment-four": lambda: with_targets(
        "segment-four", Segment(), CategoricalLikelihood(classes=4), masks_of(0, 7, 40, 255), 3
    ),
    "pairs": lambda: with_targets("pairs", Pairs(target_channels=3), FREE, lambda images: 255 - images, 3),
    "labelled": labelled,
    "interrupted": lambda: stopped("interrupted", interrupt),
    "killed": lambda: stopped("killed", kill),
    "custom": custom,
}
ARCHIVED = {"vae-bernoulli": True, "vae-logistic": False, "vae-logistic-mixture": False}


def pack(path):
    """Pack the working folder into one zip file, with fixed timestamps."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for part in sorted(part for part in Path().rglob("*") if part.is_file()):
            file.writestr(zipfile.ZipInfo(part.as_posix()), part.read_bytes(), zipfile.ZIP_DEFLATED)


def main(folder, *names):
    out = Path(folder).resolve()
    out.mkdir(parents=True, exist_ok=True)
    for name in names or GOLDENS:
        with tempfile.TemporaryDirectory() as here:
            os.chdir(here)
            with mock.patch.dict(os.environ, ISTHMUS_CACHE=str(out / "cache")):
                GOLDENS[name]()
                if name != "killed":
                    expect(load("run"))
                if name != "labelled":  # films take space, and no code reads them
                    Path("run/pictures/training.gif").unlink(missing_ok=True)
                if name in ARCHIVED:
                    archives(threshold=ARCHIVED[name])
            pack(out / f"{name}.zip")
            os.chdir(out)
    shutil.rmtree(out / "cache", ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
