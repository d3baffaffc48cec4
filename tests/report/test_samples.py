from dataclasses import replace

import numpy as np

from isthmus.data import as_source
from isthmus.report.samples import samples
from isthmus.workflows.datasets import open_held_out
from isthmus.workflows.seeing import look


def test_samples_come_from_the_prior_and_from_each_class(tiny_run, tiny_ae_run):
    found = samples(tiny_run)
    assert [panel.title for panel in found] == ["At random", "Class by class"]
    assert "prior" in found[0].caption
    for name in tiny_run.class_names:
        assert f">{name}<" in found[1].html
    assert "fitted" in samples(tiny_ae_run)[0].caption


def test_classes_are_sampled_only_where_codes_tell_them_apart(tiny_ae_run, bars):
    seen = look(tiny_ae_run, open_held_out(tiny_ae_run, bars, training_too=True))
    labels = np.arange(400) % 2
    told = np.stack([labels + np.random.default_rng(0).normal(0, 0.1, 400), np.zeros(400)], axis=1)
    source = as_source(bars[0][np.arange(400) % 120], labels)
    for codes, titles in ((told, ["At random", "Class by class"]), (told[:, 1:] * np.ones(2), ["At random"])):
        known = replace(seen, source=source, posterior={"mean": codes.astype(np.float32)})
        assert [panel.title for panel in samples(tiny_ae_run, known)] == titles
