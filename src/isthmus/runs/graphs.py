"""The graphs of a run: each is checked against the manifest, and opened when it is first needed."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import RunError
from isthmus.probability import latent_variable
from isthmus.recipes import Recipe
from isthmus.runs.checks import declared_graph, ends_of
from isthmus.runs.folder import read_file
from isthmus.runs.manifest import Manifest
from isthmus.runs.sessions import Session


class Graphs:
    """The graphs of one run.

    Args:
        path: The run's folder.
        manifest: Its manifest.
        recipe: Its recipe.
    """

    def __init__(self, path: Path, manifest: Manifest, recipe: Recipe) -> None:
        self._path, self._manifest, self._recipe = path, manifest, recipe

    @cached_property
    def encoder(self) -> Session:
        """From images to the parameters of their posteriors."""
        return self._opened("encoder")[1]

    @cached_property
    def decoder(self) -> Session:
        """From codes to images, and to the likelihood's parameters."""
        return self._opened("decoder")[1]

    def learned_prior(self, codes: Any) -> dict[str, NDArray[np.float32]]:
        """What the prior has learned, by name, for codes `(n, dim)`.

        Raises:
            RunError: If its graph is missing or damaged, or gives numbers that are not finite.
        """
        found = self._prior({"latent": np.asarray(codes, np.float32)})
        if not all(np.isfinite(array).all() for array in found.values()):
            raise RunError(f"{self._path}: the prior gives numbers that are not finite. Restore the run from a copy.")
        return found  # type: ignore[return-value]

    def file(self, name: str) -> bytes:
        """The ONNX file of the `encoder`, the `decoder` or a learned `prior`.

        ONNX Runtime opens it, and its ends are as declared.

        Raises:
            RunError: If it is missing or damaged, or does not fit the run's images and codes.
        """
        return self._opened(name)[0]

    @cached_property
    def _prior(self) -> Session:
        return self._opened("prior")[1]

    def _opened(self, name: str) -> tuple[bytes, Session]:
        manifest, path = self._manifest, self._path
        latent, classes = latent_variable(self._recipe), self._recipe.condition.classes
        ends = ends_of(name, manifest.images.spec, manifest.target.spec, latent, classes)
        entry = declared_graph(name, manifest.graphs, ends, path)
        content = read_file(path, entry.file, manifest)
        return content, Session(content, entry, str(path / entry.file))
