"""The named recipes.

Five reproduce published tutorials, with the settings of their texts; the others are our own.
"""

from collections.abc import Mapping
from types import MappingProxyType

from isthmus.errors import RecipeError
from isthmus.recipes.fields import CodeDensity, Pixels, Recipe, Training
from isthmus.recipes.latents import FiniteScalarLatent, GaussianLatent, PointLatent, SpatialPointLatent
from isthmus.recipes.likelihoods import BernoulliLikelihood, GaussianLikelihood, LogisticLikelihood
from isthmus.recipes.networks import ConvNetwork, DenseNetwork, ResidualNetwork, UNetwork, UpsampleNetwork
from isthmus.recipes.objectives import ELBO
from isthmus.recipes.priors import MaskedConvPrior
from isthmus.recipes.tasks import Denoise, Segment
from isthmus.wording import no_such

_TUTORIAL_CONV = ConvNetwork(filters=(32, 64), padding="valid", stem_filters=32)
DIGIT_SIDE = 32
"""The longest side of grey images for which the default recipe is that of digits."""
_BINARISED = Pixels(binarise="threshold", threshold=0.5)
_RESTORING = Training(
    epochs=5, batch_size=64, learning_rate=2e-3, schedule="cosine", warmup_fraction=0.05, clip_norm=1.0
)
_PHOTOGRAPHS = Training(
    epochs=20,
    batch_size=16,
    learning_rate=1e-3,
    adam_betas=(0.9, 0.99),
    schedule="cosine",
    warmup_fraction=0.05,
    clip_norm=1.0,
)
_TO_STORE = Training(
    epochs=20,
    batch_size=64,
    learning_rate=3e-3,
    adam_betas=(0.9, 0.99),
    schedule="cosine",
    warmup_fraction=0.05,
    clip_norm=1.0,
    validation_fraction=0.02,
)

_RECIPES = (
    Recipe(
        name="dense-ae",
        summary="A plain dense autoencoder with squared error; --set likelihood=laplace for absolute error.",
        network=DenseNetwork(units=(256,)),
        latent=PointLatent(dim=16),
        likelihood=GaussianLikelihood(),
        training=Training(epochs=10, batch_size=128, learning_rate=1e-3, validation_fraction=0.02),
    ),
    Recipe(
        name="conv-ae",
        summary="A plain convolutional autoencoder with 16 latent dimensions and squared error.",
        network=ConvNetwork(filters=(32, 64), padding="same", stem_filters=64),
        latent=PointLatent(dim=16),
        likelihood=GaussianLikelihood(),
        training=Training(
            epochs=10,
            batch_size=64,
            learning_rate=2e-3,
            schedule="cosine",
            warmup_fraction=0.02,
            validation_fraction=0.02,
        ),
    ),
    Recipe(
        name="upsample-ae",
        summary="A plain autoencoder whose decoder upsamples; 10 non-negative latent dimensions, squared error.",
        network=UpsampleNetwork(),
        latent=PointLatent(dim=10, activation="relu"),
        likelihood=GaussianLikelihood(),
        # At Adam's usual 1e-3 this network predicts black for every image within an epoch, and stays there.
        training=Training(
            epochs=10,
            batch_size=32,
            learning_rate=3e-4,
            schedule="cosine",
            warmup_fraction=0.05,
            validation_fraction=0.02,
            patience=10,
        ),
        codes=CodeDensity(kind="mixture", components=10),
    ),
    Recipe(
        name="dense-vae",
        summary="A dense VAE of grey pixels with 2 latent dimensions, as in Keras's first example.",
        network=DenseNetwork(units=(256,)),
        latent=GaussianLatent(dim=2),
        likelihood=BernoulliLikelihood(),
        training=Training(epochs=5, batch_size=100, learning_rate=1e-3, validation_fraction=0.02),
    ),
    Recipe(
        name="conv-vae",
        summary="A convolutional VAE of binarised pixels with 2 latent dimensions, as in TensorFlow's tutorial.",
        pixels=_BINARISED,
        network=_TUTORIAL_CONV,
        latent=GaussianLatent(dim=2),
        likelihood=BernoulliLikelihood(),
        objective=ELBO(estimator="monte-carlo"),
        training=Training(epochs=10, batch_size=32, learning_rate=1e-4, validation_fraction=0.02),
    ),
    Recipe(
        name="conv-vae-fast",
        summary="The network of conv-vae, trained to a better bound in less than a seventh of the time.",
        pixels=_BINARISED,
        network=_TUTORIAL_CONV,
        latent=GaussianLatent(dim=2),
        likelihood=BernoulliLikelihood(),
        objective=ELBO(beta_warmup_epochs=0.3),
        training=Training(
            epochs=1,
            batch_size=48,
            learning_rate=8e-3,
            adam_betas=(0.8, 0.95),
            schedule="cosine",
            warmup_fraction=0.05,
            validation_fraction=0.02,
        ),
    ),
    Recipe(
        name="conv-vae-best",
        summary="The network of conv-vae, trained until it no longer improves.",
        pixels=_BINARISED,
        network=_TUTORIAL_CONV,
        latent=GaussianLatent(dim=2),
        likelihood=BernoulliLikelihood(),
        training=Training(
            epochs=20,
            batch_size=128,
            learning_rate=3e-3,
            schedule="cosine",
            warmup_fraction=0.05,
            validation_fraction=0.02,
        ),
    ),
    Recipe(
        name="conv-vae-colour",
        summary="A convolutional VAE for grey or colour images of any size; its noise level is learned.",
        network=ConvNetwork(filters=(32, 64, 128), padding="same", stem_filters=128, activation="silu"),
        latent=GaussianLatent(dim=128),
        likelihood=GaussianLikelihood(scale="shared", sigma=0.1),
        training=Training(
            epochs=20, batch_size=64, learning_rate=3e-3, schedule="cosine", warmup_fraction=0.05, clip_norm=1.0
        ),
    ),
    Recipe(
        name="photo-ae",
        summary="A residual autoencoder for colour images of any size, whose code is a small grid; squared error.",
        network=ResidualNetwork(filters=(48, 96, 192)),
        latent=SpatialPointLatent(grid=(4, 4), channels=8),
        likelihood=GaussianLikelihood(sigma=0.1, mean="free"),
        training=_PHOTOGRAPHS.model_copy(update={"optimiser": "muon", "learning_rate": 2e-3}),
    ),
    Recipe(
        name="photo-vae",
        summary="A residual VAE for colour images of any size, to sample new ones; its noise level is learned.",
        network=ResidualNetwork(filters=(48, 96, 192)),
        latent=GaussianLatent(dim=128),
        likelihood=GaussianLikelihood(scale="shared", sigma=0.1, mean="free"),
        training=_PHOTOGRAPHS,
    ),
    Recipe(
        name="photo-fsq",
        summary="Discrete codes and a prior that learns to sample them, for photographs and small colour images.",
        network=ResidualNetwork(filters=(48, 96)),
        latent=FiniteScalarLatent(grid=(8, 8)),
        prior=MaskedConvPrior(),
        likelihood=GaussianLikelihood(scale="shared", sigma=0.1, mean="free"),
        training=_PHOTOGRAPHS,
    ),
    Recipe(
        name="photo-search",
        summary="A residual autoencoder for colour images of any size, whose flat code is made to compare images.",
        network=ResidualNetwork(filters=(48, 96, 192)),
        latent=PointLatent(dim=128),
        likelihood=GaussianLikelihood(sigma=0.1, mean="free"),
        training=_PHOTOGRAPHS,
    ),
    Recipe(
        name="unet",
        summary="A U-Net that restores images: denoising by default, or any --task; squared error.",
        task=Denoise(),
        network=UNetwork(),
        latent=PointLatent(dim=64),
        likelihood=GaussianLikelihood(scale="shared", sigma=0.1, mean="free"),
        training=_RESTORING,
    ),
    Recipe(
        name="unet-masks",
        summary="A U-Net for segmentation: masks of two or more classes.",
        task=Segment(),
        network=UNetwork(),
        latent=PointLatent(dim=64),
        likelihood=BernoulliLikelihood(),
        training=_RESTORING,
    ),
    Recipe(
        name="lossless-grey",
        summary="A convolutional VAE of 8-bit grey pixels, for lossless compression of small images.",
        network=ConvNetwork(filters=(32, 64), padding="same", stem_filters=64, activation="silu"),
        latent=GaussianLatent(dim=64),
        likelihood=LogisticLikelihood(components=4),
        training=_TO_STORE,
    ),
    Recipe(
        name="lossless-colour",
        summary="A convolutional VAE of 8-bit colour pixels, for lossless compression of small images.",
        network=ConvNetwork(filters=(32, 64), padding="same", stem_filters=128, activation="silu"),
        latent=GaussianLatent(dim=256),
        likelihood=LogisticLikelihood(components=3),
        training=_TO_STORE,
    ),
)

PURPOSES: Mapping[str, str] = MappingProxyType(
    {"reconstruct": "photo-ae", "sample": "photo-vae", "search": "photo-search"}
)
"""The recipe for each purpose of a model of photographs."""

RECIPES: Mapping[str, Recipe] = MappingProxyType({recipe.name: recipe for recipe in _RECIPES})
"""All named recipes, by name, in reading order."""


def named_recipe(name: str) -> Recipe:
    """Return the recipe of a name.

    Raises:
        RecipeError: If there is none; the message lists the names.
    """
    if name not in RECIPES:
        raise RecipeError(no_such("recipe", name, RECIPES))
    return RECIPES[name]


def task_recipe(kind: str) -> Recipe | None:
    """The default recipe of a task; None for reconstruct, whose default depends on the images."""
    if kind == "reconstruct":
        return None
    return RECIPES["unet-masks" if kind == "segment" else "unet"]


def default_recipe(channels: int, side: int = 0, purpose: str | None = None) -> Recipe:
    """The default recipe for images: that of the purpose, or conv-vae-fast for small grey ones and else photo-ae.

    Args:
        channels: The channels of the images.
        side: The longer side of image files, in pixels; 0 for arrays, whose size does not matter.
        purpose: A key of `PURPOSES`; None for the default of the images.

    Raises:
        RecipeError: If there is no such purpose; the message lists them.
    """
    if purpose is not None:
        if purpose not in PURPOSES:
            raise RecipeError(no_such("purpose", purpose, PURPOSES))
        return RECIPES[PURPOSES[purpose]]
    return RECIPES["conv-vae-fast" if channels == 1 and side <= DIGIT_SIDE else PURPOSES["reconstruct"]]
