"""Bits-back coding with asymmetric numeral systems (Townsend et al. 2019).

To code an image x, a code z is popped from the stack by q(z | x), which takes bits off; then x is pushed by p(x | z),
and z by p(z).  On average the stack grows by the negative ELBO.  The first code needs bits to be popped: these initial
bits carry no information.

Images are coded in blocks, each as large as the bits on the stack allow: the decoder network then computes many codes
at once, while the initial bits are those of a single image.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.coder.distributions import CODE_OFFSET, PixelModel, Posterior, prior_masses
from isthmus.codec.coder.stack import WORD_BITS, Stack
from isthmus.codec.network.fixed_point import FixedPointNetwork
from isthmus.errors import ArchiveError

BLOCK_IMAGES = 200
"""Images in a block, at most."""
BLOCK_NUMBERS = 160_000
"""Numbers in the images of a block, at most, unless it is of one image."""
SPARE_BITS = 64
"""Bits that a block leaves on the stack."""


@dataclass(frozen=True, eq=False)
class BitsBack:
    """Codes images on a stack.

    Attributes:
        encoder: The network from pixels to `mean` and `log_variance`.
        decoder: The network from codes, multiples of 1/16, to the parameters of the pixels.
        pixels: The distribution of pixels, given these parameters.
    """

    encoder: FixedPointNetwork
    decoder: FixedPointNetwork
    pixels: PixelModel

    def posterior(self, images: NDArray[np.uint8]) -> Posterior:
        """Compute the posteriors of images `(n, h, w, c)`."""
        return Posterior.of(self.encoder, images)

    def encode(self, images: NDArray[np.uint8], posterior: Posterior) -> tuple[NDArray[np.uint32], list[int], int]:
        """Encode images `(n, h, w, c)`, given their posteriors.

        Returns:
            The stack's words, the number of images in each block, and the initial bits.
        """
        needed = posterior.bits()
        initial = initial_words(-(-int(needed[0]) // WORD_BITS) + 2)
        stack = Stack(initial)
        limit = block_limit(images[0].size)
        blocks: list[int] = []
        start = 0
        while start < len(images):
            affordable = np.searchsorted(np.cumsum(needed[start : start + limit]), stack.bits - SPARE_BITS, "right")
            stop = start + max(1, int(affordable))
            self._push(stack, images[start:stop], posterior[start:stop])
            blocks.append(stop - start)
            start = stop
        return stack.words(), blocks, len(initial) * WORD_BITS

    def decode(
        self, words: NDArray[np.uint32], blocks: Sequence[int], shape: tuple[int, int, int]
    ) -> NDArray[np.uint8]:
        """Decode the images `(n, *shape)` from what `encode` gave.

        Raises:
            ArchiveError: If the bits left on the stack at the end are not the initial bits.
        """
        stack = Stack(words)
        images = np.empty((sum(blocks), *shape), np.uint8)
        stop = len(images)
        for count in reversed(blocks):
            images[stop - count : stop] = self._pop(stack, (count, *shape))
            stop -= count
        left = stack.words()
        if (left != initial_words(len(left))).any():
            raise ArchiveError("the initial bits of the coded images differ: they are damaged, or of another model.")
        return images

    def bits(self, images: NDArray[np.uint8], posterior: Posterior) -> NDArray[np.int64]:
        """Estimate the bits of each image `(n, h, w, c)`, `(n,)`: those of its pixels, given its mean code."""
        step = block_limit(images[0].size)
        found = []
        for start in range(0, len(images), step):
            levels = posterior[start : start + step].nearest()
            found.append(self.pixels.bits(images[start : start + step], self._parameters(levels)))
        return np.concatenate(found)

    def _push(self, stack: Stack, images: NDArray[np.uint8], posterior: Posterior) -> None:
        levels = posterior.pop(stack)
        self.pixels.push(stack, images, self._parameters(levels))
        stack.push(levels.ravel(), prior_masses())

    def _pop(self, stack: Stack, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        dim = self.decoder.nodes[0].size
        levels = stack.pop(prior_masses(), shape[0] * dim).reshape(shape[0], dim)
        images = self.pixels.pop(stack, self._parameters(levels), shape)
        self.posterior(images).push(stack, levels)
        return images

    def _parameters(self, levels: NDArray[np.integer]) -> dict[str, NDArray[np.int64]]:
        return self.decoder(levels.astype(np.int64) - CODE_OFFSET)


def block_limit(dims: int) -> int:
    """Images in a block at most, if each has `dims` numbers."""
    return max(1, min(BLOCK_IMAGES, BLOCK_NUMBERS // dims))


def initial_words(count: int) -> NDArray[np.uint32]:
    """Pseudo-random bits that are the same everywhere: SHA-256 of numbered texts, as little-endian words."""
    blocks = (hashlib.sha256(f"isthmus bits-back {i}".encode()).digest() for i in range(-(-count // 8)))
    words = np.frombuffer(b"".join(blocks), "<u4")[:count].astype(np.uint32)
    return words | np.uint32(1)  # a stack's last word is never zero
