from hypothesis import given
from hypothesis import strategies as st

from isthmus.explorer.limits import Limits
from isthmus.explorer.server.rate import RateLimit


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_a_burst_passes_and_then_the_rate_holds():
    clock = Clock()
    rate = RateLimit(Limits(requests_per_second=2.0, burst=3.0), clock)
    assert [rate.seconds_to_wait("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert rate.seconds_to_wait("a") == 0.5
    clock.now += 0.5
    assert rate.seconds_to_wait("a") == 0.0
    assert rate.seconds_to_wait("a") > 0


def test_one_address_does_not_spend_what_another_may():
    rate = RateLimit(Limits(requests_per_second=1.0, burst=1.0), Clock())
    assert rate.seconds_to_wait("a") == 0.0
    assert rate.seconds_to_wait("a") > 0
    assert rate.seconds_to_wait("b") == 0.0


def test_this_machine_itself_may_ask_more_often():
    rate = RateLimit(Limits(requests_per_second=1.0, burst=2.0, own_share=3.0), Clock())
    assert sum(rate.seconds_to_wait("127.0.0.1") == 0.0 for _ in range(20)) == 6
    assert sum(rate.seconds_to_wait("10.0.0.7") == 0.0 for _ in range(20)) == 2


def test_so_many_addresses_are_remembered_and_no_more():
    rate = RateLimit(Limits(), Clock())
    for number in range(5000):
        rate.seconds_to_wait(str(number))
    assert len(rate._buckets) <= 1024


@given(st.lists(st.floats(0.0, 5.0), max_size=200))
def test_over_any_time_no_more_pass_than_the_burst_and_the_rate_allow(pauses):
    clock = Clock()
    limits = Limits(requests_per_second=3.0, burst=4.0)
    rate = RateLimit(limits, clock)
    passed = 0
    for pause in pauses:
        clock.now += pause
        passed += rate.seconds_to_wait("a") == 0.0
    assert passed <= limits.burst + limits.requests_per_second * sum(pauses) + 1e-6
