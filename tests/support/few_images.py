"""Named sets with fewer images, for commands that only have to work; as a program, `isthmus` with these sets."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest

from isthmus.cli import main
from isthmus.data.arrays import Labelled
from isthmus.data.named import catalogue, digits
from isthmus.data.named.sprites import sprite_source

TOUR = ["train", "digits", "--epochs", "20", "--out", "runs/digits"]
"""The training of the tour, with which the README begins too."""


@cache
def _few_digits() -> tuple[Labelled, Labelled]:
    train, test = digits.read_digits()
    return tuple(part[::8] for part in train), tuple(part[::4] for part in test)


@contextmanager
def few_images() -> Iterator[None]:
    """While it lasts, there are 500 digits to learn from and 250 to test on, and of sprites an eighth."""
    few = _few_digits()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(digits, "read_digits", lambda: few)
        patched.setattr(catalogue, "sprite_source", lambda count, *rest: sprite_source(count // 8, *rest))
        yield


if __name__ == "__main__":
    with few_images():
        main()
