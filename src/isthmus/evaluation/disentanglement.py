"""Whether single dimensions of a code stand for single factors that images were drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.evaluation.measurements import Measurements
from isthmus.evaluation.table import Row, Section, value_row
from isthmus.noise import random_order
from isthmus.progress import progress_bar
from isthmus.wording import spell_count

TITLE = "Disentanglement"
BINS = 20
_VOTES = 2_000
_VOTE_BATCH = 64
_FACTOR_STREAM = 0x66616374

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class DCI:
    """Eastwood & Williams (2018): from how much each dimension matters when a forest predicts each factor.

    Attributes:
        disentanglement: 1 if each dimension matters for one factor only.
        completeness: 1 if each factor needs one dimension only.
        informativeness: R² (accuracy for a factor of few values) on held-out images, the mean over factors.
    """

    disentanglement: float
    completeness: float
    informativeness: float


@dataclass(frozen=True)
class Disentanglement:
    """The three scores, each from 0 to 1, and each factor's own gap."""

    mig: float
    gaps: tuple[float, ...]
    dci: DCI
    factor_vae: float
    factor_names: tuple[str, ...]
    count: int


def measure_disentanglement(measured: Measurements) -> Disentanglement | str:
    """Score the codes of test images whose factors are known; or say why that cannot be."""
    source = measured.test_subset
    if source.factors is None:
        return "The factors that these images were drawn from are not known; those of `sprites` are."
    codes, factors = measured.subset_codes.mean, source.factors
    with progress_bar("disentanglement", 3) as bar:
        gaps = mutual_information_gaps(codes, factors)
        bar.update(1)
        importance = dci(codes, factors, measured.seed)
        bar.update(2)
        votes = factor_vae_score(codes, factors, measured.seed)
        bar.update(3)
    return Disentanglement(float(np.mean(gaps)), gaps, importance, votes, tuple(source.factor_names), len(codes))


def mutual_information_gaps(codes: FloatArray, factors: FloatArray) -> tuple[float, ...]:
    """For each factor, the mutual information with the dimension that tells most of it, less the second's.

    Chen et al. (2018), eq. 6, each divided by the factor's entropy; their mean is the MIG.  Codes `(n, d)` and factors
    `(n, k)` of more than `BINS` values are counted in as many bins of equal width.
    """
    binned_codes = [_binned(column) for column in codes.T]
    gaps = []
    for factor in (_binned(column) for column in factors.T):
        entropy = _entropy(factor)
        told = sorted((_mutual_information(code, factor) for code in binned_codes), reverse=True)
        told += [0.0] * (2 - len(told))
        gaps.append((told[0] - told[1]) / entropy if entropy > 0.0 else 0.0)
    return tuple(float(gap) for gap in gaps)


def dci(codes: FloatArray, factors: FloatArray, seed: int) -> DCI:
    """Disentanglement, completeness and informativeness of codes `(n, d)` about factors `(n, k)`, by random forests."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    fitted, tested = np.array_split(random_order(len(codes), [seed]), 2)
    importances, scores = [], []
    for factor in factors.T:
        few = len(np.unique(factor)) <= BINS
        kind = RandomForestClassifier if few else RandomForestRegressor
        target = factor.astype(np.int64) if few else factor
        forest = kind(n_estimators=30, min_samples_leaf=5, max_features=None, random_state=seed)
        forest.fit(codes[fitted], target[fitted])
        importances.append(forest.feature_importances_)
        scores.append(max(0.0, float(forest.score(codes[tested], target[tested]))))
    matters = np.stack(importances, axis=1)  # (d, k)
    return DCI(
        disentanglement=_concentration(matters),
        completeness=_concentration(matters.T),
        informativeness=float(np.mean(scores)),
    )


def factor_vae_score(codes: FloatArray, factors: FloatArray, seed: int) -> float:
    """How often the dimension that varies least identifies the factor that was fixed (Kim & Mnih 2018, section 4.1).

    A factor of more than `BINS` values is held within a bin.  Each vote looks at up to 64 images; the rule from
    dimension to factor is learned on one half of the votes and scored on the other.
    """
    rng = np.random.default_rng([seed, _FACTOR_STREAM])
    spread = codes.std(axis=0)
    alive = spread > 0.05 * spread.max(initial=0.0)  # as the authors leave out collapsed dimensions
    if not alive.any():
        return 1.0 / float(factors.shape[1])
    scaled = codes[:, alive] / spread[alive]
    binned = [_binned(column) for column in factors.T]
    members = [[np.flatnonzero(factor == value) for value in np.unique(factor)] for factor in binned]
    votes = np.zeros((2, scaled.shape[1], len(binned)), np.int64)
    for vote in range(_VOTES):
        factor = int(rng.integers(len(binned)))
        value = int(binned[factor][rng.integers(len(codes))])
        alike = members[factor][int(np.searchsorted(np.unique(binned[factor]), value))]
        if len(alike) < 2:
            continue
        some = rng.choice(alike, min(_VOTE_BATCH, len(alike)), replace=False)
        votes[vote % 2, int(np.argmin(scaled[some].var(axis=0))), factor] += 1
    rule = votes[0].argmax(axis=1)
    right = sum(votes[1, dimension, rule[dimension]] for dimension in range(scaled.shape[1]))
    return float(right / max(1, votes[1].sum()))


def disentanglement_section(found: Disentanglement | str) -> Section:
    """The table of disentanglement metrics, or the reason why there are none."""
    if isinstance(found, str):
        return Section("disentanglement", TITLE, (), found)
    where = f"on {spell_count(found.count, 'image')}"
    rows = [
        value_row("mig", "MIG", found.mig, f"Mutual information gap (Chen et al. 2018), {BINS} bins, {where}."),
        value_row(
            "dci_disentanglement",
            "DCI disentanglement",
            found.dci.disentanglement,
            "1 if each dimension matters for one factor only (Eastwood & Williams 2018, random forests).",
        ),
        value_row(
            "dci_completeness", "DCI completeness", found.dci.completeness, "1 if each factor needs one dimension."
        ),
        value_row(
            "dci_informativeness",
            "DCI informativeness",
            found.dci.informativeness,
            "R² or accuracy of the factors from the code, on held-out images.",
        ),
        value_row(
            "factor_vae_score",
            "FactorVAE score",
            found.factor_vae,
            f"How often the dimension that varies least identifies the factor that was fixed (Kim & Mnih 2018); "
            f"by chance {1 / len(found.factor_names):.2f}.",
        ),
        *_gap_rows(found.factor_names, found.gaps),
    ]
    return Section("disentanglement", TITLE, tuple(rows))


def _gap_rows(names: Sequence[str], gaps: Sequence[float]) -> list[Row]:
    return [
        value_row(f"mig_{name}", f"gap of {name}", gap, "The factor's own share of the MIG.")
        for name, gap in zip(names, gaps, strict=True)
    ]


def _binned(values: FloatArray) -> NDArray[np.int64]:
    """Numbers of bins: the values themselves where they are few, else `BINS` of equal width."""
    distinct, index = np.unique(values, return_inverse=True)
    if len(distinct) <= BINS:
        return np.asarray(index, np.int64)
    edges = np.linspace(values.min(), values.max(), BINS + 1)[1:-1]
    return np.digitize(values, edges)


def _entropy(bins: NDArray[np.int64]) -> float:
    shares = np.unique(bins, return_counts=True)[1] / len(bins)
    return float(-np.sum(shares * np.log(shares)))


def _mutual_information(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    both = a * (int(b.max()) + 1) + b
    return max(0.0, _entropy(a) + _entropy(b) - _entropy(both))


def _concentration(matters: FloatArray) -> float:
    """1 - the normalised entropy of each row, averaged with the rows' shares of all that matters."""
    total = matters.sum()
    if total <= 0.0 or matters.shape[1] < 2:
        return 0.0
    shares = matters / np.maximum(matters.sum(axis=1, keepdims=True), 1e-300)
    entropy = -np.sum(shares * np.log(np.maximum(shares, 1e-300)), axis=1) / np.log(matters.shape[1])
    return float(np.sum((1.0 - entropy) * matters.sum(axis=1)) / total)
