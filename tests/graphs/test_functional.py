import keras
import numpy as np
import pytest
from keras import layers

from isthmus.graphs.functional import with_features


def nested():
    x = keras.Input((6, 6, 1), name="pixels")
    sequence = keras.Sequential([layers.Conv2D(2, 3, name="deep"), layers.Flatten()])
    inner = keras.Model(x, sequence(x), name="network")
    y = keras.Input((6, 6, 1), name="images")
    return keras.Model(y, {"mean": layers.Dense(2, name="head")(inner(2 * y))})


def test_inner_layers_are_further_outputs():
    model, images = nested(), np.random.default_rng(0).standard_normal((3, 6, 6, 1)).astype(np.float32)
    deep = model.get_layer("network").layers[1].get_layer("deep")
    found = with_features(model, ["deep", "head"])(images)
    np.testing.assert_allclose(*(keras.ops.convert_to_numpy(x) for x in (found["deep"], deep(2 * images))), rtol=1e-5)
    for name in ("mean", "head"):
        np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(x) for x in (found[name], model(images)["mean"])))


def test_a_layer_that_is_not_there_is_named():
    with pytest.raises(KeyError, match="absent"):
        with_features(nested(), ["absent"])
