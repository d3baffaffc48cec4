from types import SimpleNamespace

import numpy as np

from isthmus.data import as_source
from isthmus.report.samples import samples


def test_samples_come_from_the_prior_and_from_each_class(tiny_run, tiny_ae_run):
    found = samples(tiny_run)
    assert [panel.title for panel in found] == ["At random", "Class by class"]
    assert "prior" in found[0].caption
    for name in tiny_run.class_names:
        assert f">{name}<" in found[1].html
    assert "fitted" in samples(tiny_ae_run)[0].caption


def test_classes_are_sampled_only_where_codes_tell_them_apart(tiny_ae_run, bars):
    labels = np.arange(400) % 2
    told = np.stack([labels + np.random.default_rng(0).normal(0, 0.1, 400), np.zeros(400)], axis=1)
    source = as_source(bars[0][np.arange(400) % 120], labels)
    for codes, titles in ((told, ["At random", "Class by class"]), (told[:, 1:] * np.ones(2), ["At random"])):
        known = SimpleNamespace(test=source, codes=SimpleNamespace(mean=codes))
        assert [panel.title for panel in samples(tiny_ae_run, known)] == titles
