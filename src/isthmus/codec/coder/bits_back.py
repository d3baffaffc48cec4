"""Bits-back coding with asymmetric numeral systems (Townsend et al. 2019).

To code an image x, a code z is popped from the stack by q(z | x), which takes bits off; then x is pushed by p(x | z),
and z by p(z).  What lies on the stack grows by the negative ELBO on average.  The first code of all needs bits to be
popped: these initial bits are no message, and are lost.

Images are coded in blocks, each as large as the bits already there allow: the decoder network then sees many codes
at once, and the initial bits are those of one image alone.
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
        encoder: From pixels to `mean` and `log_variance`.
        decoder: From codes, multiples of 1/16, to the pixel model's parameters.
        pixels: How pixels are coded, given those.
    """

    encoder: FixedPointNetwork
    decoder: FixedPointNetwork
    pixels: PixelModel

    def posterior(self, images: NDArray[np.uint8]) -> Posterior:
        """The posteriors of images `(n, h, w, c)`."""
        return Posterior.of(self.encoder, images)

    def encode(self, images: NDArray[np.uint8], posterior: Posterior) -> tuple[NDArray[np.uint32], list[int], int]:
        """Code images `(n, h, w, c)`, given their posteriors.

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
        """Give back the images `(n, *shape)` of what `encode` gave.

        Raises:
            ArchiveError: If what is left on the stack at the end are not the initial bits.
        """
        stack = Stack(words)
        images = np.empty((sum(blocks), *shape), np.uint8)
        stop = len(images)
        for count in reversed(blocks):
            images[stop - count : stop] = self._pop(stack, (count, *shape))
            stop -= count
        left = stack.words()
        if (left != initial_words(len(left))).any():
            raise ArchiveError("the coded images end elsewhere than they began: they are damaged, or of another model.")
        return images

    def bits(self, images: NDArray[np.uint8], posterior: Posterior) -> NDArray[np.int64]:
        """About how many bits each image `(n, h, w, c)` would take, `(n,)`: those of its pixels given its mean code."""
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
    """Images in a block at most, of so many numbers each."""
    return max(1, min(BLOCK_IMAGES, BLOCK_NUMBERS // dims))


def initial_words(count: int) -> NDArray[np.uint32]:
    """Bits that look random and are the same everywhere: SHA-256 of 0, 1, 2 and on, as little-endian words."""
    blocks = (hashlib.sha256(f"isthmus bits-back {i}".encode()).digest() for i in range(-(-count // 8)))
    words = np.frombuffer(b"".join(blocks), "<u4")[:count].astype(np.uint32)
    return words | np.uint32(1)  # a stack's last word is never zero
