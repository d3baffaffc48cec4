"""The distributions that were fitted to a run's training codes."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.classes import class_number
from isthmus.errors import RunError, UsageError
from isthmus.probability.densities import GaussianMixture, typical
from isthmus.runs.folder import CODES, read_file
from isthmus.runs.manifest import Manifest

TYPICAL = "typical"
"""The typical code among the arrays of `CODES`."""
_DRAWN = 1000

FloatArray = NDArray[np.float32]


class CodeDensities:
    """The distributions of a run's training codes, of all images and of each label.

    Args:
        path: The run's folder.
        manifest: The run's manifest.
        dim: The dimensions of a code.
    """

    def __init__(self, path: Path, manifest: Manifest, dim: int) -> None:
        self._path, self._manifest, self._dim = path, manifest, dim

    def of(self, label: str | int | None = None) -> GaussianMixture:
        """The distribution of all codes, or of those of one label: the name of a class, or else its number.

        Raises:
            UsageError: If there is no such label.
            RunError: If the file is damaged.
        """
        if label is None:
            return self._density("all")
        names = self._manifest.data.class_names
        if not names:
            raise UsageError(f"{self._path} was trained on images without labels, so no label can be selected.")
        number = class_number(str(label), names)
        prefix = f"label.{number}"
        if f"{prefix}.weights" not in self._arrays:
            raise UsageError(f"no training image of {self._path} had the label {names[number]!r}.")
        return self._density(prefix)

    @property
    def labels(self) -> list[int]:
        """The number of each class that training images had."""
        count = len(self._manifest.data.class_names)
        return [label for label in range(count) if f"label.{label}.weights" in self._arrays]

    @cached_property
    def typical_code(self) -> FloatArray:
        """The code of a training image that stands for the others, float32 `(dim,)`.

        A run of an earlier version, which did not store it, has a typical one of the codes that are drawn from its
        training codes' distribution.
        """
        stored = self._arrays.get(TYPICAL)
        if stored is None:
            drawn = self.of().sample(_DRAWN, np.random.default_rng(0))
            stored = drawn[typical(drawn)]
        return np.asarray(stored, np.float32)

    def _density(self, prefix: str) -> GaussianMixture:
        try:
            density = GaussianMixture.from_arrays(self._arrays, prefix)
        except (KeyError, ValueError) as error:
            raise RunError(f"{self._path}: {CODES} is damaged ({error}). Restore it.") from None
        dim = density.means.shape[1]
        if dim != self._dim:
            raise RunError(f"{self._path}: {CODES} is of {dim} dimensions, the codes of {self._dim}. Restore it.")
        return density

    @cached_property
    def _arrays(self) -> dict[str, Any]:
        import safetensors
        import safetensors.numpy

        try:
            return dict(safetensors.numpy.load(read_file(self._path, CODES, self._manifest)))
        except (safetensors.SafetensorError, KeyError) as error:  # a type that NumPy has not is a KeyError
            raise RunError(f"{self._path}: {CODES} is damaged ({error}). Restore it.") from None
