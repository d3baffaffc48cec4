"""Probabilities as whole numbers: of codes, and of pixels given the decoder's parameters.

A number with 256 levels is coded in two steps of 16, its high four bits and then its low four.  This needs 34 values of
a distribution function instead of 257.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from isthmus.codec.arithmetic.scalars import Expression, X
from isthmus.codec.arithmetic.tables import (
    FINE_BITS,
    PROBABILITY_BITS,
    REACH,
    Family,
    Integers,
    function_table,
    interpolate,
    scaled_cumulative,
)
from isthmus.codec.coder.stack import Stack
from isthmus.codec.network.fixed_point import FixedPointNetwork

LEVELS = 256
"""Levels of a pixel, and of each latent dimension."""
CODE_BITS = 4
"""Latent codes are multiples of 1/16."""
CODE_OFFSET = LEVELS // 2
"""The level of a latent code that stands for 0."""
PARAMETER_FRACTION = 16
"""Bits after the binary point of all parameters, which are the outputs of networks."""

Parameters: TypeAlias = Mapping[str, Integers]
Cumulative: TypeAlias = Callable[[Integers], Integers]
"""Maps levels k `(m, e)` or `(e,)` to the probability of a level below k, in 2^-24: `(m, e)`."""

_STEP = 16
_INFORMATION_BITS = 8
_WHOLE = 1 << PROBABILITY_BITS
_SCALE_BITS = 20
_WEIGHT_BITS = 20
_STEEPNESS_BITS = 12
_EXP_HALF: Expression = ("Exp", ("Mul", ("constant", Fraction(-1, 2)), X))
_EXP: Expression = ("Exp", X)
_INVERSE_LEVELS: Expression = ("Mul", ("constant", Fraction(1, 255)), ("Exp", ("Neg", X)))


@dataclass(frozen=True)
class BlackOrWhite:
    """Binary pixels, 0 or 255, white with the probability sigmoid(logits)."""

    outputs: tuple[str, ...] = ("logits",)

    def push(self, stack: Stack, images: NDArray[np.uint8], parameters: Parameters) -> None:
        """Push images `(n, h, w, c)`; a pixel above 0 is white."""
        stack.push((images > 0).ravel().astype(np.int32), self._masses(parameters))

    def pop(self, stack: Stack, parameters: Parameters, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Pop images of a shape `(n, h, w, c)`."""
        return (stack.pop(self._masses(parameters)).astype(np.uint8) * np.uint8(255)).reshape(shape)

    def bits(self, images: NDArray[np.uint8], parameters: Parameters) -> Integers:
        """Estimate the bits of each image, `(n,)`."""
        masses = self._masses(parameters)
        chosen = np.where((images > 0).ravel(), masses[:, 1], masses[:, 0])
        return _summed(chosen, len(images))

    def _masses(self, parameters: Parameters) -> Integers:
        below = PARAMETER_FRACTION - FINE_BITS
        white = _at(scaled_cumulative("logistic", 2), parameters["logits"].ravel() >> below, "logistic")
        return np.stack([(_WHOLE - 1) - white, white + 1], axis=-1)


@dataclass(frozen=True)
class Discretised:
    """Pixels of 256 levels, each with the mass of its bin under a distribution or a mixture.

    The bin of level k is from k - 1/2 to k + 1/2; those of 0 and 255 are unbounded.  Parameters refer to pixels from 0
    to 1.  Salimans et al. (2017), equation 2, with channels that are independent given the code.

    Attributes:
        family: The distribution.
        mixture: Whether it is a mixture, whose components are the last axis of the parameters.
        log_scale: The logarithm of the scale if the decoder does not give it, in `PARAMETER_FRACTION` bits.
    """

    family: Family
    mixture: bool = False
    log_scale: int | None = None

    @property
    def outputs(self) -> tuple[str, ...]:
        """The parameters, by name."""
        if self.mixture:
            return ("mixture_logits", "means", "log_scales")
        return ("mean",) if self.log_scale is not None else ("mean", "log_scale")

    def push(self, stack: Stack, images: NDArray[np.uint8], parameters: Parameters) -> None:
        """Push images `(n, h, w, c)`."""
        push_levels(stack, images.ravel(), self._cumulative(parameters, images.shape))

    def pop(self, stack: Stack, parameters: Parameters, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Pop images of a shape `(n, h, w, c)`."""
        return pop_levels(stack, self._cumulative(parameters, shape)).astype(np.uint8).reshape(shape)

    def bits(self, images: NDArray[np.uint8], parameters: Parameters) -> Integers:
        """Estimate the bits of each image, `(n,)`."""
        edges = images.reshape(-1, 1).astype(np.int64) + np.arange(2)
        masses = np.diff(self._cumulative(parameters, images.shape)(edges), axis=-1)
        return _summed(masses, len(images))

    def _cumulative(self, parameters: Parameters, shape: tuple[int, ...]) -> Cumulative:
        table = scaled_cumulative(self.family, LEVELS)
        if not self.mixture:
            scale = parameters["log_scale"] if self.log_scale is None else np.array(self.log_scale)
            steepness = _steepness(_INVERSE_LEVELS, np.broadcast_to(scale, shape).ravel(), _SCALE_BITS, 8, 26)
            mean = _in_levels(np.broadcast_to(parameters["mean"], shape).ravel())
            return lambda edges: (
                _at(table, _steps(_PIXEL_EDGES[edges], mean, steepness, _SCALE_BITS), self.family) + edges
            )
        logits = parameters["mixture_logits"].reshape(-1, parameters["mixture_logits"].shape[-1])
        weights = mixture_weights(logits)
        total = weights.sum(axis=1)[:, None]
        means = _in_levels(
            np.broadcast_to(parameters["means"], parameters["mixture_logits"].shape).reshape(logits.shape)
        )
        scales = np.broadcast_to(parameters["log_scales"], parameters["mixture_logits"].shape).reshape(logits.shape)
        steepnesses = _steepness(_INVERSE_LEVELS, scales, _SCALE_BITS, 8, 26)

        def cumulative(edges: Integers) -> Integers:
            summed: Integers = np.zeros((len(logits), edges.shape[-1]), np.int64)
            for k in range(logits.shape[1]):
                steps = _steps(_PIXEL_EDGES[edges], means[:, k], steepnesses[:, k], _SCALE_BITS)
                summed += _at(table, steps, self.family) * weights[:, k, None]
            return np.asarray(summed // total + edges)

        return cumulative


PixelModel: TypeAlias = BlackOrWhite | Discretised
"""How the pixels of images are coded, given the decoder's parameters."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """The posteriors of images, Gaussian in each latent dimension.

    Attributes:
        mean: The means, in `PARAMETER_FRACTION` bits, `(n, dim)`.
        log_variance: The logarithms of the variances, in the same bits, `(n, dim)`.
    """

    mean: Integers
    log_variance: Integers

    @classmethod
    def of(cls, encoder: FixedPointNetwork, images: NDArray[np.uint8]) -> "Posterior":
        """Compute the posteriors of images `(n, h, w, c)`."""
        found = encoder(images)
        return cls(found["mean"], found["log_variance"])

    def __getitem__(self, images: slice | NDArray[np.bool_]) -> "Posterior":
        return Posterior(self.mean[images], self.log_variance[images])

    def push(self, stack: Stack, levels: NDArray[np.integer]) -> None:
        """Push codes as levels `(n, dim)`."""
        push_levels(stack, levels.ravel(), self._cumulative())

    def pop(self, stack: Stack) -> NDArray[np.int32]:
        """Pop codes as levels `(n, dim)`."""
        return pop_levels(stack, self._cumulative()).reshape(self.mean.shape)

    def bits(self) -> Integers:
        """Estimate the bits that popping each code takes, `(n,)`: its entropy, log2(16 σ √(2πe)) per dimension."""
        half_log2 = self.log_variance * 47274 >> PARAMETER_FRACTION  # log2(e) / 2 in 16 bits
        each = np.maximum(half_log2 + 396_524, 0)  # 4 + log2(2πe) / 2, likewise
        return np.asarray(each.sum(axis=1) >> PARAMETER_FRACTION)

    def nearest(self) -> NDArray[np.int64]:
        """The codes nearest to the means, as levels `(n, dim)`."""
        below = PARAMETER_FRACTION - CODE_BITS
        nearest: NDArray[np.int64] = ((self.mean + (1 << below >> 1)) >> below) + CODE_OFFSET
        return np.clip(nearest, 0, LEVELS - 1)

    def _cumulative(self) -> Cumulative:
        table = scaled_cumulative("normal", LEVELS)
        steepness = _steepness(_EXP_HALF, self.log_variance.ravel(), _STEEPNESS_BITS, 0, 26)
        mean = self.mean.ravel() >> (PARAMETER_FRACTION - FINE_BITS)
        return lambda edges: _at(table, _steps(_CODE_EDGES[edges], mean, steepness, _STEEPNESS_BITS), "normal") + edges


@cache
def prior_masses() -> Integers:
    """The probability of each level of a latent code under the standard normal, in 2^-24: `(256,)`."""
    cumulative = _at(scaled_cumulative("normal", LEVELS), np.clip(_CODE_EDGES, -1 << 20, 1 << 20), "normal")
    return np.diff(cumulative + np.arange(LEVELS + 1))


def push_levels(stack: Stack, levels: NDArray[np.integer], cumulative: Cumulative) -> None:
    """Push levels `(m,)`, 0 to 255, by their distribution functions: the low four bits, then the high four."""
    high, low = levels.astype(np.int64) >> 4, levels & (_STEP - 1)
    stack.push(low, _low_masses(cumulative, high))
    stack.push(high, _high_masses(cumulative))


def pop_levels(stack: Stack, cumulative: Cumulative) -> NDArray[np.int32]:
    """Pop levels `(m,)` by their distribution functions."""
    high = stack.pop(_high_masses(cumulative))
    low = stack.pop(_low_masses(cumulative, high.astype(np.int64)))
    return high * np.int32(_STEP) + low


def _high_masses(cumulative: Cumulative) -> Integers:
    return np.diff(cumulative(np.arange(0, LEVELS + 1, _STEP)), axis=-1)


def _low_masses(cumulative: Cumulative, high: Integers) -> Integers:
    """The masses of the low bits, given the high bits, scaled to 2^24 in whole numbers and rounded down."""
    within = cumulative(high[:, None] * _STEP + np.arange(_STEP + 1))
    within -= within[:, :1].copy()
    stretched = within * (_WHOLE - _STEP) // within[:, -1:] + np.arange(_STEP + 1)
    return np.diff(stretched, axis=-1)


def mixture_weights(logits: Integers) -> Integers:
    """The softmax of logits `(m, k)` before normalisation: e^(logit - largest) in 20 bits."""
    below = logits - logits.max(axis=1, keepdims=True)
    reach = 16 << PARAMETER_FRACTION
    return interpolate(function_table(_EXP, _WEIGHT_BITS), np.maximum(below, -reach), PARAMETER_FRACTION)


def information(masses: Integers) -> Integers:
    """-log2(mass / 2^24) with 8 bits after the point, to a tenth of a bit: linear between powers of two."""
    exponent = np.frexp(masses.astype(np.float64))[1].astype(np.int64) - 1  # 2^exponent <= mass < 2^(exponent + 1)
    beyond = ((masses << PROBABILITY_BITS) >> exponent) - _WHOLE
    return ((PROBABILITY_BITS - exponent) << _INFORMATION_BITS) - (beyond >> (PROBABILITY_BITS - _INFORMATION_BITS))


def _summed(masses: Integers, images: int) -> Integers:
    """The information in all numbers of each image, in bits, `(images,)`."""
    bits: Integers = information(masses).reshape(images, -1).sum(axis=1)
    return bits >> _INFORMATION_BITS


def _edges(first: int, step: int, end: int) -> Integers:
    """The lower edges of 256 levels, and the upper edge of the last; the outer two are beyond all values."""
    edges = first + step * np.arange(LEVELS + 1, dtype=np.int64)
    edges[0], edges[-1] = -end, end
    return edges


_CODE_EDGES = _edges((-2 * CODE_OFFSET - 1) << (FINE_BITS - CODE_BITS - 1), 1 << (FINE_BITS - CODE_BITS), 1 << 30)
_PIXEL_EDGES = _edges(-1 << (FINE_BITS - 1), 1 << FINE_BITS, 1 << 34)


def _in_levels(mean: Integers) -> Integers:
    """Scale means from 0 to 1 to means from 0 to 255, in `FINE_BITS` bits."""
    return mean * 255 >> (PARAMETER_FRACTION - FINE_BITS)


def _steepness(function: Expression, x: Integers, bits: int, least: int, most: int) -> Integers:
    """One over a scale, with `bits` bits after the point, clipped to 2^least and 2^most."""
    return np.clip(interpolate(function_table(function, bits), x, PARAMETER_FRACTION), 1 << least, 1 << most)


def _steps(edges: Integers, mean: Integers, steepness: Integers, bits: int) -> Integers:
    """Distances of edges from the mean, in scales, in `FINE_BITS` bits."""
    return (edges - mean[:, None]) * steepness[:, None] >> bits


def _at(table: Integers, steps: Integers, family: Family) -> Integers:
    """A distribution function at `steps`, in `FINE_BITS` bits."""
    reach = REACH[family] << FINE_BITS
    return table[np.clip(steps, -reach, reach) + reach]
