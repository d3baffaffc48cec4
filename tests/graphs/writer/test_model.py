import keras
import numpy as np
import pytest
from keras import layers, ops

from isthmus.graphs.writer.graph import Value
from isthmus.graphs.writer.model import write_model
from isthmus.graphs.writer.registry import NoWriterError


class Doubled(layers.Layer):
    """A layer outside Keras, written in its operations."""

    def call(self, x):
        return ops.concatenate([x, 2 * x], axis=-1)


class Foreign(layers.Layer):
    """A layer of whose computation Keras knows nothing."""

    def call(self, x):
        return keras.ops.convert_to_tensor(np.asarray(x) + 1)

    def compute_output_shape(self, shape):
        return shape


class Stated(Foreign):
    """One that says what it is in ONNX."""

    def to_onnx(self, graph, out, x):
        return Value(graph.add("Add", x.name, graph.constant(1, x.dtype)), out.shape, out.dtype)


def test_models_within_models(agrees):
    x = keras.Input((5, 4, 2))
    y = layers.Dropout(0.5)(layers.Conv2D(3, 2, activation="relu")(x))
    inner = keras.Model(x, [layers.Flatten()(y), y])
    sequence = keras.Sequential([keras.Input((36,)), layers.Dense(4), Doubled()])

    def build(x):
        flat, grid = inner(x)
        return layers.Concatenate()([sequence(flat), layers.Flatten()(2 * grid)])

    agrees(build, (5, 4, 2))


def test_a_layer_that_is_called_twice(agrees, operators):
    shared = layers.Dense(4, activation="tanh")
    graph = agrees(lambda x: shared(shared(x)) + x, (4,))
    assert operators(graph) == ["Gemm", "Tanh", "Gemm", "Tanh", "Add", "Identity"]
    assert len(graph.graph.initializer) == 2


def test_a_layer_may_state_its_nodes(operators):
    x = keras.Input((4,))
    assert operators(write_model(keras.Model(x, {"y": Stated()(x)}), ["y"])) == ["Add", "Identity"]


def test_a_layer_without_a_writer_is_named():
    x = keras.Input((4,))
    with pytest.raises(NoWriterError, match=r"layer 'strange' \(Foreign\) has code of other than Keras's operations"):
        write_model(keras.Model(x, {"y": Foreign(name="strange")(x)}), ["y"])


def test_names_do_not_depend_on_what_else_the_process_has_made():
    def graph():
        x = keras.Input((6, 6, 1), name="x")
        y = layers.Dense(2, name="head")(layers.Flatten()(layers.Conv2D(2, 3, kernel_initializer="ones")(x)))
        model = keras.Model(x, {"y": y})
        model.get_layer("head").kernel.assign(np.ones((32, 2)))
        return write_model(model, ["y"])

    first = graph()
    layers.Conv2D(1, 1)
    assert graph().SerializeToString(deterministic=True) == first.SerializeToString(deterministic=True)
    assert [node.name for node in first.graph.node] == [
        "conv2d/Transpose_0", "conv2d/Conv_1", "flatten/Transpose_2", "flatten/Reshape_3",
        "head/Gemm_4", "Identity_5",
    ]  # fmt: skip
