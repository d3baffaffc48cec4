"""Programs in the page's own engine against ONNX Runtime: every operator by itself, and whole networks."""

import hashlib
import json
import shutil
import subprocess

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from sharing import share

from isthmus.data import ImageSpec
from isthmus.errors import ExportError, RunError
from isthmus.explorer.export.bundle import bundle
from isthmus.explorer.export.translation import FUNCTIONS, translate
from isthmus.probability import latent_of, likelihood_of
from isthmus.recipes import RECIPES, Recipe, sized, with_fields

RNG = np.random.default_rng(0)
RUN = """
const { Network } = $network;
const network = new Network(given.program);
return given.inputs.map((values) =>
  Object.fromEntries(Object.entries(network.run(values)).map(([name, found]) => [name, Array.from(found)])));
"""


def in_node(source, given):
    """What a function's body returns of a value, `given`."""
    program = f"""
let text = "";
process.stdin.on("data", (part) => (text += part)).on("end", async () => {{
  const found = await (async (given) => {{ {source} }})(JSON.parse(text));
  console.log(JSON.stringify(found));
}});
"""
    done = subprocess.run(
        ["node", "--eval", program], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=["node", "chromium"])
def run_program(request):
    """Run a program on inputs `(n, ...)`, in each engine that is there; outputs by name, `(n, numbers)`."""
    source = bundle("network") + RUN
    if request.param == "node":
        if shutil.which("node") is None:
            pytest.skip("there is no Node on this machine")
        engine = in_node
    else:
        page = request.getfixturevalue("chromium").new_page()

        def engine(source, given):
            return page.evaluate(f"async (given) => {{ {source} }}", given)

    def run(program, inputs, precision="float32"):
        rows = np.asarray(inputs, np.float64).reshape(len(inputs), -1).tolist()
        found = engine(source, {"program": program.to_json(precision), "inputs": rows})
        return {name: np.array([one[name] for one in found]) for name in program.outputs}

    return run


def weights(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def graph_of(body, shape="3,5,4", kind="float", **constants):
    """An ONNX file from `x`, a batch of `shape`, to `y`."""
    header = '<ir_version: 9, opset_import: ["": 20]>'
    model = onnx.parser.parse_model(f"{header} g ({kind}[n,{shape}] x) => (float y) {{ {body} }}")
    model.graph.initializer.extend(numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items())
    return model.SerializeToString()


def by_onnx_runtime(graph, inputs, outputs):
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    rows = [session.run(outputs, {name: one[None]}) for one in inputs]
    return {output: np.stack([row[i].ravel() for row in rows]) for i, output in enumerate(outputs)}


def check(run_program, graph, inputs, outputs=("y",), **tolerance):
    program = translate(graph, outputs, "g.onnx")
    found, expected = run_program(program, inputs), by_onnx_runtime(graph, inputs, list(outputs))
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, **{"rtol": 1e-5, "atol": 1e-5, **tolerance}, err_msg=name)
    return program


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions(run_program, function):
    values = np.concatenate([np.linspace(-6, 6, 49), [-0.5, 0.5, 1.5, 2.5, -80.0, 80.0]]).astype(np.float32)
    if function in ("Log", "Sqrt"):
        values = np.abs(values) + 0.1
    check(run_program, graph_of(f"y = {function}(x)", "55"), values[None])


@pytest.mark.parametrize(
    "body", ["y = LeakyRelu<alpha = 0.3>(x)", "y = Elu<alpha = 2.0>(x)", 'y = Gelu<approximate = "tanh">(x)']
)
def test_settings_of_functions(run_program, body):
    check(run_program, graph_of(body, "60"), weights(2, 60))


@pytest.mark.parametrize("function", ["Add", "Div", "Max", "Min", "Mul", "Sub"])
@pytest.mark.parametrize("shape", [(), (4,), (3, 1, 1), (3, 5, 4)])
def test_arithmetic_with_constants_from_either_side(run_program, function, shape):
    constant = np.abs(weights(*shape)) + 0.5
    inputs = np.abs(weights(2, 3, 5, 4)) + 0.5
    for order in ("x, c", "c, x"):
        check(run_program, graph_of(f"y = {function}({order})", c=constant), inputs)


def test_powers_and_comparisons(run_program):
    inputs = np.abs(weights(2, 3, 5, 4))
    for body in ("y = Pow(x, c)", "b = Greater(x, c) y = Cast<to = 1>(b)", "b = Less(c, x) y = Cast<to = 1>(b)"):
        check(run_program, graph_of(body, c=np.float32(0.7)), inputs)


@pytest.mark.parametrize(
    "body",
    [
        "y = Softmax<axis = 1>(x)",
        "y = Softmax(x)",
        "y = ReduceSum<keepdims = 0>(x, a)",
        "y = ReduceSum(x, a)",
        "t = Transpose<perm = [0, 2, 3, 1]>(x) s = Softmax(t) y = ReduceSum<keepdims = 0>(s, a)",
    ],
)
def test_along_an_axis(run_program, body):
    check(run_program, graph_of(body, a=[2]), 9 * weights(2, 3, 5, 4))


def test_values_meet_values(run_program):
    inputs = weights(2, 3, 5, 4)
    check(run_program, graph_of("a = Sigmoid(x) y = Mul(x, a)"), inputs)
    turned = graph_of(
        "a = Transpose<perm = [0, 2, 3, 1]>(x) b = Exp(x) c = Transpose<perm = [0, 2, 3, 1]>(b) y = Add(a, c)"
    )
    check(run_program, turned, inputs)
    # A block of another order, and one that is repeated to fit.
    check(run_program, graph_of("a = Transpose<perm = [0, 1, 3, 2]>(x) y = Sub(x, a)", "3,4,4"), weights(2, 3, 4, 4))
    check(run_program, graph_of("a = Slice(x, s, e, k) y = Mul(a, x)", s=[1], e=[2], k=[2]), inputs)


@pytest.mark.parametrize(
    ("body", "constants"),
    [
        ("y = Transpose<perm = [0, 2, 3, 1]>(x)", {}),
        ("a = Transpose<perm = [3, 1, 0, 2]>(x) y = Transpose<perm = [2, 0, 1, 3]>(a)", {}),
        ("y = Reshape(x, s)", {"s": [-1, 4, 15]}),
        ("a = Transpose<perm = [0, 3, 1, 2]>(x) y = Reshape(a, s)", {"s": [0, -1]}),
        ("y = Slice(x, s, e, k, d)", {"s": [1, -1], "e": [9, -5], "k": [2, 3], "d": [2, -1]}),
        ("y = Pad(x, p)", {"p": [0, 0, 1, 2, 0, 0, 0, 1]}),
        ("a = Pad(x, p) y = Sigmoid(a)", {"p": [0, 0, 1, 2, 0, 0, 0, 1]}),
        ("a = Pad(x, p) y = Add(a, b)", {"p": [0, 0, 1, 2, 0, 0, 0, 1], "b": weights(3, 1, 1)}),
        ("a = Slice(x, s, e) y = Add(a, b)", {"s": [0, 0, 1], "e": [9, 9, 4], "b": weights(3, 1, 1)}),
        ("a = Unsqueeze(x, k) b = Tile(a, t) y = Reshape(b, s)", {"k": [3], "t": [1, 1, 1, 2, 1], "s": [-1, 3, 10, 4]}),
        ("a = Unsqueeze(x, k) b = Expand(a, e) y = Tanh(b)", {"k": [4], "e": [1, 3, 5, 4, 2]}),
        ("y = Gather<axis = 2>(x, i)", {"i": [4, 0, 0]}),
        (
            "a = Transpose<perm = [2, 3, 0, 1]>(x) b = GatherND(a, i) y = Transpose<perm = [2, 0, 1, 3]>(b)",
            {"i": [[[1, 0], [1, 2]], [[3, 0], [3, 2]]]},
        ),
    ],
)  # fmt: skip
def test_movements(run_program, body, constants):
    shape = "3,4,5" if "[0, 3, 1, 2]" in body else "3,5,4"
    inputs = weights(2, *map(int, shape.split(",")))
    check(run_program, graph_of(body, shape, **constants), inputs)


@pytest.mark.parametrize("channels", [1, 4, 7])
@pytest.mark.parametrize(
    ("kernel", "settings"),
    [
        ((3, 3), "pads = [1, 1, 1, 1]"),
        ((3, 2), "strides = [2, 1]"),
        ((2, 3), "strides = [2, 3], pads = [0, 1, 1, 2]"),
        ((1, 1), "strides = [1, 1]"),
        ((5, 4), "pads = [4, 0, 0, 3], strides = [3, 2]"),
    ],
)
def test_convolutions(run_program, kernel, settings, channels):
    inputs = weights(2, 3, 5, 4)
    w, b = weights(channels, 3, *kernel), weights(channels)
    check(run_program, graph_of(f"y = Conv<{settings}>(x, w, b)", w=w, b=b), inputs)
    check(run_program, graph_of(f"y = Conv<{settings}>(x, w)", w=w), inputs)


@pytest.mark.parametrize("channels", [1, 4, 7])
@pytest.mark.parametrize(
    ("kernel", "settings"),
    [
        ((3, 3), "strides = [2, 2], pads = [0, 0, 1, 1]"),
        ((3, 3), "pads = [1, 1, 1, 1]"),
        ((2, 3), "strides = [3, 2], pads = [1, 0, 0, 1]"),
        ((4, 4), "strides = [2, 2], pads = [1, 1, 1, 1], output_padding = [1, 0]"),
        ((1, 1), "strides = [2, 2]"),
    ],
)
def test_transposed_convolutions(run_program, kernel, settings, channels):
    w, b = weights(3, channels, *kernel), weights(channels)
    check(run_program, graph_of(f"y = ConvTranspose<{settings}>(x, w, b)", w=w, b=b), weights(2, 3, 5, 4))


def test_convolutions_read_moved_images_where_they_stand(run_program):
    """Doubled, padded and cropped on the way: still one step."""
    body = """
        a = Unsqueeze(x, four) b = Tile(a, twice) c = Reshape(b, wide) d = Pad(c, border) e = Slice(d, start, end, rows)
        f = Transpose<perm = [0, 3, 1, 2]>(e) y = Conv(f, w)
    """
    graph = graph_of(
        body, "5,4,3", four=[3], twice=[1, 1, 1, 2, 1], wide=[-1, 5, 8, 3], border=[0, 1, 1, 0, 0, 1, 2, 0], start=[2],
        end=[7], rows=[1], w=weights(4, 3, 3, 3),
    )  # fmt: skip
    program = check(run_program, graph, weights(2, 5, 4, 3))
    assert [step["do"] for step in program.steps].count("convolve") == 1
    assert len(program.steps) <= 2  # the answer is put in order


def test_products(run_program):
    inputs, w, b = weights(2, 12), weights(12, 7), weights(7)
    check(run_program, graph_of("y = Gemm(x, w, b)", "12", w=w, b=b), inputs)
    check(run_program, graph_of("y = Gemm<transB = 1, alpha = 0.5, beta = 2.0>(x, w, b)", "12", w=w.T, b=b), inputs)
    check(run_program, graph_of("y = MatMul(x, w)", "12", w=w), inputs)


def test_pixels_in_and_out(run_program):
    """Eight bits to numbers, and back, rounded half to even and cut off."""
    scaled = graph_of("a = Cast<to = 1>(x) y = Div(a, c)", "40", "uint8", c=np.float32(255))
    check(run_program, scaled, RNG.integers(0, 256, (2, 40)).astype(np.uint8), rtol=1e-7)
    for middle in ("a = Round(x)", "a = Clip(x, low, high)"):
        cut = graph_of(f"{middle} b = Cast<to = 2>(a) y = Cast<to = 1>(b)", "40", low=np.float32(2), high=np.float32(9))
        check(run_program, cut, np.linspace(0, 10, 40, dtype=np.float32)[None], atol=0)


def test_half_precision_is_rounding_of_the_weights_and_nothing_else(run_program):
    w = np.concatenate([weights(200), [0.0, 6e-8, 1e-5, 65504.0, -1.0, 1.0009765625]]).astype(np.float32).reshape(1, -1)
    program = translate(graph_of("y = Gemm(x, w)", "1", w=w), ["y"], "g.onnx")
    found = run_program(program, [[1.0]], "float16")["y"]
    np.testing.assert_array_equal(found[0].astype(np.float32), w[0].astype(np.float16).astype(np.float32))


def test_only_what_is_asked_for_is_computed():
    header = '<ir_version: 9, opset_import: ["": 20]>'
    model = onnx.parser.parse_model(f"{header} g (float[n,4] x) => (float y, float z) {{ y = Exp(x) z = Sin(x) }}")
    program = translate(model.SerializeToString(), ["y"], "g.onnx")
    assert [step["function"] for step in program.steps] == ["Exp"]
    with pytest.raises(ExportError, match=r"g.onnx: the graph has the operator Sin \(z\), which .*explore"):
        translate(model.SerializeToString(), ["z"], "g.onnx")


@pytest.mark.parametrize(
    ("body", "constants", "message"),
    [
        ("y = Conv<group = 3>(x, w)", {"w": weights(3, 1, 3, 3)}, "groups"),
        ("y = Conv<dilations = [2, 2]>(x, w)", {"w": weights(3, 3, 2, 2)}, "dilations"),
        ('y = Conv<auto_pad = "SAME_UPPER">(x, w)', {"w": weights(3, 3, 2, 2)}, "padding to the reader"),
        ("y = Pad(x, p, c)", {"p": [0, 0, 1, 1, 0, 0, 1, 1], "c": np.float32(1)}, "other than zero"),
        ("y = MatMul(x, w)", {"w": weights(4, 2)}, "a row of numbers"),
        ("y = Gather<axis = 3>(x, i) ", {"i": [[0, 1], [3, 0]]}, "differs between rows or columns"),
    ],
)
def test_what_a_page_cannot_do_is_said(body, constants, message):
    with pytest.raises(ExportError, match=message):
        translate(graph_of(body, **constants), ["y"], "g.onnx")


def test_a_graph_with_weights_elsewhere_is_refused():
    model = onnx.load_model_from_string(graph_of("y = Gemm(x, w)", "3", w=weights(3, 2)))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secrets.bin")
    with pytest.raises(RunError, match="other files"):
        translate(model.SerializeToString(), ["y"], "g.onnx")


def export(folder, recipe, spec, images):
    """Write the graphs of an untrained model, none of its weights zero."""
    from isthmus.graphs.export import export_graphs
    from isthmus.training.fit import build_model
    from isthmus.training.weights import set_weights, weights_of

    model = build_model(recipe, spec)
    noise = np.random.default_rng(1)
    noisy = {name: value + 0.05 * noise.standard_normal(value.shape) for name, value in weights_of(model).items()}
    set_weights(model, noisy, "noise")
    export_graphs(model, folder, images)


def check_networks(run_program, factory, recipe, spec):
    images = np.random.default_rng(2).integers(0, 256, (3, *spec.shape)).astype(np.uint8)
    name = hashlib.sha256(f"{recipe!r} {spec!r}".encode()).hexdigest()
    graphs = share(factory, f"graphs-{name[:16]}", lambda folder: export(folder, recipe, spec, images))
    encoder, decoder = ((graphs / f"{name}.onnx").read_bytes() for name in ("encoder", "decoder"))
    check(run_program, encoder, images, latent_of(recipe.latent).parameter_names, rtol=1e-4, atol=1e-4)
    outputs = ("images", *likelihood_of(recipe.likelihood).parameter_names)
    codes = weights(3, recipe.latent.dim)
    program = translate(decoder, outputs, "decoder.onnx")
    found, expected = run_program(program, codes), by_onnx_runtime(decoder, codes, list(outputs))
    for name in outputs:
        # A sum in another order may fall to the other side of a half.
        allowed = {"atol": 1} if name == "images" else {"rtol": 1e-4, "atol": 1e-4}
        np.testing.assert_allclose(found[name], expected[name].astype(float), **allowed)
    assert (found["images"] == np.rint(found["images"])).all()


SMALL = [
    ({"network": "conv", "network.filters": [4, 8], "latent.dim": 3}, (13, 11, 3)),
    ({"network": "dense", "network.units": [9], "latent": "point"}, (6, 7, 1)),
    ({"network": "upsample", "latent": "point", "likelihood": "gaussian", "likelihood.scale": "shared"}, (9, 10, 3)),
    (
        {"network": "conv", "likelihood": "laplace", "likelihood.scale": "per-pixel", "likelihood.mean": "free"},
        (8, 8, 1),
    ),
]


@pytest.mark.parametrize(("changes", "shape"), SMALL)
def test_networks_of_every_kind(run_program, tmp_path_factory, changes, shape):
    check_networks(run_program, tmp_path_factory, with_fields(Recipe(), changes), ImageSpec(*shape))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.task.kind == "reconstruct"])
@pytest.mark.parametrize("shape", [(28, 28, 1), pytest.param((20, 23, 3), marks=pytest.mark.thorough)])
def test_every_recipe(run_program, tmp_path_factory, name, shape):
    check_networks(run_program, tmp_path_factory, sized(RECIPES[name], shape), ImageSpec(*shape))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["linear", "relu", "leaky_relu", "elu", "silu", "tanh", "sigmoid", "softplus"])
def test_every_activation(run_program, tmp_path_factory, name):
    recipe = with_fields(Recipe(), {"network": "dense", "network.units": [9], "network.activation": name})
    check_networks(run_program, tmp_path_factory, recipe, ImageSpec(4, 4, 1))
