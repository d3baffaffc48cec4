import json

import numpy as np
import pytest
from scipy import stats

from isthmus.data import as_source, content_order, select
from isthmus.evaluation.measurements import Measurements
from isthmus.recipes import with_fields
from isthmus.runs import Run
from isthmus.scores import score
from isthmus.workflows.metrics import first_metrics, to_json


@pytest.fixture
def source(bars):
    return as_source(bars[0][:30])


def metrics_of(run, source, split="test", **changes):
    recipe = with_fields(run.recipe, {name.replace("__", "."): value for name, value in changes.items()})
    return first_metrics(Measurements.of(Run(run.path, run.manifest, recipe), source, None, 0), split)


def test_a_vaes_metrics_are_the_means_of_its_scores(tiny_run, source):
    figures = metrics_of(tiny_run, source)
    scores = score(tiny_run, select(source, content_order(source, 0)), 0)
    assert (figures["split"], figures["images"]) == ("test", 30)
    assert figures["rate_nats"]["mean"] == pytest.approx(scores.rate.mean())
    assert figures["elbo_nats"]["mean"] == pytest.approx(-(scores.rate + scores.distortion).mean())
    assert figures["elbo_nats"]["standard_error"] == pytest.approx(stats.sem(scores.elbo))
    assert figures["mse"]["mean"] == pytest.approx(scores.squared_error.mean())
    assert set(figures) == {"split", "images", "distortion_nats", "rate_nats", "psnr_db", "mse", "elbo_nats"}


def test_metrics_do_not_depend_on_the_order_of_images(tiny_run, source):
    backwards = select(source, np.arange(len(source))[::-1])
    assert metrics_of(tiny_run, backwards) == metrics_of(tiny_run, source)


def test_no_bound_is_claimed_where_the_loss_is_no_likelihood(tiny_run, source):
    figures = metrics_of(tiny_run, source, pixels__binarise="none")
    assert "elbo_nats" not in figures
    both = figures["distortion_nats"]["mean"] + figures["rate_nats"]["mean"]
    assert figures["loss_nats"]["mean"] == pytest.approx(both)


def test_an_autoencoder_has_no_rate(tiny_ae_run, source):
    figures = metrics_of(tiny_ae_run, source)
    assert set(figures) == {"split", "images", "distortion_nats", "psnr_db", "mse"}


def test_validation_images_where_there_are_none_to_test_on(tiny_run, source):
    assert metrics_of(tiny_run, source, "validation")["split"] == "validation"
    assert metrics_of(tiny_run, source, "training") == {"split": None}


def test_one_image_has_no_standard_error(tiny_run, bars):
    figures = metrics_of(tiny_run, as_source(bars[0][:1]))
    assert figures["mse"]["standard_error"] is None
    assert json.loads(to_json(figures)) == figures


def test_training_wrote_them(tiny_run):
    written = json.loads((tiny_run.path / "metrics.json").read_text())
    assert written["split"] == "test"
    assert written["images"] == tiny_run.manifest.data.test_images


def test_decibels_come_first_but_for_black_and_white(tiny_run, tiny_ae_run, source):
    errors = score(tiny_ae_run, source, 0).squared_error
    grey = metrics_of(tiny_ae_run, source)
    assert grey["psnr_db"]["mean"] == pytest.approx(np.mean(10 * np.log10(1 / errors)))
    assert list(grey)[2:] == ["psnr_db", "mse", "distortion_nats"]
    assert list(metrics_of(tiny_run, source))[-2:] == ["psnr_db", "mse"]
