"""What is wrong with a run, in plain words: the finding, the figure that shows it, the remedy and how to try it."""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from isthmus.units import Estimate

Severity = Literal["fault", "remark"]

LEAST_CODE_USE = 0.02
LEAST_SPREAD = 3.0
"""Standard errors that a difference must exceed to be one."""
OVERFIT_ERROR = 1.2
OVERFIT_NATS = 0.08
SOME_HOLES, MOSTLY_HOLES = 0.5, 0.9
AMORTISATION_SHARE = 0.10
LOST_DETAIL = 1.05


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing.

    Attributes:
        key: Its stable name, for machines.
        severity: A `fault` spoils the run; a `remark` may be as wanted.
        title: What it is, in a few words.
        evidence: The figures that show it.
        remedy: What to do about it.
        try_fields: `--set FIELD=VALUE` that tries the remedy; empty where no field does.
    """

    key: str
    severity: Severity
    title: str
    evidence: str
    remedy: str
    try_fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def flags(self) -> str:
        """The options of `isthmus train` that try it."""
        texts = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in self.try_fields.items()
        }
        return " ".join(f"--set {shlex.quote(f'{name}={text}')}" for name, text in texts.items())

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Finding":
        """Read what `to_json` gave."""
        return cls(**{name: value for name, value in values.items() if name != "flags"})

    def to_json(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return {**asdict(self), "flags": self.flags}


@dataclass(frozen=True)
class Signs:
    """What a diagnosis rests on; None where it was not measured.

    Attributes:
        dim: The numbers in a code.
        has_rate: Whether codes have a distribution.
        beta: The weight of the rate.
        epochs: As the recipe has them.
        train_images: The images that the run learned from.
        wider: The fields of the recipe that double its network's width; empty for an own network.
        active: Dimensions that vary over images.
        rate: KL from the prior, nats.
        mse: Mean squared error of reconstructions of test images.
        shuffled_mse: The same of another image's reconstruction.
        pca_mse: The same of PCA of the same dimension.
        train_mse: The same of reconstructions of training images.
        test_loss: Distortion + rate of test images, nats.
        train_loss: The same of training images.
        code_worth: Nats by which an image's own code explains it better than another's does.
        holes: The share of the prior where codes hardly ever fall.
        code_error: Squared error of images guessed from the nearest codes; see `isthmus.evaluation.retention`.
        pca_code_error: The same of PCA of the same dimension.
        amortisation_gap: Nats gained by optimising each posterior.
    """

    dim: int
    has_rate: bool
    beta: float
    epochs: int
    train_images: int
    active: int
    rate: float
    mse: float
    shuffled_mse: float
    code_worth: float
    test_loss: Estimate
    pca_mse: float | None = None
    train_mse: float | None = None
    train_loss: Estimate | None = None
    holes: float | None = None
    code_error: float | None = None
    pca_code_error: float | None = None
    amortisation_gap: Estimate | None = None
    wider: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code_use(self) -> float:
        """The share of the squared error of a wrong code that the right one takes away: 0 if codes say nothing."""
        return 1.0 - self.mse / self.shuffled_mse if self.shuffled_mse > 0.0 else 1.0

    @property
    def ignores_code(self) -> bool:
        """Whether a wrong code does as well; then there is no more to say of codes, priors and encoders."""
        return self.code_use < LEAST_CODE_USE


def diagnose(signs: Signs) -> tuple[Finding, ...]:
    """Name what is wrong, the worst first; nothing for a healthy run."""
    found = [finding for rule in _RULES if (finding := rule(signs)) is not None]
    # What follows from another fault needs no remedy of its own, and might get a wrong one.
    faults = {finding.key for finding in found if finding.severity == "fault"}
    explained = {effect for cause in faults for effect in _EFFECTS.get(cause, ())}
    found = [finding for finding in found if finding.key not in explained]
    return tuple(sorted(found, key=lambda finding: finding.severity != "fault"))


def _strong_beta(signs: Signs) -> Finding | None:
    worse = signs.pca_mse is not None and signs.mse > signs.pca_mse
    starved = signs.active * 2 <= signs.dim
    if not signs.has_rate or signs.beta <= 1.0 or not (worse or starved):
        return None
    reasons = [f"{signs.active} of {signs.dim} dimensions are used, for {signs.rate:.2f} nats"]
    if worse:
        reasons.append(f"reconstructions (MSE {signs.mse:.4f}) are worse than those of PCA ({signs.pca_mse:.4f})")
    return Finding(
        "strong_beta",
        "fault" if worse or signs.active == 0 else "remark",
        "β is too strong",
        f"With β = {signs.beta:g} each nat of the code costs {signs.beta:g}, and the model saves on it: "
        f"{'; '.join(reasons)}.",
        "Weigh the rate less; 1 gives the evidence lower bound.",
        {"objective.beta": 1},
    )


def _ignored_code(signs: Signs) -> Finding | None:
    if not signs.ignores_code:
        return None
    fields = {"objective.beta": 1} if signs.beta > 1.0 else {"objective.beta_warmup_epochs": max(1, signs.epochs // 2)}
    return Finding(
        "ignored_code",
        "fault",
        "the decoder ignores its code",
        f"An image decoded from another image's code comes out as near (MSE {signs.shuffled_mse:.4f}) as from its own "
        f"({signs.mse:.4f}).",
        "Train longer, let β grow from 0, or give the decoder less to say by itself."
        if signs.has_rate
        else "Train longer, or with a smaller learning rate.",
        fields if signs.has_rate else {"training.epochs": 2 * signs.epochs},
    )


def _collapsed(signs: Signs) -> Finding | None:
    dead = signs.dim - signs.active
    if dead * 2 < signs.dim:
        return None
    what = "carry nothing: their posterior is the prior" if signs.has_rate else "hardly vary from image to image"
    fault = signs.active == 0
    if fault:
        fields: dict[str, Any] = (
            {"objective.beta_warmup_epochs": max(1, signs.epochs // 2)}
            if signs.has_rate
            else {"latent.activation": "linear"}
        )
        remedy = "Let β grow from 0, or train longer." if signs.has_rate else "Let the code be negative too."
    else:
        fields = {"latent.dim": signs.active}
        remedy = "Nothing is lost by it; a smaller code says as much. A smaller β, if any is above 1, may wake them."
    return Finding(
        "collapsed_dimensions",
        "fault" if fault else "remark",
        "every dimension is collapsed" if fault else "most dimensions are collapsed",
        f"{dead} of {signs.dim} dimensions {what}.",
        remedy,
        fields,
    )


def _overfit(signs: Signs) -> Finding | None:
    if signs.train_loss is None or signs.train_mse is None:
        return None
    gap = signs.test_loss.mean - signs.train_loss.mean
    error = (signs.test_loss.standard_error**2 + signs.train_loss.standard_error**2) ** 0.5
    ratio = signs.mse / signs.train_mse if signs.train_mse > 0.0 else float("inf")
    if not gap > LEAST_SPREAD * error or not (ratio > OVERFIT_ERROR or gap > OVERFIT_NATS * signs.code_worth):
        return None
    return Finding(
        "overfit",
        "fault",
        "it knows its training images by heart",
        f"Test images cost {gap:.1f} ± {error:.1f} nats more than the {signs.train_images} training images, and their "
        f"squared error is {ratio:.2f} times as large.",
        "More images help most. Else stop sooner, on a validation loss, or take a smaller network.",
        {"training.validation_fraction": 0.1, "training.patience": 5},
    )


def _holes(signs: Signs) -> Finding | None:
    if signs.holes is None or signs.holes < SOME_HOLES or signs.ignores_code:
        return None
    return Finding(
        "prior_holes",
        "fault" if signs.holes >= MOSTLY_HOLES else "remark",
        "holes under the prior",
        f"{signs.holes:.0%} of the prior lies where codes of images hardly ever fall (1% if they were alike), so "
        "samples from there look like nothing that it learned.",
        "Weigh the rate more; or sample one label, which draws from the codes themselves (`isthmus sample --label`).",
        {"objective.beta": max(1.0, 2.0 * signs.beta)},
    )


def _encoder(signs: Signs) -> Finding | None:
    if signs.ignores_code:
        return None
    evidence = []
    gap = signs.amortisation_gap
    if gap is not None and gap.mean > LEAST_SPREAD * gap.standard_error:
        share = gap.mean / max(gap.mean + signs.code_worth, 1e-9)
        if share >= AMORTISATION_SHARE:
            evidence.append(
                f"A posterior optimised for its own image explains it {gap.mean:.1f} ± {gap.standard_error:.1f} nats "
                f"better than the encoder's: {share:.0%} of what codes are worth."
            )
    own, pca = signs.code_error, signs.pca_code_error
    # A rate that is weighed more strongly loses detail by itself.
    if own is not None and pca is not None and own > LOST_DETAIL * pca and signs.beta <= 1.0:
        evidence.append(
            f"Its codes tell images apart less well than {signs.dim} numbers of PCA do: guessed from the nearest "
            f"codes, images have a squared error of {own:.4f}, and {pca:.4f} by PCA."
        )
    if not evidence:
        return None
    return Finding(
        "weak_encoder",
        "fault",
        "the encoder is the bottleneck",
        " ".join(evidence),
        "Give the encoder more units or layers, or train longer.",
        signs.wider or {"training.epochs": 2 * signs.epochs},
    )


_EFFECTS: Mapping[str, tuple[str, ...]] = {
    "strong_beta": ("ignored_code", "collapsed_dimensions"),
    "overfit": ("weak_encoder",),  # an encoder that knows its images by heart is at a loss with others
}
_RULES: tuple[Callable[[Signs], Finding | None], ...] = (
    _strong_beta,
    _ignored_code,
    _collapsed,
    _overfit,
    _holes,
    _encoder,
)
