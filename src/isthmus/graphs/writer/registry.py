"""Which function writes which operation or layer of Keras."""

from collections.abc import Callable
from typing import Any, TypeVar

from isthmus.graphs.writer.graph import Value

Writer = Callable[..., Value | list[Value]]
"""`(graph, operation, out, *args, **kwargs)`: adds the nodes of one call, and returns its output or outputs.

`operation` is the layer or operation of Keras, with its settings. `out` has the `shape` and the `dtype` of the output,
as Keras has them; where there are several, it is a list. The arguments are those of the operation's `call`, with
a `Value` for each tensor.
"""
_WRITERS: dict[str, Writer] = {}
_AnyWriter = TypeVar("_AnyWriter", bound=Writer)


class NoWriterError(Exception):
    """An operation, a layer or one of its settings that the writer does not know."""


def writes(*kinds: str) -> Callable[[_AnyWriter], _AnyWriter]:
    """Register a writer for kinds of operations, such as `ops.Add` or `layers.Dense`."""

    def register(writer: _AnyWriter) -> _AnyWriter:
        _WRITERS.update(dict.fromkeys(kinds, writer))
        return writer

    return register


def kind_of(operation: Any) -> str:
    """`layers.Dense` for Keras's own layer of that name, `ops.Add` for its operation; empty for all other classes.

    Keras exports its operations as functions; their classes have no public name.
    """
    package, *path = type(operation).__module__.split(".")
    return f"{path[1]}.{type(operation).__name__}" if package == "keras" and path[:1] == ["src"] else ""


def writer_of(operation: Any) -> Writer | None:
    """The writer of an operation, which a class outside Keras may state itself as the method `to_onnx`."""
    own: Writer | None = getattr(type(operation), "to_onnx", None)
    if own is not None:
        return lambda graph, operation, out, *args, **kwargs: own(operation, graph, out, *args, **kwargs)
    return _WRITERS.get(kind_of(operation))
