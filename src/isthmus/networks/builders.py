"""From a recipe to an encoder and a decoder."""

from functools import singledispatch

import keras

from isthmus.errors import RecipeError
from isthmus.networks.layout import Shapes
from isthmus.recipes import CustomNetwork, NetworkFields, PriorFields


@singledispatch
def build_networks(fields: NetworkFields, shapes: Shapes) -> tuple[keras.Model, keras.Model]:
    """Build the encoder and the decoder that a recipe describes; a new kind registers its own function.

    Returns:
        The encoder, from images `(batch, *shapes.image)` to features, `(batch, n)` or a grid `(batch, h, w, n)`, and
        after them any skip features; and the decoder, from codes `(batch, shapes.latent_dim)`, and those features, to
        outputs `(batch, *shapes.output)`.

    Raises:
        RecipeError: If the images are too small for the network, or the network is custom, and so cannot be built.
    """
    raise NotImplementedError(
        f"network.kind={fields.kind!r} has no networks: register some with build_networks.register"
    )


@build_networks.register
def _(fields: CustomNetwork, shapes: Shapes) -> tuple[keras.Model, keras.Model]:
    raise RecipeError(
        "network.kind=custom stands for your own Keras models: give isthmus.train(..., encoder=, decoder=)"
    )


@singledispatch
def build_prior(fields: PriorFields, shape: tuple[int, ...], levels: tuple[int, ...]) -> keras.Model | None:
    """Build the network of a prior of discrete codes; None for a prior that has no network of its own.

    Args:
        fields: The prior; a kind with a network registers its own function.
        shape: Rows, columns and channels of a code.
        levels: The number of levels of each channel.

    Returns:
        A model from codes `(batch, dim)` to what the prior has learned, by name.
    """
    return None


def check_custom_networks(encoder: keras.Model, decoder: keras.Model, shapes: Shapes) -> None:
    """Check that custom networks fit the images, the latent and the likelihood.

    Raises:
        RecipeError: With the shape that was expected and the one that came.
    """
    faults = []
    for name, model, takes, gives in (
        ("encoder", encoder, shapes.image, None),
        ("decoder", decoder, (shapes.latent_dim,), shapes.output),
    ):
        if tuple(model.input_shape[1:]) != takes:
            faults.append(f"the {name} takes {tuple(model.input_shape[1:])}; expected {takes}")
        if gives is None and (len(model.outputs) != 1 or len(model.output_shape) not in (2, 4)):
            faults.append(
                f"the {name} gives {' and '.join(str(tuple(output.shape[1:])) for output in model.outputs)}; expected "
                "flat features, such as (128,), or a grid, such as (7, 7, 64)"
            )
        if gives is not None and tuple(model.output_shape[1:]) != gives:
            faults.append(f"the {name} gives {tuple(model.output_shape[1:])}; expected {gives}")
    if faults:
        raise RecipeError("the custom networks do not fit the images and the recipe: " + "; ".join(faults))
