"""The diagonal Gaussian: its density, and its divergence from a standard normal."""

import math
from typing import Any

LOG_2PI = math.log(2.0 * math.pi)


def gaussian_nll(xp: Any, x: Any, mean: Any, log_scale: Any) -> Any:
    """-log N(x; mean, exp(log_scale)²) in nats, elementwise; shapes broadcast."""
    return 0.5 * xp.square((x - mean) * xp.exp(-log_scale)) + log_scale + 0.5 * LOG_2PI


def kl_from_standard_normal(xp: Any, mean: Any, log_variance: Any) -> Any:
    """KL( N(mean, exp(log_variance)) || N(0, 1) ) in nats, elementwise.

    Kingma & Welling (2014), appendix B: ½ (μ² + σ² - 1 - log σ²).
    """
    return 0.5 * (xp.square(mean) + xp.exp(log_variance) - 1.0 - log_variance)
