import keras
from keras import layers, ops

from isthmus.graphs.writer import images
from isthmus.graphs.writer.registry import kind_of, writer_of


class Mine(layers.Dense):
    """Of a name of Keras's, but with code of its own."""

    def to_onnx(self, graph, out, x):
        return graph, out, x, self


Dense = type("Dense", (layers.Dense,), {})


def test_layers_and_operations_of_keras_have_kinds():
    assert kind_of(layers.Dense(2)) == "layers.Dense"
    x = keras.Input((3,))
    add = keras.Model(x, ops.add(x, 1)).operations[-1]
    assert kind_of(add) == "ops.Add"
    assert writer_of(layers.Dense(2)) is images.dense


def test_what_only_has_a_name_of_keras_is_something_else():
    assert kind_of(Dense(2)) == ""
    assert writer_of(Dense(2)) is None


def test_a_class_may_be_its_own_writer():
    layer = Mine(2)
    assert writer_of(layer)("graph", layer, "out", "x") == ("graph", "out", "x", layer)
