"""Muon: momentum whose matrices are made orthogonal (Jordan et al. 2024, "Muon: an optimizer for hidden layers")."""

from typing import Any

import keras
from keras import ops

_RMS = 0.2
"""The root mean square of an update is about Adam's, so that both take one learning rate (Liu et al. 2025, eq. 4)."""


@keras.saving.register_keras_serializable("isthmus")
class KernelMuon(keras.optimizers.Muon):
    """Keras's Muon, for the kernels of convolutions too; all else is Adam's.

    A kernel `(h, w, inputs, outputs)` counts as the matrix `(h · w · inputs, outputs)` that multiplies a neighbourhood.
    A direction with small gradients counts as much as one with large ones, so that few steps suffice where directions
    differ much; a step takes up to twice as long as Adam's.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) < 2 or variable.name != "kernel"

    def lr_adjust(self, x: Any) -> Any:
        """An update as it is: it has its scale already."""
        return x

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """The orthogonal matrix nearest to a kernel, approximately, at the scale of Adam's updates."""
        matrix = ops.reshape(x, (-1, x.shape[-1]))
        scale = _RMS * max(matrix.shape) ** 0.5
        return ops.reshape(scale * super().zeropower_via_newtonschulz5(matrix, steps), x.shape)
