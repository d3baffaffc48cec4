"""isthmus: autoencoders and variational autoencoders for images.

    import isthmus

    run = isthmus.train("digits", "conv-vae-fast", out="runs/digits")
    codes = run.encode(images)["mean"]
    new = run.sample(16)

All that a user may import is here.  Training needs an extra (`isthmus[tensorflow]`, `[jax]` or `[torch]`); a trained
run, opened by `isthmus.load`, needs none.
"""

import os
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus.api import evaluate as evaluate
    from isthmus.api import held_out as held_out
    from isthmus.api import train as train
    from isthmus.data import open_images as open_images
    from isthmus.errors import IsthmusError as IsthmusError
    from isthmus.recipes import RECIPES as RECIPES
    from isthmus.recipes import Recipe as Recipe
    from isthmus.restoration import Restorer as Restorer
    from isthmus.runs import Run as Run
    from isthmus.runs import load as load
    from isthmus.workflows.compression import compress as compress
    from isthmus.workflows.compression import compress_lossy as compress_lossy
    from isthmus.workflows.decompression import decompress as decompress

# ONNX Runtime reports its use to its maker, and writes a device identifier into the home directory, unless this is set
# before it is imported (its Privacy.md). Nothing of isthmus, and no exporter that isthmus calls, is imported before.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# Names are found on first use: `import isthmus` stays instant, and only `train` ever reaches a framework.
_HOMES = {
    "RECIPES": "isthmus.recipes",
    "IsthmusError": "isthmus.errors",
    "Recipe": "isthmus.recipes",
    "Restorer": "isthmus.restoration",
    "Run": "isthmus.runs",
    "compress": "isthmus.workflows.compression",
    "compress_lossy": "isthmus.workflows.compression",
    "decompress": "isthmus.workflows.decompression",
    "evaluate": "isthmus.api",
    "held_out": "isthmus.api",
    "load": "isthmus.runs",
    "open_images": "isthmus.data",
    "train": "isthmus.api",
}
__all__ = [
    "RECIPES",
    "IsthmusError",
    "Recipe",
    "Restorer",
    "Run",
    "__version__",
    "compress",
    "compress_lossy",
    "decompress",
    "evaluate",
    "held_out",
    "load",
    "open_images",
    "train",
]
__version__ = version("isthmus")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'isthmus' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
