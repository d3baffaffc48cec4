"""What every likelihood can do."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Parameters = Mapping[str, Any]


class Likelihood(Protocol):
    """p(x | z), pixel by pixel."""

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """What the decoder gives for each image, by name."""

    @property
    def initial_log_scale(self) -> float | None:
        """Where one scale is learned for all pixels: the value to start it from."""

    @property
    def initial_output(self) -> float:
        """Outputs of the decoder's last layer that mean a brightness of about one half."""

    def output_channels(self, channels: int) -> int:
        """The numbers that the decoder's last layer must give for a pixel with this number of channels."""

    def parameters(self, xp: Any, outputs: Any, log_scale: Any = None) -> Parameters:
        """Turn the last layer's outputs, and the shared `log_scale` `(batch, 1, 1, 1)` if any, into parameters."""

    def distortion(self, xp: Any, images: Any, parameters: Parameters) -> Any:
        """-log p(x | z), summed over pixels and channels: nats, `(batch,)`."""

    def mean(self, xp: Any, parameters: Parameters) -> Any:
        """The expected image, 0 to 1, in the images' shape."""

    def sample(self, parameters: Parameters, rng: np.random.Generator) -> NDArray[np.floating]:
        """Draw images, clipped to 0 to 1 where the likelihood reaches beyond."""
