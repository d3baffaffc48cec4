"""The entropy coder: a stack of bits that symbols are pushed on and popped from, each by its probability.

It is constriction's ANS coder (Duda et al. 2015; Bamler 2022) of 32-bit words, a 64-bit state and 24-bit probabilities.
Probabilities reach it as whole numbers of 2^-24, held in float64, which it takes over exactly: n weights that sum to
2^24 - n mean the probabilities (weight + 1) / 2^24.
"""

from typing import Any

import constriction
import numpy as np
from numpy.typing import NDArray

from isthmus.codec.arithmetic.tables import Integers

WORD_BITS = 32
_coders, _models = constriction.stream.stack, constriction.stream.model


class Stack:
    """A stack of symbols; what is pushed last is popped first.

    Args:
        words: Its content at first, uint32 `(n,)`; the last is not zero.
    """

    def __init__(self, words: NDArray[np.uint32]) -> None:
        content = (np.ascontiguousarray(words, np.uint32),) if len(words) else ()
        self._coder = _coders.AnsCoder(*content)
        # Explicit, because the default has changed between versions of constriction.
        self._family = _models.Categorical(perfect=False)

    def push(self, symbols: NDArray[np.integer], masses: Integers) -> None:
        """Push symbols `(m,)` so that they are popped in order.

        Args:
            symbols: From 0 to n - 1.
            masses: The probability of each, in 2^-24, at least 1: `(m, n)`, or `(n,)` if all have the same.
        """
        if symbols.size:
            self._coder.encode_reverse(np.ascontiguousarray(symbols, np.int32), *self._models(masses))

    def pop(self, masses: Integers, count: int | None = None) -> NDArray[np.int32]:
        """Pop symbols `(m,)`: one for each row of masses, or `count` by the same masses."""
        if masses.ndim == 1:
            popped = self._coder.decode(self._models(masses)[0], count) if count else np.empty(0, np.int32)
        else:
            popped = self._coder.decode(*self._models(masses)) if len(masses) else np.empty(0, np.int32)
        return np.asarray(popped, np.int32)

    def _models(self, masses: Integers) -> tuple[Any, ...]:
        weights = (masses - 1).astype(np.float64)
        if masses.ndim == 1:
            return (_models.Categorical(weights, perfect=False),)
        return self._family, weights

    @property
    def bits(self) -> int:
        """The number of bits on it."""
        return int(self._coder.num_bits())

    def words(self) -> NDArray[np.uint32]:
        """Its content, uint32 `(n,)`."""
        return np.asarray(self._coder.get_compressed(), np.uint32)
