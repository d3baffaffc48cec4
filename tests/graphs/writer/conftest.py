import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from isthmus.graphs.writer.model import write_model


def compare(build, *shapes, dtype="float32", low=-3.0, high=3.0):
    """Write what `build` makes of inputs of these shapes, compare ONNX Runtime with Keras, and return the graph."""
    inputs = [keras.Input(shape, dtype=dtype, name=f"x{i}") for i, shape in enumerate(shapes)]
    model = keras.Model(inputs, {"y": build(*inputs)})
    rng = np.random.default_rng(0)
    for weight in model.weights:
        values = rng.standard_normal(weight.shape)
        weight.assign(np.abs(values) + 0.1 if "variance" in weight.name else values)
    graph = write_model(model, ["y"])
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    for count in (1, 3):
        given = [rng.uniform(low, high, (count, *shape)).astype(dtype) for shape in shapes]
        (found,) = session.run(["y"], {f"x{i}": values for i, values in enumerate(given)})
        expected = keras.ops.convert_to_numpy(model(given)["y"])
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    return graph


@pytest.fixture(scope="session")
def agrees():
    """`compare` itself."""
    return compare


@pytest.fixture(scope="session")
def operators():
    """The operators of a graph, in order."""
    return lambda graph: [node.op_type for node in graph.graph.node]
