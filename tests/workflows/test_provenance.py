import platform
import socket

import numpy as np
import pytest

import isthmus
from isthmus.data import as_source
from isthmus.probability import LatentGroup
from isthmus.recipes import Recipe
from isthmus.workflows.datasets import TrainingData
from isthmus.workflows.provenance import first_manifest, machine, versions

IMAGES = np.random.default_rng(0).integers(0, 256, (9, 4, 5, 3)).astype(np.uint8)


def test_versions():
    found = versions()
    assert found["isthmus"] == isthmus.__version__
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__


def test_the_machine_is_described_and_not_named():
    assert platform.machine() in machine()
    assert socket.gethostname() not in machine()


@pytest.mark.parametrize(
    ("labels", "names"),
    [(None, ()), (np.arange(9) % 4, ("0", "1", "2", "3")), (np.arange(9) % 2 * 6, tuple("0123456"))],
)
def test_what_is_known_before_training(labels, names):
    source = as_source(IMAGES, labels)
    validation = as_source(IMAGES[:2])
    prepared = TrainingData("mine", Recipe(), source, validation, None)
    manifest = first_manifest(prepared, LatentGroup("latent", "gaussian", (2,)))
    assert manifest.state == "training"
    assert manifest.images.spec == manifest.target.spec == source.spec
    assert manifest.latent_groups[0].shape == (2,)
    expected = {
        "name": "mine",
        "fingerprint": source.fingerprint,
        "validation_fingerprint": validation.fingerprint,
        "test_fingerprint": None,
        "train_images": 9,
        "validation_images": 2,
        "test_images": 0,
        "class_names": names,
    }
    assert expected.items() <= manifest.data.model_dump().items()
