import threading

import pytest

from isthmus.threads import ordered_map


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 4, 30])
def test_results_keep_the_order(threads, count):
    gate = threading.Event()

    def slow_at_first(item):
        if item == 0 and threads > 1 and count > 1:
            gate.wait(5)  # until the second item is done
        gate.set()
        return item * item

    assert list(ordered_map(slow_at_first, range(count), threads)) == [item * item for item in range(count)]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_few_items_are_read_ahead(threads):
    read = []

    def items():
        for item in range(100):
            read.append(item)
            yield item

    for done, _ in enumerate(ordered_map(str, items(), threads), 1):
        assert len(read) <= done + threads


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_reaches_the_caller_and_ends_the_work(threads):
    computed = []

    def fail(item):
        computed.append(item)
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item 0"):
        list(ordered_map(fail, range(100), threads))
    assert len(computed) <= threads + 1


@pytest.mark.parametrize("threads", [1, 2])
def test_linear_algebra_keeps_to_one_core_where_it_is_told(threads):
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def cores(_):
        return [library["num_threads"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"]

    before = cores(0)
    assert list(ordered_map(cores, [0], threads)) == [before]
    assert list(ordered_map(cores, [0], threads, one_core_each=True)) == [[1] * len(before)]
    assert cores(0) == before
