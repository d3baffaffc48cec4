import numpy as np
import onnx
import onnxruntime
import pytest
from keras import ops

import isthmus.graphs.export
from isthmus.data import ImageSpec
from isthmus.errors import ExportError
from isthmus.graphs.export import export_graphs
from isthmus.probability import namespace
from isthmus.recipes import RECIPES, Pixels, Recipe, sized, with_fields
from isthmus.training.fit import build_model
from isthmus.training.weights import set_weights, weights_of

SMALL = {
    "conv": {"network": "conv", "network.filters": [3, 2], "network.stem_filters": 2},
    "dense": {"network": "dense", "network.units": [6]},
    "upsample": {"network": "upsample", "network.filters": [2] * 4, "network.decoder_filters": [2] * 3},
}
CASES = [
    ("conv", "gaussian", "bernoulli", {}, (37, 53, 3), "uint8"),
    ("conv", "point", "gaussian", {"likelihood.mean": "free"}, (13, 11, 2), "uint8"),
    ("conv", "gaussian", "bernoulli", {"pixels.binarise": "threshold"}, (9, 7, 1), "float32"),
    ("dense", "gaussian", "gaussian", {"likelihood.scale": "shared"}, (5, 8, 3), "float32"),
    ("dense", "point", "bernoulli", {"latent.activation": "relu"}, (6, 6, 1), "uint8"),
    ("dense", "gaussian", "laplace", {"likelihood.scale": "per-pixel"}, (1, 9, 2), "uint8"),
    ("dense", "gaussian", "logistic", {"likelihood.scale": "shared"}, (4, 5, 3), "uint8"),
    ("conv", "gaussian", "logistic", {"likelihood.components": 3}, (9, 8, 2), "uint8"),
    ("upsample", "point", "laplace", {"likelihood.scale": "shared"}, (7, 9, 1), "float32"),
    ("upsample", "gaussian", "gaussian", {"likelihood.scale": "per-pixel"}, (28, 27, 4), "uint8"),
]


@pytest.fixture(autouse=True)
def _no_exporter(monkeypatch):
    """The writer knows all that our own networks have."""
    monkeypatch.setattr(isthmus.graphs.export, "export_with_keras", lambda *arguments: pytest.fail(arguments[-1]))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_written(tmp_path, name):
    recipe = sized(RECIPES[name], (16, 16, 1))
    masked = recipe.task.kind == "segment"
    model = build_model(recipe, ImageSpec(16, 16, 2 if masked else 1, "uint8"))
    images = images_of((16, 16, 1), "uint8", 2)
    entries = export_graphs(model, tmp_path, images)
    decoder = onnxruntime.InferenceSession(tmp_path / "decoder.onnx", providers=["CPUExecutionProvider"])
    encoded = {name: ops.convert_to_numpy(value) for name, value in model.encoder(images).items()}
    (found,) = decoder.run(
        ["images"], {t.name: encoded.get(t.name, encoded["mean"]) for t in entries["decoder"].inputs}
    )
    parameters = {name: ops.convert_to_numpy(v) for name, v in model.decode(encoded["mean"], encoded).items()}
    expected = np.rint(255 * np.asarray(model.likelihood.mean(namespace, parameters)))
    assert np.abs(found - expected).max() <= 1


def noisy_model(changes, shape, dtype):
    """A model whose every weight has a say: the initial biases are zeros."""
    recipe = with_fields(Recipe(pixels=Pixels(dtype=dtype)), {"latent.dim": 2, **changes})
    model = build_model(recipe, ImageSpec(*shape, dtype))
    rng = np.random.default_rng(0)
    weights = {name: value + 0.2 * rng.standard_normal(value.shape) for name, value in weights_of(model).items()}
    set_weights(model, weights, "noise")
    return model


def images_of(shape, dtype, count=4):
    images = np.random.default_rng(1).integers(0, 256, (count, *shape)).astype(np.uint8)
    return images if dtype == "uint8" else (images / 255).astype(np.float32)


def run_graph(path, values):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {session.get_inputs()[0].name: values}), strict=True))


@pytest.mark.parametrize(("network", "latent", "likelihood", "more", "shape", "dtype"), CASES)
def test_graphs_say_what_the_model_says(tmp_path, network, latent, likelihood, more, shape, dtype):
    changes = {**SMALL[network], "latent": latent, "likelihood": likelihood, **more}
    model, images = noisy_model(changes, shape, dtype), images_of(shape, dtype)
    entries = export_graphs(model, tmp_path, images)

    for count in (1, 3):  # other batches than the one that was compared at export
        found = run_graph(tmp_path / "encoder.onnx", images[:count])
        expected = model.encoder(images[:count])
        assert set(found) == set(model.latent.parameter_names)
        for name, value in found.items():
            assert (value.shape, value.dtype) == ((count, 2), np.float32)
            np.testing.assert_allclose(value, ops.convert_to_numpy(expected[name]), rtol=1e-3, atol=1e-4)

    codes = np.random.default_rng(2).standard_normal((5, 2), np.float32)
    found = run_graph(tmp_path / "decoder.onnx", codes)
    expected = {name: ops.convert_to_numpy(value) for name, value in model.decoder(codes).items()}
    assert set(found) == {"images", *model.likelihood.parameter_names}
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-3, atol=1e-4)
    if likelihood == "logistic":
        mean = model.likelihood.mean(namespace, expected)
    else:
        mean = 1 / (1 + np.exp(-expected["logits"])) if likelihood == "bernoulli" else np.clip(expected["mean"], 0, 1)
    assert found["images"].dtype == dtype
    assert found["images"].shape == (5, *shape)
    if dtype == "uint8":
        assert np.abs(found["images"].astype(int) - np.rint(mean * 255)).max() <= 1
    else:
        np.testing.assert_allclose(found["images"], mean, atol=1e-4)

    for entry in entries.values():
        assert set(entry.max_difference) == {tensor.name for tensor in entry.outputs}
        assert all(
            difference <= (1.0 if name == "images" else 0.01) for name, difference in entry.max_difference.items()
        )
    assert entries["encoder"].inputs[0].model_dump() == {"name": "images", "dtype": dtype, "shape": ("n", *shape)}
    assert entries["decoder"].inputs[0].model_dump() == {"name": "latent", "dtype": "float32", "shape": ("n", 2)}


def test_scaling_is_in_the_graph_by_hand(tmp_path):
    """A dense encoder is a matrix product of the pixels over 255."""
    model = noisy_model({**SMALL["dense"], "network.units": [], "latent": "point"}, (3, 4, 1), "uint8")
    images = images_of((3, 4, 1), "uint8")
    export_graphs(model, tmp_path, images)
    head = model.encoder.get_layer("mean")
    expected = images.reshape(4, 12) / 255 @ ops.convert_to_numpy(head.kernel) + ops.convert_to_numpy(head.bias)
    np.testing.assert_allclose(run_graph(tmp_path / "encoder.onnx", images)["mean"], expected, rtol=1e-4, atol=1e-5)


def test_the_threshold_is_in_the_graph(tmp_path):
    changes = {**SMALL["dense"], "pixels.binarise": "threshold", "pixels.threshold": 0.3}
    export_graphs(noisy_model(changes, (4, 4, 1), "uint8"), tmp_path, images_of((4, 4, 1), "uint8"))
    means = {
        level: run_graph(tmp_path / "encoder.onnx", np.full((1, 4, 4, 1), level, np.uint8))["mean"].tolist()
        for level in (0, 76, 77, 255)
    }
    assert means[0] == means[76] != means[77] == means[255]


def test_carries_its_weights_and_nothing_of_where_it_was_made(tmp_path):
    export_graphs(noisy_model(SMALL["conv"], (8, 8, 1), "uint8"), tmp_path, images_of((8, 8, 1), "uint8"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["decoder.onnx", "encoder.onnx"]
    for path in tmp_path.iterdir():
        graph = onnx.load(path)
        onnx.checker.check_model(graph)
        assert not graph.doc_string
        assert not graph.metadata_props
        content = path.read_bytes()
        assert b".py" not in content
        assert b"site-packages" not in content


@pytest.mark.parametrize("harm", [lambda a: a + 0.05, lambda a: a * np.nan])
def test_a_graph_that_disagrees_is_not_written(tmp_path, monkeypatch, harm):
    honest = isthmus.graphs.export.write_model

    def dishonest(*arguments):
        graph = honest(*arguments)
        tensor = max(graph.graph.initializer, key=lambda one: len(one.raw_data))
        values = onnx.numpy_helper.to_array(tensor)
        tensor.CopyFrom(onnx.numpy_helper.from_array(harm(values).astype(values.dtype), tensor.name))
        return graph

    monkeypatch.setattr(isthmus.graphs.export, "write_model", dishonest)
    with pytest.raises(ExportError, match=r"encoder.onnx: output '\w+' differs from the trained model by"):
        export_graphs(noisy_model(SMALL["dense"], (8, 8, 1), "uint8"), tmp_path, images_of((8, 8, 1), "uint8"))
    assert list(tmp_path.iterdir()) == []


def test_one_image_is_enough_to_compare_on(tmp_path):
    entries = export_graphs(noisy_model(SMALL["dense"], (4, 4, 1), "uint8"), tmp_path, images_of((4, 4, 1), "uint8", 1))
    assert set(entries) == {"encoder", "decoder"}


def test_inner_layers_of_the_encoder_are_further_outputs(tmp_path):
    model, images = noisy_model(SMALL["conv"], (8, 8, 1), "uint8"), images_of((8, 8, 1), "uint8")
    entries = export_graphs(model, tmp_path, images, features=["encoder_conv_0"])
    assert [tensor.name for tensor in entries["encoder"].outputs] == ["encoder_conv_0", "log_variance", "mean"]
    found = run_graph(tmp_path / "encoder.onnx", images)
    convolution = model.networks[0].get_layer("encoder_conv_0")
    np.testing.assert_allclose(
        found["encoder_conv_0"], ops.convert_to_numpy(convolution(images / np.float32(255))), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(found["mean"], ops.convert_to_numpy(model.encoder(images)["mean"]), rtol=1e-4, atol=1e-5)
