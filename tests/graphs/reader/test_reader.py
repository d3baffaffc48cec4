import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from isthmus.graphs.reader.node import GraphError
from isthmus.graphs.reader.reader import Reader
from isthmus.graphs.reader.view import View, positions_of


class Recorder(Reader[View]):
    """Remembers what it has to compute."""

    operators = frozenset({"Exp", "Softplus"})

    def compute(self, node, arguments):
        self.computed = [*getattr(self, "computed", []), node.kind]
        if isinstance(arguments[0], View):
            return View(len(self.computed), arguments[0].positions)
        return np.logaddexp(0, arguments[0])


def read(body, *outputs, **constants):
    header = '<ir_version: 9, opset_import: ["": 18]>'
    model = onnx.parser.parse_model(f"{header} g (float[n,2,3] x) => (float y) {{ {body} }}")
    model.graph.initializer.extend(numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items())
    reader = Recorder(model, View(0, positions_of(np.arange(6).reshape(2, 3))))
    return reader, [reader.read(outputs or ["y"])[name] for name in outputs or ["y"]]


def test_moves_are_views_and_the_rest_is_computed():
    reader, (y,) = read("a = Transpose<perm = [0, 2, 1]>(x) b = Exp(a) y = Reshape(b, s)", s=[-1, 6])
    assert reader.computed == ["Exp"]
    assert y.source == 1
    np.testing.assert_array_equal(y.index(), np.arange(6).reshape(2, 3).T.ravel())


def test_shapes_are_constants():
    _, (y,) = read("s = Shape(x) i = Gather(s, k) j = Add(i, one) y = Concat<axis = 0>(j, i)", k=[0, 2], one=[1])
    np.testing.assert_array_equal(y, [3, 4, 2, 3])


def test_constants_are_folded_where_every_machine_gives_the_same():
    reader, (y,) = read("a = Mul(c, c) y = Softplus(a)", c=np.float32(3))
    assert reader.computed == ["Softplus"]
    assert y == pytest.approx(np.log1p(np.exp(9)))
    with pytest.raises(GraphError, match="the operator ReduceSum"):
        read("y = ReduceSum(c)", c=np.ones(3, np.float32))


def test_what_is_not_on_the_list_is_refused():
    with pytest.raises(GraphError, match=r"has the operator Sin \(y\)"):
        read("y = Sin(x)")


def test_a_second_input_is_refused():
    with pytest.raises(GraphError, match="of other, which its input does not give"):
        read("y = Add(x, other)")
