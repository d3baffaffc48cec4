"""What TensorBoard shows of a training: the losses and their terms by epoch, and the film's frames.

Event files are written through the `tensorboard` package alone: it brings no training framework along.
"""

import io
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isthmus.autoencoder import Autoencoder
from isthmus.storage import storage_errors

VALIDATION = "val_"
FRAME = "reconstructions"


class TensorBoardLog:
    """Adds an epoch to an event file each time it is called; a resumed training adds a file of its own.

    Args:
        folder: What to give `tensorboard --logdir`; made where it is missing.
        frame: Gives the image of the epoch, uint8 `(h, w, 3)`, or None.

    Raises:
        StorageError: If the folder cannot be written to.
    """

    def __init__(self, folder: Path, frame: Callable[[], NDArray[np.uint8] | None]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._event, self._summary, self._frame = Event, Summary, frame
        # TensorBoard knows its files by this part of their names.
        self._path = folder / f"events.out.tfevents.{int(time.time()):010d}.{os.getpid()}.isthmus"
        with storage_errors(self._path):
            folder.mkdir(parents=True, exist_ok=True)
        self._add(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def __call__(self, model: Autoencoder, epoch: int, logs: Mapping[str, float]) -> None:
        """Write the numbers of an epoch, nats per image where they are losses, and its image."""
        values = [self._summary.Value(tag=tag_of(name), simple_value=value) for name, value in logs.items()]
        if logs:
            rate = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
            values.append(self._summary.Value(tag="learning_rate", simple_value=rate))
        frame = self._frame()
        if frame is not None:
            content = io.BytesIO()
            Image.fromarray(frame).save(content, "PNG")
            height, width = frame.shape[:2]
            image = self._summary.Image(
                height=height, width=width, colorspace=3, encoded_image_string=content.getvalue()
            )
            values.append(self._summary.Value(tag=FRAME, image=image))
        self._add(self._event(wall_time=time.time(), step=epoch, summary=self._summary(value=values)))

    def _add(self, event: Any) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        # Closed each time, so that a training which is cut off leaves whole records.
        with storage_errors(self._path), self._path.open("ab") as file:
            RecordWriter(file).write(event.SerializeToString())


def tag_of(column: str) -> str:
    """Where TensorBoard shows a number: training and validation of one term in one group."""
    term = column.removeprefix(VALIDATION)
    return f"{term}/{'validation' if term != column else 'training'}"
