"""Images from a program's own data set: PyTorch's `Dataset`, `tf.data.Dataset`, and what looks like them."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.arrays import has_channels_first, has_channels_last
from isthmus.data.decode.entries import Collection, Content, Entry
from isthmus.data.decode.image_files import UnreadableError
from isthmus.data.sets import Skipped
from isthmus.errors import DataError

_IMAGE_KEYS = ("image", "images", "img", "x", "pixel_values")
_LABEL_KEYS = ("label", "labels", "class", "y", "target")


def is_data_set(data: object) -> bool:
    """Whether something gives images one by one: it has a length and items but is no array, or is a `tf.data` set."""
    if hasattr(data, "as_numpy_iterator") and hasattr(data, "element_spec"):
        return True
    if isinstance(data, list | tuple | str | bytes | Mapping | range) or hasattr(data, "__array__"):
        return False
    return hasattr(data, "__getitem__") and hasattr(data, "__len__") and not hasattr(data, "dtype")


class DataSet(Collection):
    """The elements of a data set: an image, or an image and a label, as a pair or by name.

    An image is a Pillow image, an array `(height, width[, channels])`, or a PyTorch tensor, whose channels come first.
    A `tf.data` set may be batched.

    Args:
        data: The data set, which gives the same images each time that it is gone through.
    """

    def __init__(self, data: Any) -> None:
        self._data = data
        self._tensorflow = hasattr(data, "as_numpy_iterator")
        self.kind = "tf.data set" if self._tensorflow else "data set"
        self.name = "images"
        classes = getattr(data, "classes", None)
        named = isinstance(classes, list | tuple) and all(isinstance(name, str) for name in classes)
        self.class_names = tuple(classes) if named and classes else ()

    def entries(self) -> Iterator[Entry | Skipped]:
        """The images by number."""
        for number, element in enumerate(self._elements()):
            name = f"{number:06d}"
            if isinstance(element, UnreadableError):
                yield Skipped(name, str(element))
                continue
            image, label = _parts(element)
            yield Entry(name, partial(_as_content, image), _as_label(label))

    def _elements(self) -> "Iterator[Any | UnreadableError]":
        if not self._tensorflow:
            for index in range(len(self._data)):
                try:
                    element = self._data[index]
                except Exception as error:  # a program's own code, which may open a file that is damaged
                    element = UnreadableError(f"the data set fails with {type(error).__name__}: {error}")
                yield element
            return
        for element in self._data.as_numpy_iterator():
            image, label = _parts(element)
            if getattr(image, "ndim", 0) == 4:
                for row in range(len(image)):
                    yield image[row], None if label is None else label[row]
            else:
                yield element


def _parts(element: Any) -> tuple[Any, Any]:
    if isinstance(element, Mapping):
        image = next((element[key] for key in _IMAGE_KEYS if key in element), None)
        if image is None:
            raise DataError(f"expected an element with 'image'; got one with {', '.join(map(str, element))}")
        return image, next((element[key] for key in _LABEL_KEYS if key in element), None)
    if isinstance(element, tuple | list) and element:
        return element[0], element[1] if len(element) > 1 else None
    return element, None


def _as_content(image: Any) -> Content:
    if isinstance(image, bytes):
        return image
    if hasattr(image, "convert") and hasattr(image, "getexif"):  # a Pillow image
        return image  # type: ignore[no-any-return]
    is_tensor = hasattr(image, "detach")  # of PyTorch
    try:
        array: NDArray[Any] = np.asarray(image.detach().cpu().numpy() if is_tensor else image)
    except Exception as error:  # whatever a program's own objects raise
        raise UnreadableError(f"it is no image and no array: {error}") from error
    if is_tensor and array.ndim == 3:
        if has_channels_last(array.shape):
            raise UnreadableError(
                f"expected a tensor (channels, height, width); {array.shape} has its channels last. "
                "Move them: tensor.permute(2, 0, 1)"
            )
        array = array.transpose(1, 2, 0)
    elif array.ndim == 3 and has_channels_first(array.shape):
        raise UnreadableError(
            f"expected an array (height, width, channels); {array.shape} has its channels first. "
            "Move them: image.transpose(1, 2, 0)"
        )
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise UnreadableError(
            f"expected an array (height, width) or (height, width, channels); got shape {array.shape}"
        )
    return array


def _as_label(label: Any) -> str | int | None:
    if isinstance(label, str):
        return label
    if isinstance(label, bytes):
        return label.decode("utf-8", "replace")
    try:
        array = np.asarray(label)
        if array.size == 1 and array.dtype.kind in "iub":
            return int(array.reshape(()))
    except Exception:  # an object of the program's own, which is no label
        return None
    return None
