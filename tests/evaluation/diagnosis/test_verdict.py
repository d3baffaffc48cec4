from dataclasses import replace

import numpy as np
import pytest

from isthmus.evaluation.diagnosis import Summary, diagnose, give_verdict
from isthmus.recipes import Denoise, with_fields


def _verdict(summary):
    verdict = give_verdict(summary, diagnose(summary))
    return verdict.tone, verdict.text


def test_a_healthy_run_is_better_than_pca(healthy):
    text = "Better than PCA with the same 2 dimensions (83% of its squared error), and no fault was found."
    assert _verdict(healthy) == ("good", text)


def test_a_run_worse_than_pca_is_bad_whatever_else_is_well(healthy, beside):
    text = "Worse than PCA with the same 2 dimensions (2.0 times its squared error)."
    assert _verdict(replace(healthy, pca=beside(0.5))) == ("bad", text)


def test_other_faults_are_named(healthy, beside):
    assert _verdict(replace(healthy, holes=0.97))[1].endswith(", but with a fault: holes under the prior.")
    both = _verdict(replace(healthy, holes=0.97, pca=beside(0.5)))[1]
    assert both.startswith("Worse than PCA")
    assert both.endswith("; also: holes under the prior.")


def test_fewer_dimensions_than_a_code_has_are_said_so(healthy, beside):
    recipe = with_fields(healthy.recipe, {"latent.dim": 16})
    summary = replace(healthy, recipe=recipe, active=np.ones(16, bool), pca=beside(1.2, dim=9))
    assert "PCA with 9 dimensions, all that the training images allow" in _verdict(summary)[1]


def test_a_difference_that_is_none_is_called_so(healthy, beside):
    assert _verdict(replace(healthy, pca=beside(1.001)))[1].startswith("No better than PCA")


@pytest.mark.parametrize("share", [1.001, 1 / 59.8])
def test_what_is_no_better_than_a_baseline_is_not_good(healthy, share, beside):
    # Of one image the difference has an infinite error, so it is no fault however large it is.
    baseline = beside(share)
    baseline = replace(baseline, excess=replace(baseline.excess, standard_error=np.inf))
    recipe = healthy.recipe.model_copy(update={"task": Denoise()})
    tone, text = _verdict(replace(healthy, recipe=recipe, pca=None, unchanged=baseline))
    assert text.startswith("No better than the unchanged input")
    assert tone == "unknown"


def test_an_exact_baseline_has_no_ratio(healthy, beside):
    assert "over 100 times" in _verdict(replace(healthy, pca=beside(1e-15)))[1]


@pytest.mark.parametrize("task", [True, False])
def test_without_a_comparison_nothing_is_praised(healthy, task):
    recipe = healthy.recipe.model_copy(update={"task": Denoise()}) if task else healthy.recipe
    tone, text = _verdict(
        replace(Summary(recipe, healthy.progress), train_images=5000, validation_images=1, test_images=1)
    )
    assert tone == "unknown"
    assert text.startswith(f"Not compared with {'the unchanged input' if task else 'PCA'}")
