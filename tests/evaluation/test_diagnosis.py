import shlex
from dataclasses import replace

import pytest

from isthmus.evaluation.diagnosis import Finding, Signs, diagnose
from isthmus.recipes import named_recipe, parse_assignments, with_fields
from isthmus.units import Estimate

HEALTHY = Signs(
    dim=2,
    has_rate=True,
    beta=1.0,
    epochs=10,
    train_images=60_000,
    active=2,
    rate=5.4,
    mse=0.062,
    shuffled_mse=0.107,
    code_worth=175.0,
    test_loss=Estimate(155.6, 0.5, 10_000),
    pca_mse=0.073,
    train_mse=0.062,
    train_loss=Estimate(155.2, 1.2, 2_000),
    holes=0.05,
    code_error=0.064,
    pca_code_error=0.070,
    amortisation_gap=Estimate(8.0, 1.6, 64),
)
FAULTS = {
    "strong_beta": {"beta": 50.0, "mse": 0.085, "rate": 0.4, "active": 2},
    "ignored_code": {"shuffled_mse": 0.0625, "code_worth": 0.3},
    "collapsed_dimensions": {"active": 0, "rate": 0.001},
    "overfit": {"train_loss": Estimate(120.0, 1.2, 500), "train_mse": 0.03, "train_images": 500},
    "prior_holes": {"holes": 0.97},
    "weak_encoder": {"amortisation_gap": Estimate(60.0, 4.0, 64), "code_worth": 90.0},
}


def test_a_healthy_run_is_left_alone():
    assert diagnose(HEALTHY) == ()


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named(fault):
    found = diagnose(replace(HEALTHY, **FAULTS[fault]))
    assert [finding.key for finding in found if finding.severity == "fault"] == [fault]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_finding_shows_a_figure_and_can_be_tried(fault):
    (finding,) = diagnose(replace(HEALTHY, **FAULTS[fault]))
    assert any(letter.isdigit() for letter in finding.evidence)
    assert finding.remedy
    assert finding.flags.startswith("--set ")
    with_fields(named_recipe("conv-vae"), finding.try_fields)


def test_what_was_not_measured_is_not_found():
    unknown = {
        "code_error": None,
        "pca_code_error": None,
        "pca_mse": None,
        "train_mse": None,
        "train_loss": None,
        "holes": None,
        "amortisation_gap": None,
    }
    assert diagnose(replace(HEALTHY, **unknown)) == ()


def test_a_strong_beta_that_does_no_harm_is_as_wanted():
    assert diagnose(replace(HEALTHY, beta=4.0)) == ()


def test_a_beta_that_stills_the_code_is_the_one_thing_to_say():
    still = replace(HEALTHY, beta=50.0, active=0, rate=0.0, mse=0.086, shuffled_mse=0.086, holes=0.01)
    assert [finding.key for finding in diagnose(still)] == ["strong_beta"]


def test_an_encoder_that_learned_by_heart_is_not_too_small():
    found = diagnose(replace(HEALTHY, **FAULTS["overfit"], **FAULTS["weak_encoder"]))
    assert [finding.key for finding in found] == ["overfit"]


def test_some_holes_are_a_remark_and_hardly_anything_else_a_fault():
    (some,) = diagnose(replace(HEALTHY, holes=0.6))
    assert (some.key, some.severity) == ("prior_holes", "remark")
    assert diagnose(replace(HEALTHY, holes=0.3)) == ()


def test_unused_dimensions_beside_used_ones_are_a_remark():
    (finding,) = diagnose(replace(HEALTHY, dim=20, active=8))
    assert (finding.key, finding.severity) == ("collapsed_dimensions", "remark")
    assert finding.try_fields == {"latent.dim": 8}


def test_a_gap_within_its_error_is_none():
    assert diagnose(replace(HEALTHY, train_loss=Estimate(150.0, 3.0, 50), train_mse=0.045)) == ()
    assert diagnose(replace(HEALTHY, amortisation_gap=Estimate(60.0, 25.0, 8))) == ()


def test_an_encoder_that_its_decoder_makes_do_with_is_seen_by_what_its_codes_tell():
    weak = replace(HEALTHY, code_error=0.077)
    (finding,) = diagnose(weak)
    assert finding.key == "weak_encoder"
    assert "0.0770" in finding.evidence
    assert diagnose(replace(weak, beta=4.0)) == ()  # as wanted, then


def test_faults_come_before_remarks():
    found = diagnose(replace(HEALTHY, dim=20, active=8, holes=0.97))
    assert [finding.severity for finding in found] == ["fault", "remark"]


def test_a_plain_autoencoder_is_told_what_its_recipe_can_do():
    plain = replace(HEALTHY, has_rate=False, rate=0.0, active=0, holes=None, amortisation_gap=None)
    (finding,) = diagnose(plain)
    with_fields(named_recipe("conv-ae"), finding.try_fields)
    (ignored,) = diagnose(replace(plain, active=2, shuffled_mse=0.062))
    with_fields(named_recipe("conv-ae"), ignored.try_fields)


def test_a_wider_network_is_tried_as_the_command_line_reads_it():
    (finding,) = diagnose(replace(HEALTHY, code_error=0.077, wider={"network.filters": [64, 128]}))
    assert finding.flags == "--set 'network.filters=[64, 128]'"
    (option,) = shlex.split(finding.flags)[1:]
    assert with_fields(named_recipe("conv-vae"), parse_assignments([option])).network.filters == (64, 128)


def test_a_finding_survives_json():
    finding = Finding("k", "fault", "t", "e", "r", {"objective.beta": 1})
    assert finding.to_json()["flags"] == "--set objective.beta=1"
    assert Finding.from_json(finding.to_json()) == finding
