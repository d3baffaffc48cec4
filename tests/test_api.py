import numpy as np
import pytest

import isthmus
from isthmus.errors import DataError


def test_held_out_images_are_those_that_training_left_out(tiny_run, bars):
    images, labels = bars
    held = isthmus.held_out(tiny_run, bars)
    found = held.read(range(len(held)))
    where = [int(name) for name in held.names]
    np.testing.assert_array_equal(found, images[where])
    np.testing.assert_array_equal(held.labels, labels[where])
    assert len(held) == tiny_run.manifest.data.test_images
    assert tiny_run.encode(found)["mean"].shape == (len(held), 2)


def test_where_they_are_not_at_hand_the_call_that_names_them_is_told(tiny_run):
    with pytest.raises(DataError, match="data=DATA in Python"):
        isthmus.held_out(tiny_run)
