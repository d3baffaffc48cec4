from dataclasses import replace

import numpy as np
import pytest

from isthmus.evaluation.codebook import CodebookUse
from isthmus.evaluation.diagnosis import codes
from isthmus.recipes import GaussianLikelihood, LaplaceLikelihood, with_fields
from isthmus.units import Estimate


def _beta(summary, beta):
    return replace(summary, recipe=with_fields(summary.recipe, {"objective.beta": beta}))


def _wide(summary, active):
    recipe = with_fields(summary.recipe, {"latent.dim": len(active)})
    return replace(summary, recipe=recipe, active=np.array(active))


class TestBeta:
    def test_one_that_costs_too_much_is_a_fault(self, healthy, beside):
        finding = codes.strong_beta(_beta(replace(healthy, pca=beside(0.5)), 50.0))
        assert (finding.severity, finding.try_fields) == ("fault", {"objective.beta": 1})

    def test_one_that_does_no_harm_is_a_remark(self, healthy):
        assert codes.strong_beta(_beta(healthy, 4.0)) is None
        assert "beta 4" in codes.weighed_rate(_beta(healthy, 4.0)).title

    def test_unused_dimensions_are_its_price(self, healthy):
        finding = codes.strong_beta(_beta(replace(healthy, active=np.array([True, False])), 4.0))
        assert finding.severity == "remark"


class TestInactive:
    def test_some_are_a_remark_that_names_them(self, healthy):
        finding = codes.inactive_dimensions(_wide(healthy, [True, False, True, False]))
        assert (finding.severity, finding.has_remedy) == ("remark", False)
        assert "z[1], z[3]" in finding.evidence
        assert "A code of 2 dimensions" in finding.evidence

    def test_all_are_a_fault(self, healthy):
        finding = codes.inactive_dimensions(replace(healthy, active=np.zeros(2, bool)))
        assert finding.severity == "fault"
        assert "posterior collapse" in finding.evidence

    @pytest.mark.parametrize("likelihood", [GaussianLikelihood(), LaplaceLikelihood()])
    def test_a_fixed_sigma_is_learned_instead(self, healthy, likelihood):
        recipe = healthy.recipe.model_copy(update={"likelihood": likelihood})
        finding = codes.inactive_dimensions(replace(healthy, recipe=recipe, active=np.zeros(2, bool)))
        assert finding.try_fields["likelihood.scale"] == "shared"


def test_a_decoder_that_ignores_its_code(healthy):
    finding = codes.ignored_code(replace(healthy, shuffled_mse=0.0625))
    assert (finding.severity, finding.has_remedy) == ("fault", False)
    assert "0.0625" in finding.evidence
    assert codes.ignored_code(healthy) is None


class TestHoles:
    def test_some_are_a_remark_and_hardly_anything_else_a_fault(self, healthy):
        assert codes.prior_holes(replace(healthy, holes=0.3)) is None
        assert codes.prior_holes(replace(healthy, holes=0.6)).severity == "remark"
        assert codes.prior_holes(replace(healthy, holes=0.97)).severity == "fault"

    def test_codes_far_out_show_them_where_they_were_not_measured(self, healthy):
        far = replace(healthy, holes=None, code_power=4.0)
        assert "2.0 times as wide" in codes.prior_holes(far).evidence
        assert codes.prior_holes(replace(far, holes=0.05)) is None

    @pytest.mark.parametrize(("beta", "tried"), [(0.1, {"objective.beta": 1}), (1.0, {}), (2.0, {})])
    def test_a_beta_above_1_is_never_the_remedy(self, healthy, beta, tried):
        assert codes.prior_holes(_beta(replace(healthy, holes=0.97), beta)).try_fields == tried


class TestEncoder:
    def test_an_amortisation_gap_shows_it(self, healthy):
        finding = codes.weak_encoder(replace(healthy, amortisation_gap=Estimate(60.0, 4.0, 64), code_worth=90.0))
        assert "40% of what codes are worth" in finding.evidence

    def test_a_gap_within_its_error_does_not(self, healthy):
        assert codes.weak_encoder(replace(healthy, amortisation_gap=Estimate(60.0, 25.0, 8))) is None

    def test_codes_that_tell_less_than_pca_show_it(self, healthy):
        weak = replace(healthy, code_error=0.077)
        assert "0.077" in codes.weak_encoder(weak).evidence
        assert codes.weak_encoder(_beta(weak, 4.0)) is None  # as wanted, then


class TestCodebook:
    @pytest.mark.parametrize(("used", "perplexity"), [(99, 80.0), (1, 1.0), (500, 1.4)])
    def test_one_that_hardly_occurs_has_collapsed(self, healthy, used, perplexity):
        use = CodebookUse(1000, used, perplexity, 64_000)
        finding = codes.collapsed_codebook(replace(healthy, codebook=use))
        assert (finding.severity, finding.has_remedy) == ("fault", False)
        assert f"{used} of 1,000 codes" in finding.evidence

    def test_one_that_occurs_has_not(self, healthy):
        assert codes.collapsed_codebook(replace(healthy, codebook=CodebookUse(1000, 400, 90.0, 64_000))) is None
        assert codes.collapsed_codebook(healthy) is None

    def test_few_images_do_not_tell(self, healthy):
        assert codes.collapsed_codebook(replace(healthy, codebook=CodebookUse(1000, 60, 50.0, 640))) is None
