import asyncio
import threading

import numpy as np
import pytest

from isthmus.explorer.batcher import Batcher, BusyError


def test_what_comes_together_is_computed_together_and_given_back_apart(finish):
    sizes, hold = [], threading.Event()

    def work(rows):
        sizes.append(len(rows))
        hold.wait(10)
        return {"twice": 2 * rows, "sum": rows.sum(axis=1)}

    async def ask():
        batcher = Batcher(work, most=100, waiting=1000)
        asked = [asyncio.create_task(batcher(np.full((n, 2), n))) for n in (1, 2, 3, 4)]
        await asyncio.sleep(0.05)  # the first is being computed; the others gather
        hold.set()
        return await asyncio.gather(*asked)

    found = finish(ask())
    assert sizes == [10] or sizes == [1, 9]
    for n, answer in zip((1, 2, 3, 4), found, strict=True):
        np.testing.assert_array_equal(answer["twice"], np.full((n, 2), 2 * n))
        np.testing.assert_array_equal(answer["sum"], np.full(n, 2 * n))


def test_a_batch_is_no_larger_than_it_may_be_unless_one_request_is(finish):
    sizes = []

    def work(rows):
        sizes.append(len(rows))
        return {"rows": rows}

    async def ask():
        batcher = Batcher(work, most=4, waiting=1000)
        await asyncio.gather(*(batcher(np.zeros((n, 1))) for n in (3, 3, 1, 9, 2)))

    finish(ask())
    assert sum(sizes) == 18
    assert all(size <= 4 or size == 9 for size in sizes)


def test_more_than_may_wait_is_refused_and_the_rest_is_answered(finish):
    hold = threading.Event()

    def work(rows):
        hold.wait(10)
        return {"rows": rows}

    async def ask():
        batcher = Batcher(work, most=1, waiting=5)
        asked = []
        for _ in range(2):  # one that is being computed, and one that waits
            asked.append(asyncio.create_task(batcher(np.zeros((3, 1)))))
            await asyncio.sleep(0.05)
        with pytest.raises(BusyError):
            await batcher(np.zeros((3, 1)))
        hold.set()
        assert [len(found["rows"]) for found in await asyncio.gather(*asked)] == [3, 3]

    finish(ask())


def test_a_fault_reaches_who_asked_and_nobody_after(finish):
    def work(rows):
        if (rows < 0).any():
            raise ValueError("negative")
        return {"rows": rows}

    async def ask():
        batcher = Batcher(work, most=1, waiting=5)
        with pytest.raises(ValueError, match="negative"):
            await batcher(-np.ones((1, 1)))
        return await batcher(np.ones((1, 1)))

    assert finish(ask())["rows"] == 1


def test_who_goes_away_holds_nobody_up(finish):
    hold = threading.Event()

    def work(rows):
        hold.wait(10)
        return {"rows": rows}

    async def ask():
        batcher = Batcher(work, most=10, waiting=50)
        gone, stays = (asyncio.create_task(batcher(np.zeros((1, 1)))) for _ in range(2))
        await asyncio.sleep(0.05)
        gone.cancel()
        hold.set()
        return await asyncio.wait_for(stays, 10)

    assert len(finish(ask())["rows"]) == 1
