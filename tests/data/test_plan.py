import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.data import BatchPlan
from isthmus.errors import UsageError

PLANS = st.builds(BatchPlan, st.integers(0, 2**31 - 1), st.integers(1, 40), st.integers(1, 60))


@given(PLANS, st.integers(1, 5))
def test_each_pass_has_each_image_once(plan, passes):
    steps = -(-passes * plan.length // plan.batch_size)
    order = np.concatenate([plan.indices(step) for step in range(steps)])
    assert order.dtype == np.int64
    for number in range(passes):
        one = order[number * plan.length : (number + 1) * plan.length]
        assert sorted(one) == list(range(plan.length))


@given(PLANS, st.lists(st.integers(0, 30), min_size=1, max_size=10))
def test_any_step_at_any_time(plan, steps):
    whole = [plan.indices(step) for step in range(31)]
    for step in steps:
        again = BatchPlan(plan.seed, plan.length, plan.batch_size).indices(step)
        assert again.shape == (plan.batch_size,)
        np.testing.assert_array_equal(again, whole[step])


def test_passes_and_seeds_differ_and_are_shuffled():
    orders = [BatchPlan(seed, 100, 100).indices(step).tolist() for seed in (0, 1) for step in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4
    assert all(order != sorted(order) for order in orders)


def test_the_order_of_a_seed_never_changes():
    assert BatchPlan(0, 8, 12).indices(1).tolist() == [0, 4, 2, 5, 5, 2, 6, 0, 7, 1, 4, 3]


def test_what_it_gives_may_be_changed():
    plan = BatchPlan(0, 10, 10)
    before = plan.indices(0).copy()
    plan.indices(0)[:] = 0
    np.testing.assert_array_equal(plan.indices(0), before)


@pytest.mark.parametrize("wrong", [(-1, 1, 1), (0, 0, 1), (0, 1, 0)])
def test_refuses(wrong):
    with pytest.raises(UsageError, match="at least one image"):
        BatchPlan(*wrong)


def test_refuses_a_step_before_the_first():
    with pytest.raises(UsageError, match="-1"):
        BatchPlan(0, 1, 1).indices(-1)
