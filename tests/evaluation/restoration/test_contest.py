import numpy as np
import pytest

from isthmus.data import ImageSpec, as_source, posed
from isthmus.data.tasks import task_of
from isthmus.errors import UsageError
from isthmus.evaluation.restoration import contest, evaluate_restoration, methods
from isthmus.recipes import Deblur, Inpaint, Recipe


class Stub:
    """As much of a run as a contest needs: a task, and an answer to what is shown."""

    path = "stub"

    def __init__(self, task, answer, side=8, channels=1):
        image = ImageSpec(side, side, channels)
        self.recipe = Recipe.model_construct(name="stub", task=task)
        self.reconstruct, self.image, self.target = answer, image, task_of(task).target_spec(image)


def noise(count, channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, channels)).astype(np.uint8)


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


def test_the_note_tells_what_was_tuned_and_what_lies_at_an_end():
    """No sharpening is too much for a chessboard of which a blur has left next to nothing."""
    board = np.kron(np.indices((8, 8)).sum(axis=0) % 2, np.ones((2, 2)))
    sharp = as_source(np.repeat(board[np.newaxis, ..., np.newaxis], 6, axis=0))
    run = Stub(Deblur(radius=(2.0, 2.0), noise=0.0), lambda seen: seen, side=16)
    section = evaluate_restoration(run, sharp, sharp)
    assert "The strengths of the other methods are the best on 3 training images." in section.note
    assert "At the end of what was tried, so that another may suit better: unsharp mask (8)." in section.note
    assert "unsharp mask (8 of amount)" in section["unsharp_psnr_db"].name


def test_no_image_is_among_its_own_neighbours():
    """Of noise no image tells of another, so the mean of most is nearest; but for those that know themselves."""
    run = Stub(Inpaint(holes="centre", share=0.25), lambda seen: seen[..., :-1])
    section = evaluate_restoration(run, as_source(noise(50)), as_source(noise(80, seed=1)))
    assert "nearest of 40 training images (30 averaged)" in section["nearest_psnr_db"].name
    assert "best on 40 training images" in section.note


def test_all_training_images_but_those_tuned_on_are_neighbours():
    """Every test image is a training image too; only those that strengths were chosen on are missing."""
    images = noise(400)
    run = Stub(Inpaint(holes="centre", share=0.25), lambda seen: seen[..., :-1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("isthmus.evaluation.restoration.methods.COUNTS", (1,))
        section = evaluate_restoration(run, as_source(images), as_source(images))
    perfect = 100.0
    others = section["nearest_psnr_db"].value
    assert others == pytest.approx(0.9 * perfect + 0.1 * 8, abs=1.0)  # of noise, another image is 7.8 dB away


@pytest.mark.parametrize("holes", ["boxes", "strokes", "rows", "centre"])
def test_holes_over_all_that_can_be_missing(holes):
    run = Stub(Inpaint(holes=holes), lambda seen: seen[..., :-1])
    section = evaluate_restoration(run, as_source(noise(5)), as_source(noise(20, seed=1)), strength=1.0)
    assert all(np.isfinite(row.value) for row in section.rows)


def test_without_training_images_there_are_no_neighbours():
    run = Stub(Inpaint(holes="centre", share=0.25), lambda seen: seen[..., :-1])
    section = evaluate_restoration(run, as_source(noise(50)), None)
    assert [row.key for row in section.rows if row.key.endswith("psnr_db")] == ["psnr_db", "biharmonic_psnr_db"]
    assert "strengths" not in section.note
