"""The precision of layers: what they compute in. Their weights are float32 in any case."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def layer_precision(policy: str) -> Iterator[None]:
    """Give layers that are made within a precision, whatever the process has set for others.

    Args:
        policy: The name of one of Keras's dtype policies: `float32`, `mixed_bfloat16` or `mixed_float16`.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
