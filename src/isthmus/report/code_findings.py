"""What is odd about the codes of a run."""

import numpy as np
from numpy.typing import NDArray

from isthmus.report.commands import train_command
from isthmus.report.observed import Finding, Observed

COLLAPSED_NATS = 0.01
"""A dimension of the code that tells less than this about its image tells nothing."""
DEAD_VARIANCE = 1e-8
"""A dimension of a point code that varies less than this is always the same."""
FAR_POWER = 2.0
"""The mean square of codes, 1 under the prior, from which on they lie too far out to be drawn from it."""


def silent_dimensions(observed: Observed) -> Finding | None:
    """Dimensions of the code that say nothing, or that never change; None where there are none."""
    if observed.recipe.latent.kind == "point":
        return _dead_dimensions(observed)
    if observed.kl_nats is None:
        return None
    silent = np.flatnonzero(observed.kl_nats < COLLAPSED_NATS)
    dims = len(observed.kl_nats)
    if len(silent) == 0:
        return None
    if len(silent) == dims:
        return Finding(
            "bad",
            "The code says nothing",
            f"No dimension holds even {COLLAPSED_NATS:g} nats: the decoder gives the same image whatever the code "
            "(posterior collapse).",
            "Weigh the rate less, or let it in slowly.",
            train_command(observed.data, observed.recipe, {"objective.beta": 0.5, "objective.beta_warmup_epochs": 1}),
        )
    return Finding(
        "note" if len(silent) <= dims // 2 else "warning",
        f"{len(silent)} of {dims} dimensions say nothing",
        f"Each holds less than {COLLAPSED_NATS:g} nats: {_listed(silent)}. The model does not need them, or beta keeps "
        "them quiet.",
        f"A code of {dims - len(silent)} would do as well; a lower objective.beta would use more.",
    )


def _dead_dimensions(observed: Observed) -> Finding | None:
    if observed.code_variance is None:
        return None
    dead = np.flatnonzero(observed.code_variance < DEAD_VARIANCE)
    if len(dead) == 0:
        return None
    seed = observed.recipe.training.seed
    relu = getattr(observed.recipe.latent, "activation", "linear") == "relu"
    why = "its relu gives 0 for every image and lets no gradient through" if relu else "it does not change"
    field, value = ("latent.activation", "linear") if relu else ("training.seed", seed + 1)
    return Finding(
        "bad" if len(dead) == len(observed.code_variance) else "warning",
        f"{len(dead)} of {len(observed.code_variance)} dimensions of the code are dead",
        f"Dead are {_listed(dead)}: {why}. The others do all the work.",
        "Try another seed, a lower learning rate, or a code that may be negative.",
        train_command(observed.data, observed.recipe, {field: value}),
    )


def codes_beyond_prior(observed: Observed) -> Finding | None:
    """Codes that lie where the prior hardly reaches; None where they do not."""
    if observed.code_power is None or observed.kl_nats is None:
        return None
    used = observed.kl_nats >= COLLAPSED_NATS
    if not used.any() or (power := float(observed.code_power[used].mean())) < FAR_POWER:
        return None
    return Finding(
        "warning",
        "Codes lie far from where new images come from",
        f"They spread {power**0.5:.1f} times as wide as the prior, so a code drawn from the prior falls where few "
        "images are, and looks it.",
        "Train longer, or with a higher objective.beta. Until then, ask for images of one class: those come from the "
        "codes themselves.",
    )


def _listed(dimensions: NDArray[np.int64]) -> str:
    shown = ", ".join(f"z[{index}]" for index in dimensions[:12])
    return shown + (f" and {len(dimensions) - 12} more" if len(dimensions) > 12 else "")
