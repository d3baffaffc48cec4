from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from skimage.color import deltaE_cie76, rgb2lab
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from sklearn.metrics import f1_score, jaccard_score

from isthmus.data import ImageSpec, as_source, make_batch
from isthmus.data.tasks.kinds import task_of
from isthmus.errors import UsageError
from isthmus.evaluation.restoration import baselines, evaluate_restoration, results
from isthmus.recipes import Colourise, Deblur, Denoise, Inpaint, Pairs, Recipe, Segment, SuperResolve


class Stub:
    """As much of a run as the comparison needs: a task, and an answer to what is shown."""

    path = "stub"

    def __init__(self, task, answer, side=8, channels=1):
        spec = ImageSpec(side, side, channels)
        self.recipe = Recipe.model_construct(name="stub", task=task)
        self.task = task_of(task)
        self.image, self.target = self.task.input_spec(spec), self.task.target_spec(spec)
        self.reconstruct = answer


def noise(count, channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, channels)).astype(np.uint8)


@pytest.fixture
def quick(monkeypatch):
    """The slow filters left out."""
    some = [baseline for baseline in baselines.denoising() if baseline.key in ("untouched", "median", "gaussian")]
    monkeypatch.setattr(baselines, "denoising", lambda: some)


@pytest.fixture
def section(quick, tiny_restorer, bars):
    source = as_source(bars[0])
    return evaluate_restoration(tiny_restorer, source, source)


def test_the_metrics_are_those_of_the_same_noise(section, tiny_restorer, bars):
    """Recomputed here from the first principles of each: the same images, spoilt in the same way."""
    rng = np.random.default_rng([0, results._STREAM])
    chosen = np.sort(rng.choice(120, results.EVALUATED_SLOWLY, replace=False))
    images = bars[0][chosen]
    batch = make_batch(images, tiny_restorer.recipe.task, 0)

    def psnr(answers):
        return np.mean(-10 * np.log10(np.square((images - answers.astype(float)) / 255).mean(axis=(1, 2, 3))))

    assert section["untouched_psnr_db"].value == pytest.approx(psnr(batch.input))
    assert section["psnr_db"].value == pytest.approx(psnr(tiny_restorer.reconstruct(batch.input)), rel=1e-6)


def test_the_gain_is_over_the_best(section):
    baselines_beside = [section[f"{key}_psnr_db"].value for key in ("untouched", "median", "gaussian")]
    assert section["gain"].value == pytest.approx(section["psnr_db"].value - max(baselines_beside))
    assert section["gain"].standard_error > 0
    assert "the best beside it" in section["gain"].meaning


def test_another_strength_than_the_recipes(quick, tiny_restorer, bars):
    source = as_source(bars[0])
    little = evaluate_restoration(tiny_restorer, source, None, strength=0.05)
    much = evaluate_restoration(tiny_restorer, source, None, strength=0.5)
    assert little["untouched_psnr_db"].value > much["untouched_psnr_db"].value + 10
    assert "strength 0.5" in much.note
    assert "test images themselves" in much.note


def psnr(truth, given, _):
    return peak_signal_noise_ratio(truth, given, data_range=255)


def psnr_of_holes(truth, given, seen):
    return psnr(truth[seen[..., -1] == 0], given[seen[..., -1] == 0], seen)


def mse(truth, given, _):
    return mean_squared_error(truth / 255, given / 255)


def ssim(truth, given, _):
    return structural_similarity(truth, given, win_size=7, data_range=255, channel_axis=-1)


def chroma_apart(truth, given, _):
    of_one_lightness = (rgb2lab(image) * [0, 1, 1] for image in (truth, given))
    return np.sqrt(np.square(deltaE_cie76(*of_one_lightness)).mean())


def iou(truth, given, _, score=jaccard_score):
    """Over the classes that an image or its answer has, but the first."""
    return score(truth.ravel(), given.ravel(), labels=np.setdiff1d(np.union1d(truth, given), [0]), average="macro")


def dice(truth, given, _):
    return iou(truth, given, _, f1_score)


PIXELS = {"psnr_db": psnr, "ssim": ssim, "mse": mse}
OVERLAP = {"iou": iou, "dice": dice}


@dataclass(frozen=True)
class Case:
    """A task, the images `(n, h, w, c)` to make it of, and how its answers are to be judged.

    Attributes:
        oracles: One image's figures from the truth, the answer and what was seen; the first decides what is best.
        baselines_beside: The baselines.
        shown: Those of them that answer with what is shown.
        rising: Whether more is better.
        levels: How many values an answer's numbers have.
    """

    task: Any
    images: np.ndarray
    oracles: Mapping[str, Callable]
    baselines_beside: tuple[str, ...]
    shown: tuple[str, ...] = ()
    rising: bool = True
    levels: int = 256


def with_mask(classes, top):
    """Noise with a mask of so many classes on it; `top` is the value of the last, as the sources have it."""
    masks = np.random.default_rng(5).integers(0, classes, (12, 8, 8, 1)) * (top // (classes - 1))
    return np.concatenate([noise(12), masks.astype(np.uint8)], axis=-1)


SHOWN, FILTERS, COLOURS = ("untouched",), ("untouched", "median", "gaussian"), ("grey", "mean_chrominance")
APART = {"chroma_error": chroma_apart, "psnr_db": psnr, "ssim": ssim}
CASES = {
    "denoise": Case(Denoise(strength=0.3), noise(12), PIXELS, FILTERS, SHOWN),
    "deblur": Case(Deblur(), noise(12, 3), PIXELS, ("untouched", "unsharp"), SHOWN),
    "super-resolve": Case(SuperResolve(), noise(12), PIXELS, ("bicubic",), ("bicubic",)),
    "colourise": Case(Colourise(), noise(12, 3), APART, COLOURS, ("grey",), rising=False),
    "colourise what is transparent": Case(Colourise(), noise(12, 4), APART, COLOURS, ("grey",), rising=False),
    "inpaint": Case(Inpaint(), noise(12, 3), {**PIXELS, "psnr_db": psnr_of_holes}, ("biharmonic", "nearest")),
    "segment four classes": Case(Segment(classes=(0, 3, 7, 9)), with_mask(4, 3), OVERLAP, ("k_means",), levels=4),
    "segment two classes": Case(Segment(classes=(5, 6)), with_mask(2, 255), OVERLAP, ("otsu", "k_means")),
    "segment shapes": Case(Segment(masks="itself", clutter=0.5), noise(12), OVERLAP, ("otsu", "k_means")),
    "pairs": Case(Pairs(target_channels=1), noise(12, 2), PIXELS, SHOWN, SHOWN),
    "pairs of other shapes": Case(Pairs(target_channels=3), noise(12, 4), PIXELS, ()),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_task_is_judged_by_its_own_metrics(quick, case):
    """Noise is as good an answer as any.  What was asked is made here once more, and judged by other libraries."""
    task, batch = task_of(case.task), make_batch(case.images, case.task, 0)
    raw = np.random.default_rng(3).integers(0, case.levels, batch.target.shape).astype(np.uint8)
    truth = case.images[..., :3] if case.task.kind == "colourise" else task.finish(batch.input, batch.target)
    run = Stub(case.task, lambda seen: raw, channels=case.images.shape[-1])

    section = evaluate_restoration(run, as_source(case.images), as_source(case.images[::-1].copy()))

    def judged(oracle, given):
        return np.array([oracle(*images) for images in zip(truth, given, batch.input, strict=True)])

    for key, oracle in case.oracles.items():
        values = judged(oracle, task.finish(batch.input, raw))
        assert section[key].value == pytest.approx(values.mean(), rel=1e-3), key
        assert section[key].standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(12), rel=1e-2), key
        for baseline in case.shown:
            shown = np.broadcast_to(batch.input, truth.shape)
            assert section[f"{baseline}_{key}"].value == pytest.approx(judged(oracle, shown).mean(), rel=1e-3), key
    first = next(iter(case.oracles))
    assert [row.key for row in section.rows if row.key.endswith(first)] == [
        first,
        *(f"{baseline}_{first}" for baseline in case.baselines_beside),
    ]
    if case.baselines_beside:
        best = (max if case.rising else min)(section[f"{baseline}_{first}"].value for baseline in case.baselines_beside)
        assert section["gain"].value == pytest.approx(section[first].value - best)
    else:
        assert "gain" not in {row.key for row in section.rows}


def test_regions_without_names_are_given_the_classes_that_suit_them():
    """Dark shapes on white: Otsu finds them, though it takes what is bright for the shape."""
    masks = np.zeros((6, 8, 8, 1), np.uint8)
    masks[:, 2:5, 3:7] = 255
    images = as_source(np.concatenate([255 - masks // 2, masks], axis=-1))
    section = evaluate_restoration(Stub(Segment(), lambda seen: seen, channels=2), images, images)
    assert section["otsu_iou"].value == section["k_means_iou"].value == 1.0
    assert section["iou"].value == section["gain"].value + 1.0 == 0.1875  # 12 of 64 pixels: all answered as the shape
    assert "given the classes that suit them best" in section.note


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
    assert "The strengths of the baselines are the best on 3 training images." in section.note
    assert "At the end of the range that was tried, so that another may be better: unsharp mask (8)." in section.note
    assert "unsharp mask (amount 8)" in section["unsharp_psnr_db"].name


def test_no_image_is_among_its_own_neighbours():
    """Of noise no image tells of another, so the mean of most is nearest; but for those that know themselves."""
    run = Stub(Inpaint(holes="centre", share=0.25), lambda seen: seen[..., :-1])
    section = evaluate_restoration(run, as_source(noise(50)), as_source(noise(80, seed=1)))
    assert "nearest training images (30 averaged)" in section["nearest_psnr_db"].name
    assert "best on 40 training images" in section.note


def test_all_training_images_but_those_tuned_on_are_neighbours():
    """Every test image is a training image too; only those that strengths were chosen on are missing."""
    images = noise(400)
    run = Stub(Inpaint(holes="centre", share=0.25), lambda seen: seen[..., :-1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("isthmus.evaluation.restoration.baselines.COUNTS", (1,))
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
