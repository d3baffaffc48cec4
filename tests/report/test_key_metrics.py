import math

import pytest

from isthmus.recipes import RECIPES, Denoise, Recipe, Segment, with_fields
from isthmus.recipes.likelihoods import LikelihoodFields
from isthmus.report.key_metrics import key_metrics

METRICS = {
    "split": "test",
    "images": 100,
    "elbo_nats": {"mean": -158.16, "standard_error": 1.7},
    "distortion_nats": {"mean": 152.55, "standard_error": 1.7},
    "rate_nats": {"mean": math.log(300), "standard_error": 0.04},
    "mse": {"mean": 0.04, "standard_error": 0.0005},
}


def _by_name(metrics=METRICS, recipe=RECIPES["conv-vae"], **options):
    return {metric.name: metric for metric in key_metrics(metrics, recipe, 784, **options)}


def test_each_metric_has_value_error_unit_and_meaning():
    found = _by_name()
    assert list(found) == ["ELBO", "Distortion", "Rate", "Squared error"]
    assert found["ELBO"].value == "−158.16"
    assert found["ELBO"].error == "1.70"
    assert {metric.unit for name, metric in found.items() if name != "Squared error"} == {"nats per image"}
    assert all(metric.meaning.endswith(".") for metric in found.values())


def test_what_the_numbers_mean_is_counted_rightly():
    found = _by_name(pixel_variance=0.05)
    assert "228 bits" in found["ELBO"].meaning  # 158.16 / ln 2
    assert "0.291" in found["ELBO"].meaning  # over 784
    assert "300 images" in found["Rate"].meaning
    assert "8.2 bits" in found["Rate"].meaning
    assert "51 of 255" in found["Squared error"].meaning  # the root of 0.04
    assert "20%" in found["Squared error"].meaning


def test_a_mean_image_that_does_as_well_is_said_so():
    assert "mean image" in _by_name(pixel_variance=0.04)["Squared error"].meaning


@pytest.mark.parametrize("recipe", ["dense-vae", "conv-vae-colour"])
def test_what_is_no_likelihood_is_never_told_as_one(recipe):
    metrics = {"loss_nats" if name == "elbo_nats" else name: value for name, value in METRICS.items()}
    found = _by_name(metrics, RECIPES[recipe])
    assert "ELBO" not in found
    assert "no likelihood" in found["Loss"].meaning
    assert "no likelihood" in found["Distortion"].meaning
    assert not any("probability" in metric.meaning for metric in found.values())


def test_many_images_told_apart_do_not_overflow():
    metrics = {"rate_nats": {"mean": 5000.0, "standard_error": None}}
    metric = _by_name(metrics)["Rate"]
    assert "millions" in metric.meaning
    assert metric.error == ""


def test_what_is_not_there_or_no_number_is_left_out():
    assert key_metrics({"split": None}, Recipe(), 4) == []
    assert key_metrics({"mse": {"mean": None}, "rate_nats": 3}, Recipe(), 4) == []


@pytest.mark.parametrize("value", ["x", [], {}, None, math.nan, 10**400, 1e308])
def test_a_file_that_was_changed_leaves_out_what_is_no_number(value):
    assert "ELBO" not in _by_name({**METRICS, "elbo_nats": {"mean": value, "standard_error": 1.0}})
    assert _by_name({**METRICS, "elbo_nats": {"mean": -1.0, "standard_error": value}})["ELBO"].error == ""


def test_black_and_white_pixels_are_called_so():
    recipe = with_fields(RECIPES["conv-vae"], {"pixels.binarise": "none"})
    assert "black-and-white" in _by_name()["Squared error"].meaning
    assert "black-and-white" not in _by_name(recipe=recipe)["Squared error"].meaning


@pytest.mark.parametrize("likelihood", LikelihoodFields.kinds.values())
@pytest.mark.parametrize("task", [Denoise(), Segment()])
@pytest.mark.parametrize("latent", ["gaussian", "point"])
def test_every_likelihood_of_every_task_has_words(likelihood, task, latent):
    masks = likelihood().kind in ("bernoulli", "categorical")
    if masks != (task.kind == "segment"):
        pytest.skip("no recipe joins the two")
    recipe = with_fields(
        RECIPES["unet"].model_copy(update={"task": task, "likelihood": likelihood()}), {"latent": latent}
    )
    metrics = {key.replace("elbo", "loss"): value for key, value in METRICS.items()}
    found = _by_name(metrics, recipe)
    assert "predictions are from their targets" in found["Distortion"].meaning
    assert found["Loss"].meaning.startswith("Distortion plus rate")
