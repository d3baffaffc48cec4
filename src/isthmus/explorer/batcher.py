"""Concurrent requests in batches: a batch takes a network hardly longer than one row."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
Compute = Callable[[Rows], Mapping[str, Rows]]


class BusyError(Exception):
    """Too many rows wait."""


class Batcher:
    """Collects requests while a batch is computed, and computes them as the next batch.

    A request that arrives alone is computed at once.

    Args:
        compute: Takes rows `(n, ...)` and returns arrays by name, each `(n, ...)`; called from one thread.
        most: Rows per batch, unless a single request has more.
        waiting: Rows that may wait.
    """

    def __init__(self, compute: Compute, most: int, waiting: int) -> None:
        self._compute, self._most, self._limit = compute, most, waiting
        self._queue: deque[tuple[Rows, asyncio.Future[dict[str, Rows]]]] = deque()
        self._rows_waiting = 0
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1)

    async def __call__(self, rows: Rows) -> dict[str, Rows]:
        """Compute rows `(n, ...)`.

        Raises:
            BusyError: If too many rows wait already.
        """
        if self._rows_waiting and self._rows_waiting + len(rows) > self._limit:
            raise BusyError
        future: asyncio.Future[dict[str, Rows]] = asyncio.get_running_loop().create_future()
        self._queue.append((rows, future))
        self._rows_waiting += len(rows)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            batch = self._take()
            try:
                rows = batch[0][0] if len(batch) == 1 else np.concatenate([rows for rows, _ in batch])
                found = await loop.run_in_executor(self._thread, self._compute, rows)
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            start = 0
            for rows, future in batch:
                end = start + len(rows)
                if not future.done():  # the client may have gone
                    future.set_result({name: array[start:end] for name, array in found.items()})
                start = end

    def _take(self) -> list[tuple[Rows, "asyncio.Future[dict[str, Rows]]"]]:
        batch: list[tuple[Rows, asyncio.Future[dict[str, Rows]]]] = []
        rows = 0
        while self._queue and (not batch or rows + len(self._queue[0][0]) <= self._most):
            item = self._queue.popleft()
            rows += len(item[0])
            batch.append(item)
        self._rows_waiting -= rows
        return batch
