import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.codec.coder.stack import Stack

WHOLE = 1 << 24


def draw_masses(rng, rows, symbols):
    weights = np.floor(rng.dirichlet(np.full(symbols, 0.2), rows) * (WHOLE - symbols)).astype(np.int64)
    weights[:, 0] += WHOLE - symbols - weights.sum(axis=1)
    return weights + 1


@pytest.mark.parametrize("symbols", [2, 16, 256])
@pytest.mark.parametrize("start", [[], [1], [1, 2, 3, 0xDEADBEEF, 5]])
def test_words_are_those_of_the_plain_coder(plain_decoder, symbols, start):
    rng = np.random.default_rng(symbols)
    masses = draw_masses(rng, 300, symbols)
    chosen = rng.integers(0, symbols, 300)
    stack, plain = Stack(np.array(start, np.uint32)), plain_decoder.Stack(start)
    stack.push(chosen, masses)
    for symbol, row in zip(chosen[::-1], masses[::-1], strict=True):
        plain.push(int(symbol), [0, *np.cumsum(row).tolist()])
    assert stack.words().tolist() == plain.words()
    np.testing.assert_array_equal(stack.pop(masses), chosen)
    assert stack.words().tolist() == start


@pytest.mark.parametrize("start", [[], [9], [7, 8, 9]])
def test_popping_more_than_there_is_can_be_undone(plain_decoder, start):
    masses = draw_masses(np.random.default_rng(0), 100, 16)
    stack, plain = Stack(np.array(start, np.uint32)), plain_decoder.Stack(start)
    popped = stack.pop(masses)
    assert popped.tolist() == [plain.pop([0, *np.cumsum(row).tolist()]) for row in masses]
    assert stack.words().tolist() == plain.words()
    stack.push(popped, masses)
    assert stack.words().tolist() == start


@given(st.lists(st.integers(0, 255), max_size=60))
def test_one_distribution_for_all(chosen):
    masses = np.full(256, WHOLE // 256)
    stack = Stack(np.array([3], np.uint32))
    stack.push(np.array(chosen, np.int32), masses)
    assert stack.pop(masses, len(chosen)).tolist() == chosen
    assert stack.words().tolist() == [3]


def test_the_length_is_the_entropy():
    rng = np.random.default_rng(0)
    masses = draw_masses(rng, 1, 16)[0]
    chosen = rng.choice(16, 20_000, p=masses / WHOLE)
    stack = Stack(np.empty(0, np.uint32))
    stack.push(chosen, masses)
    assert stack.bits == pytest.approx(-np.log2(masses[chosen] / WHOLE).sum(), abs=64)
