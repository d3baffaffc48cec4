"""ONNX graphs, run by ONNX Runtime in batches."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from isthmus.errors import RunError
from isthmus.runs.manifest import GraphEntry

# A process that imported ONNX Runtime before isthmus has its telemetry on: no event from here on.
onnxruntime.disable_telemetry_events()

BATCH = 256
"""Images a call: enough to keep the cores busy, few enough to keep memory flat."""


class Session:
    """One graph with its declared inputs and outputs.

    Args:
        content: The ONNX file.
        entry: What the manifest says of it.
        where: The file, for messages.

    Raises:
        RunError: If the graph is damaged, refers to files outside itself, or is not what the manifest says.
    """

    def __init__(self, content: bytes, entry: GraphEntry, where: str) -> None:
        refuse_external_data(content, where)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # Threads that spin while they wait gain microseconds on an idle machine, and lose half the time on a busy one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own classes derive from Exception alone
            raise RunError(f"{where}: ONNX Runtime cannot open the graph ({error}).") from None
        found = {tensor.name for tensor in (*self._session.get_inputs(), *self._session.get_outputs())}
        missing = {tensor.name for tensor in (*entry.inputs, *entry.outputs)} - found
        if missing:
            raise RunError(f"{where}: the graph has no {', '.join(sorted(missing))}, which the manifest declares.")
        self._entry = entry

    def __call__(
        self, values: Mapping[str, NDArray[np.generic]], outputs: Iterable[str] | None = None
    ) -> dict[str, NDArray[np.generic]]:
        """Run the graph on inputs by name, each `(n, ...)`, `BATCH` at a time; outputs by name, each `(n, ...)`."""
        names = tuple(outputs or (tensor.name for tensor in self._entry.outputs))
        count = len(next(iter(values.values())))
        # An empty input still has to give outputs of the right shape: run it once as it is.
        starts = range(0, max(count, 1), BATCH)
        parts = [
            self._session.run(names, {name: array[start : start + BATCH] for name, array in values.items()})
            for start in starts
        ]
        return {name: np.concatenate([part[i] for part in parts]) for i, name in enumerate(names)}


def refuse_external_data(content: bytes, where: str) -> None:
    """Check that a graph holds all its weights itself.

    Raises:
        RunError: If it is damaged, or refers to other files.
    """
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's own classes
        raise RunError(f"{where}: not an ONNX file, or a torn one ({error}).") from None
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in _tensors(model)):
        raise RunError(
            f"{where}: the graph keeps its weights in other files (ONNX external data), which could be any file of "
            f"this machine. isthmus never writes such graphs and refuses them."
        )


def _tensors(message: Any) -> Iterator[onnx.TensorProto]:
    """Every tensor of a model, wherever the format lets one stand: weights, attributes, subgraphs, functions."""
    if isinstance(message, onnx.TensorProto):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in (value,) if hasattr(value, "ListFields") else value:
                yield from _tensors(part)
