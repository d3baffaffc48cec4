import numpy as np
import pytest

from isthmus.data import as_source, posed
from isthmus.errors import UsageError
from isthmus.evaluation.restoration import contest, evaluate_restoration, methods


@pytest.fixture
def quick(monkeypatch):
    """The slow filters left out."""
    some = [method for method in methods.denoising() if method.key in ("untouched", "median", "gaussian")]
    monkeypatch.setattr(methods, "denoising", lambda: some)


@pytest.fixture
def section(quick, tiny_restorer, bars):
    source = as_source(bars[0])
    return evaluate_restoration(tiny_restorer, source, source)


def test_the_figures_are_those_of_the_same_noise(section, tiny_restorer, bars):
    """Recomputed here from the first principles of each: the same images, spoilt in the same way."""
    rng = np.random.default_rng([0, contest._STREAM])
    chosen = np.sort(rng.choice(120, contest.EVALUATED_SLOWLY, replace=False))
    images = bars[0][chosen]
    batch = posed(images, tiny_restorer.recipe.task, 0)

    def psnr(answers):
        return np.mean(-10 * np.log10(np.square((images - answers.astype(float)) / 255).mean(axis=(1, 2, 3))))

    assert section["untouched_psnr_db"].value == pytest.approx(psnr(batch.seen))
    assert section["psnr_db"].value == pytest.approx(psnr(tiny_restorer.reconstruct(batch.seen)), rel=1e-6)


def test_the_gain_is_over_the_best(section):
    rivals = [section[f"{key}_psnr_db"].value for key in ("untouched", "median", "gaussian")]
    assert section["gain"].value == pytest.approx(section["psnr_db"].value - max(rivals))
    assert section["gain"].standard_error > 0
    assert "the best beside it" in section["gain"].meaning


def test_a_strength_of_ones_own(quick, tiny_restorer, bars):
    source = as_source(bars[0])
    little = evaluate_restoration(tiny_restorer, source, None, strength=0.05)
    much = evaluate_restoration(tiny_restorer, source, None, strength=0.5)
    assert little["untouched_psnr_db"].value > much["untouched_psnr_db"].value + 10
    assert "strength 0.5" in much.note
    assert "test images themselves" in much.note


@pytest.mark.parametrize("strength", [0.0, 1.5, -1.0])
def test_a_strength_that_cannot_be(tiny_restorer, bars, strength):
    with pytest.raises(UsageError, match="above 0 and up to 1"):
        evaluate_restoration(tiny_restorer, as_source(bars[0]), None, strength=strength)
