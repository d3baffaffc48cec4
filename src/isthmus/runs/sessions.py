"""ONNX graphs, run by ONNX Runtime in batches."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from isthmus.data import batch_size_for
from isthmus.errors import RunError
from isthmus.runs.manifest import GraphEntry
from isthmus.wording import one_line

# A process that imported ONNX Runtime before isthmus has its telemetry on: no event from here on.
onnxruntime.disable_telemetry_events()


class Session:
    """One graph with its declared inputs and outputs.

    Args:
        content: The ONNX file.
        entry: What the manifest says of it.
        where: The file, for messages.

    Raises:
        RunError: If the graph is damaged, refers to files outside itself, holds control flow, or is not what the
            manifest says.
    """

    def __init__(self, content: bytes, entry: GraphEntry, where: str) -> None:
        open_graph(content, where)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # it would write names of the graph's nodes to the terminal as they are
        # Threads that spin while they wait gain microseconds on an idle machine, and lose half the time on a busy one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own classes derive from Exception alone
            raise RunError(f"{where}: ONNX Runtime cannot open the graph ({one_line(error)}).") from None
        self._outputs = {tensor.name: tensor for tensor in entry.outputs}
        self._where = where
        sizes = (math.prod(size for size in tensor.shape if size != "n") for tensor in (*entry.inputs, *entry.outputs))
        self._batch_size = batch_size_for(max(sizes))
        found = {end.name: end for end in (*self._session.get_inputs(), *self._session.get_outputs())}
        missing = {tensor.name for tensor in (*entry.inputs, *entry.outputs)} - set(found)
        if missing:
            raise RunError(f"{where}: the graph has no {', '.join(sorted(missing))}, which the manifest declares.")
        for tensor in (*entry.inputs, *entry.outputs):
            end = found[tensor.name]
            if end.type != _TYPES[tensor.dtype] or not _may_be(end.shape, tensor.shape):
                raise RunError(
                    f"{where}: {tensor.name} is {end.type} {tuple(end.shape)} in the graph, and the manifest declares "
                    f"{tensor.dtype} {tensor.shape}. Restore the run from a copy."
                )

    def __call__(
        self, values: Mapping[str, NDArray[np.generic]], outputs: Iterable[str] | None = None
    ) -> dict[str, NDArray[np.generic]]:
        """Run the graph on inputs by name, each `(n, ...)`, in batches; outputs by name, each `(n, ...)`.

        Raises:
            RunError: If ONNX Runtime cannot run it, or gives other shapes than the manifest declares.
        """
        names = tuple(outputs or self._outputs)
        if missing := set(names) - set(self._outputs):
            raise RunError(f"{self._where}: the manifest declares no {', '.join(sorted(missing))}.")
        count = len(next(iter(values.values())))
        # An empty input still has to give outputs of the right shape: run it once as it is.
        size = self._batch_size
        parts = [
            self._run(names, {key: array[start : start + size] for key, array in values.items()})
            for start in range(0, max(count, 1), size)
        ]
        return {name: np.concatenate([part[i] for part in parts]) for i, name in enumerate(names)}

    def _run(self, names: Sequence[str], values: Mapping[str, NDArray[np.generic]]) -> list[NDArray[np.generic]]:
        try:
            found: list[NDArray[np.generic]] = self._session.run(names, values)
        except Exception as error:  # as above
            raise RunError(f"{self._where}: ONNX Runtime cannot run the graph ({one_line(error)}).") from None
        count = len(next(iter(values.values())))
        for name, array in zip(names, found, strict=True):
            declared = tuple(count if size == "n" else size for size in self._outputs[name].shape)
            if array.shape != declared:
                raise RunError(
                    f"{self._where}: {name} came as {array.shape}, and the manifest declares {declared}. Restore the "
                    "run from a copy."
                )
        return found


_TYPES = {"float32": "tensor(float)", "uint8": "tensor(uint8)"}


def _may_be(found: Sequence[int | str | None], declared: Sequence[int | str]) -> bool:
    """Whether a graph's shape, some of whose sizes it may leave open, can be what the manifest declares."""
    return len(found) == len(declared) and all(
        not isinstance(size, int) or size == wanted for size, wanted in zip(found, declared, strict=True)
    )


def open_graph(content: bytes, where: str) -> onnx.ModelProto:
    """Open a graph that holds all its weights itself, and that ends: a loop would not hear Ctrl-C.

    Raises:
        RunError: If it is damaged, refers to other files, or holds control flow or functions.
    """
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's own classes
        raise RunError(f"{where}: not an ONNX file, or a truncated one ({one_line(error)}).") from None
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in _tensors(model)):
        raise RunError(
            f"{where}: the graph keeps its weights in other files (ONNX external data), which could be any file of "
            f"this machine. isthmus never writes such graphs and refuses them."
        )
    # A node with a graph of its own is a loop or a branch; functions that call others twice each multiply without end.
    attributes = (attribute for node in model.graph.node for attribute in node.attribute)
    if model.functions or any(attribute.HasField("g") or attribute.graphs for attribute in attributes):
        raise RunError(
            f"{where}: the graph holds control flow or functions, with which it could run without end. isthmus refuses "
            "such graphs. A custom network has to do without loops, branches and recurrent layers that export to them."
        )
    return model


def _tensors(message: Any) -> Iterator[onnx.TensorProto]:
    """Every tensor of a model, wherever the format lets one stand: weights, attributes, subgraphs, functions."""
    if isinstance(message, onnx.TensorProto):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in (value,) if hasattr(value, "ListFields") else value:
                yield from _tensors(part)
