from dataclasses import replace

import numpy as np
import pytest

from isthmus.recipes import RECIPES, with_fields
from isthmus.report import Observed
from isthmus.report.code_findings import codes_beyond_prior, silent_dimensions

HEALTHY = Observed(
    recipe=with_fields(RECIPES["conv-vae"], {"latent.dim": 4}),
    state="complete",
    message="",
    epochs=10,
    best_epoch=10,
    train_images=50_000,
    validation_images=1000,
    test_images=10_000,
    history={},
    kl_nats=np.array([2.0, 1.5, 1.0, 0.5]),
    code_variance=np.ones(4),
    code_power=np.ones(4),
    data="digits",
)


def test_a_healthy_code_gets_no_alarm():
    assert silent_dimensions(HEALTHY) is None
    assert codes_beyond_prior(HEALTHY) is None


@pytest.mark.parametrize(
    ("kl", "tone", "title"),
    [
        ([2.0, 1.0, 1.0, 0.001], "note", "1 of 4"),
        ([2.0, 0.0, 0.0, 0.0], "warning", "3 of 4"),
        ([0.0, 0.009, 0.0, 0.0], "bad", "code says nothing"),
    ],
)
def test_collapse_is_told_by_how_much_of_the_code_it_takes(kl, tone, title):
    found = silent_dimensions(replace(HEALTHY, kl_nats=np.array(kl)))
    assert found.tone == tone
    assert title in found.title


def test_silent_dimensions_are_named():
    assert "z[1], z[3]" in silent_dimensions(replace(HEALTHY, kl_nats=np.array([2.0, 0, 1, 0]))).text
    many = silent_dimensions(replace(HEALTHY, kl_nats=np.array([1.0] + [0.0] * 30)))
    assert "and 18 more" in many.text


def test_dead_codes_of_a_plain_autoencoder():
    variance = np.array([1.0] * 8 + [0.0] * 2)
    relu = silent_dimensions(replace(HEALTHY, recipe=RECIPES["upsample-ae"], kl_nats=None, code_variance=variance))
    assert relu.title.startswith("2 of 10")
    assert "relu" in relu.text
    assert relu.command.endswith("--set latent.activation=linear")
    linear = silent_dimensions(replace(HEALTHY, recipe=RECIPES["dense-ae"], kl_nats=None, code_variance=variance))
    assert "relu" not in linear.text
    assert linear.command.endswith("--set training.seed=1")
    dead = silent_dimensions(replace(HEALTHY, recipe=RECIPES["dense-ae"], kl_nats=None, code_variance=np.zeros(2)))
    assert dead.tone == "bad"


def test_codes_beyond_the_prior():
    assert "3.0 times" in codes_beyond_prior(replace(HEALTHY, code_power=np.full(4, 9.0))).text
    # Dimensions that say nothing are the prior, and do not make up for the others.
    one = replace(HEALTHY, code_power=np.array([9.0, 1, 1, 1]), kl_nats=np.array([3.0, 0, 0, 0]))
    assert "3.0 times" in codes_beyond_prior(one).text


def test_what_is_not_known_is_not_found():
    unknown = replace(HEALTHY, kl_nats=None, code_variance=None, code_power=None)
    assert silent_dimensions(unknown) is None
    assert silent_dimensions(replace(unknown, recipe=RECIPES["dense-ae"])) is None
    assert codes_beyond_prior(unknown) is None
