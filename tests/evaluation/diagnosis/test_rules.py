from dataclasses import replace

import numpy as np
import pytest

from isthmus.evaluation.diagnosis import Finding, Progress, Summary, diagnose, rules, settle
from isthmus.recipes import with_fields

FALLING = Progress(epochs=5, best_epoch=5, history={"val_loss": np.linspace(200, 100, 5)})
BETA = {"objective.beta": 50.0}


def test_a_healthy_run_is_left_alone(healthy):
    assert diagnose(healthy) == ()


def test_what_was_not_measured_is_not_found(healthy):
    bare = Summary(
        healthy.recipe,
        healthy.progress,
        train_images=healthy.train_images,
        validation_images=healthy.validation_images,
        test_images=healthy.test_images,
    )
    assert diagnose(bare) == ()


def test_every_rule_has_a_key_and_every_remedy_a_rule():
    assert set(rules._REMEDIES) <= set(rules._WEIGHTS)
    assert set(rules._EFFECTS) <= set(rules._WEIGHTS)
    assert {effect for effects in rules._EFFECTS.values() for effect in effects} <= set(rules._WEIGHTS)


def test_worse_than_pca_is_a_fault_and_named_first(healthy, beside):
    bad = replace(healthy, pca=beside(0.5), holes=0.97, progress=replace(FALLING, state="failed", message="x"))
    found = diagnose(bad)
    assert [finding.severity for finding in found][:3] == ["fault"] * 3
    assert found[0].key == "behind_baseline"


def test_faults_come_before_remarks(healthy):
    found = diagnose(replace(healthy, train_images=200, holes=0.97))
    assert [finding.severity for finding in found] == ["fault", "remark"]


@pytest.mark.parametrize(
    ("fields", "progress", "remedy"),
    [
        (BETA, FALLING, "strong_beta"),
        ({}, FALLING, "still_falling"),
        ({}, replace(FALLING, state="failed"), "failed"),
        (BETA, replace(FALLING, state="interrupted"), "interrupted"),
    ],
)
def test_one_remedy_is_left_however_much_is_wrong(healthy, beside, fields, progress, remedy):
    recipe = with_fields(healthy.recipe, {**fields, "training.validation_fraction": 0})
    wrong = replace(
        healthy, recipe=recipe, progress=progress, pca=beside(0.5), mean_image=beside(0.9), train_mse=0.01, holes=0.97,
        code_error=0.1,
    )  # fmt: skip
    found = diagnose(wrong)
    assert len(found) >= 4
    assert [finding.key for finding in found if finding.has_remedy] == [remedy]
    assert all(bool(finding.remedy) == finding.has_remedy for finding in found)


def test_a_beta_that_stills_the_code_is_the_one_cause(healthy, beside):
    recipe, inactive = with_fields(healthy.recipe, BETA), np.zeros(2, bool)
    still = replace(healthy, recipe=recipe, active=inactive, shuffled_mse=0.062, mean_image=beside(1.0))
    assert [finding.key for finding in diagnose(still)] == ["strong_beta"]


def test_an_encoder_that_overfits_is_not_too_small(healthy):
    found = diagnose(
        replace(healthy, train_loss=replace(healthy.train_loss, mean=100.0), train_mse=0.03, code_error=0.1)
    )
    assert [finding.key for finding in found] == ["overfit"]


def test_findings_of_two_diagnoses_are_joined():
    one = Finding("still_falling", "remark", "t", "e", "r", {"training.epochs": 4}, resume=True)
    twin, other = (
        replace(one, evidence="again"),
        Finding("prior_holes", "fault", "t", "e", "r", {"objective.beta": 1}),
    )
    assert settle([one, twin, other]) == (replace(other, remedy="", try_fields={}), one)


def test_every_field_that_is_tried_is_one_of_the_recipe(healthy, beside):
    wrong = [
        replace(healthy, progress=replace(FALLING, state="failed")),
        replace(healthy, recipe=with_fields(healthy.recipe, BETA), pca=beside(0.5)),
        replace(healthy, mean_image=beside(0.9), progress=replace(FALLING, message="patience")),
        replace(healthy, recipe=with_fields(healthy.recipe, {"objective.beta": 0.1}), holes=0.97),
    ]
    for summary in wrong:
        (fields,) = [finding.try_fields for finding in diagnose(summary) if finding.has_remedy]
        with_fields(summary.recipe, fields)
