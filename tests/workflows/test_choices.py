import pytest

from isthmus.recipes import Augmentation
from isthmus.workflows.choices import spell_orientations


@pytest.mark.parametrize(
    ("flips", "text"),
    [
        ({}, ""),
        ({"flip_horizontal": True}, ", also flipped left to right"),
        ({"flip_vertical": True}, ", also flipped top to bottom"),
        ({"flip_horizontal": True, "flip_vertical": True}, ", also flipped left to right and top to bottom"),
        ({"flip_horizontal": True, "flip_vertical": True, "transpose": True}, ", in all eight orientations"),
    ],
)
def test_orientations(flips, text):
    assert spell_orientations(Augmentation(**flips)) == text
