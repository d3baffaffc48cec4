from dataclasses import replace

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio
from sklearn.decomposition import PCA

import isthmus
from isthmus.codec.lossy.message import Message
from isthmus.codec.lossy.quality import message_at
from isthmus.codec.lossy.statistics import code_statistics
from isthmus.data import ImageSpec
from isthmus.evaluation.equal_size import equal_size_rows, has_photographs
from isthmus.recipes import DenseNetwork, GaussianLikelihood, PointLatent, Recipe, Training, with_fields
from isthmus.workflows import equal_size
from isthmus.workflows.datasets import open_held_out
from isthmus.workflows.diagnosis import diagnose_quickly, measure
from isthmus.workflows.equal_size import measure_equal_size
from isthmus.workflows.report import page_of


@pytest.fixture(scope="module")
def ramps():
    """Colour images whose colours grow from one corner to another, by four numbers each."""
    rng = np.random.default_rng(0)
    down, across = np.meshgrid(np.linspace(0, 1, 32), np.linspace(0, 1, 36), indexing="ij")
    parts = np.stack([down, across, 1 - down, 1 - across])
    weights = rng.random((80, 4, 3)) / 2
    return np.rint(255 * np.einsum("nkc,khw->nhwc", weights, parts)).astype(np.uint8)


def _measured(images, folder, **changes):
    recipe = Recipe(
        name="ramps",
        network=DenseNetwork(units=(16,)),
        latent=PointLatent(dim=3),
        likelihood=GaussianLikelihood(sigma=0.2, mean="free"),
        training=Training(epochs=3, batch_size=16, learning_rate=3e-3),
    )
    run = isthmus.train(images, with_fields(recipe, changes), folder / "run", report=False)
    return measure(run, open_held_out(run, images, training_too=True))


@pytest.fixture(scope="module")
def measured(ramps, tmp_path_factory):
    return _measured(ramps, tmp_path_factory.mktemp("ramps"))


@pytest.fixture(scope="module")
def found(measured):
    return measure_equal_size(measured)


def psnr(originals, images):
    pairs = zip(originals.astype(float), images * 255.0, strict=True)
    return np.mean([peak_signal_noise_ratio(one, other, data_range=255) for one, other in pairs])


def test_every_candidate_is_compared_with_the_same_images(found):
    assert [one.key for one in found.candidates] == ["model", "pca", "quantised", "jpeg", "webp"]
    for one in found.candidates:
        assert one.closeness.psnr.mean() == pytest.approx(psnr(found.originals, one.images), rel=1e-5)


def test_the_model_and_pca_are_those_of_the_run_and_of_its_training_images(measured, found):
    model, pca = found.candidates[:2]
    made = measured.run.reconstruct(found.originals)
    np.testing.assert_allclose(np.clip(model.images * 255, 0, 255), made, atol=0.51)
    train = measured.train.read(np.arange(len(measured.train))).reshape(len(measured.train), -1) / 255.0
    fitted = PCA(3).fit(train)
    given = fitted.inverse_transform(fitted.transform(found.originals.reshape(len(found.originals), -1) / 255.0))
    np.testing.assert_allclose(pca.images.reshape(given.shape), np.clip(given, 0, 1), atol=0.01)


def test_quantised_codes_are_those_of_the_lossy_codec(measured, monkeypatch):
    monkeypatch.setattr(equal_size, "QUALITIES", (70,))
    monkeypatch.setattr("isthmus.evaluation.equal_size.MOST_IMAGES", 5)  # fewer than are quantised together
    one = {one.key: one for one in measure_equal_size(measured).candidates}["quantised"]
    images = measured.test.read(np.arange(len(measured.test)))
    content = message_at(code_statistics(measured.run, measured.run.encode(images)), 70).to_bytes()
    assert one.bytes_per_image == len(content) / len(images)
    message = Message.from_bytes(content)
    codes = message.grid.dequantise(message.quantised())[: len(one.images)]
    decoded = measured.run.decode(codes)
    np.testing.assert_allclose(np.clip(one.images * 255, 0, 255), decoded, atol=0.51)
    assert np.ptp(decoded.astype(int), axis=0).max() > 5  # codes matter


def test_quantising_costs_little_and_formats_take_no_more_bytes_unless_at_their_lowest(found):
    by_key = {one.key: one for one in found.candidates}
    assert by_key["model"].closeness.psnr.mean() - by_key["quantised"].closeness.psnr.mean() < 0.1
    assert by_key["model"].bytes_per_image is by_key["pca"].bytes_per_image is None
    rows = {row.key: row for row in equal_size_rows(found)}
    for key in ("quantised", "jpeg", "webp"):
        assert rows[f"{key}_bytes"].value == by_key[key].bytes_per_image > 0
        assert {f"{key}_{metric}" for metric in ("psnr_db", "mse", "ssim", "sharpness")} <= rows.keys()
    assert not any(key.startswith(("model", "pca")) for key in rows)


def test_the_report_shows_it_and_the_evaluation_lists_it(measured, ramps, found):
    page = page_of(measured.run, diagnosis=diagnose_quickly(measured.run, measured))
    assert [row[0] for row in page.quality.table.rows] == [one.name for one in found.candidates]
    section = isthmus.evaluate(measured.run, ramps, parts=("reconstruction",), seed=measured.seed)["reconstruction"]
    assert section["webp_psnr_db"].value == pytest.approx(found.candidates[-1].closeness.psnr.mean())
    assert section.note == found.note


def test_without_training_images_there_is_no_pca(measured):
    lost = measure_equal_size(replace(measured, train=None))
    assert [one.key for one in lost.candidates] == ["model", "quantised", "jpeg", "webp"]


def test_only_photographs_are_compared(tiny_run, measured):
    run = measured.run
    assert not has_photographs(tiny_run, ImageSpec(64, 64, 1))  # black and white
    shapes = {(32, 32, 3): True, (31, 90, 3): False, (64, 70, 1): True, (63, 70, 1): False, (64, 64, 4): False}
    assert {shape: has_photographs(run, ImageSpec(*shape)) for shape in shapes} == shapes
    assert not has_photographs(run, ImageSpec(64, 64, 3, "float32"))


@pytest.mark.slow
def test_a_conditional_run_decodes_the_class_of_each_image(ramps, tmp_path):
    measured = _measured((ramps, np.arange(len(ramps)) % 2), tmp_path, condition="labels")
    found = measure_equal_size(measured)
    made = measured.run.reconstruct(found.originals, labels=measured.test.labels[: len(found.originals)])
    np.testing.assert_allclose(np.clip(found.candidates[0].images * 255, 0, 255), made, atol=0.51)
