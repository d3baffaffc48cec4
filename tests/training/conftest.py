from pathlib import Path

import numpy as np
import pytest

from isthmus.data import as_source
from isthmus.recipes import ConvNetwork, Recipe, Training, with_fields
from isthmus.training.fit import Job

STEPS = 4
"""Steps an epoch of the jobs below."""


@pytest.fixture(scope="session")
def train_source(bars):
    return as_source(bars[0][:64])


@pytest.fixture(scope="session")
def validation_source(bars):
    return as_source(bars[0][64:90])


@pytest.fixture
def job(tmp_path, train_source, validation_source):
    """Make jobs of four steps an epoch in folders of their own; fields of the recipe by keyword, `__` for the dot."""
    base = Recipe(
        network=ConvNetwork(filters=(3,), stem_filters=2),
        training=Training(epochs=3, batch_size=16, learning_rate=0.01),
    )

    def make(folder="run", validation=True, resume=False, initial_weights=None, **changes):
        recipe = with_fields(base, {name.replace("__", "."): value for name, value in changes.items()})
        return Job(
            recipe,
            train_source,
            validation_source if validation else None,
            tmp_path / Path(folder),
            resume=resume,
            initial_weights=initial_weights,
        )

    return make


@pytest.fixture
def assert_same():
    """Two mappings of arrays agree bit for bit."""

    def check(one, other):
        assert list(one) == list(other)
        for name, value in one.items():
            np.testing.assert_array_equal(value, other[name], err_msg=name)

    return check
