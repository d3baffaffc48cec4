"""An ordered map in threads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ordered_map(
    function: Callable[[T], R], items: Iterable[T], threads: int, *, one_core_each: bool = False
) -> Iterator[R]:
    """Map a function over items in threads; the results keep the order.

    Args:
        function: What computes a result from an item.
        items: The items; at most one more than `threads` is read ahead of the results.
        threads: Items computed at once; 1 computes in the caller's thread.
        one_core_each: Keep libraries of linear algebra to one core in each thread; by default they may use all cores.
    """
    if one_core_each:
        from threadpoolctl import threadpool_limits

        limits = threadpool_limits(1)
    else:
        limits = nullcontext()
    with limits:
        if threads == 1:
            yield from map(function, items)
            return
        with ThreadPoolExecutor(threads) as pool:
            pending: deque[Future[R]] = deque()
            try:
                for item in items:
                    pending.append(pool.submit(function, item))
                    if len(pending) > threads:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()
