import threading

import pytest

from isthmus.errors import DataError
from isthmus.explorer.job import BackgroundJob, Stopped


def test_it_ends_at_the_next_step_once_it_is_asked_to():
    job = BackgroundJob()
    job.update(7)
    assert job.done == 7
    job.stop()
    with pytest.raises(Stopped):
        job.update(8)


def test_what_comes_of_it_is_there_at_the_end(wait_for):
    job = BackgroundJob().start(lambda job: sum(range(25)))
    wait_for(lambda: job.result is not None)
    assert job.result == 300


@pytest.mark.parametrize(
    ("error", "said"), [(DataError("no images."), "no images."), (KeyError("x"), "could not be computed: KeyError")]
)
def test_what_goes_wrong_is_said(error, said, wait_for):
    def fail(_):
        raise error

    job = BackgroundJob().start(fail)
    wait_for(lambda: job.error)
    assert said in job.error


def test_its_thread_does_not_keep_the_process():
    hold = threading.Event()
    BackgroundJob().start(lambda job: hold.wait(10))
    assert all(
        thread.daemon for thread in threading.enumerate() if thread.name.startswith("Thread-") and thread.is_alive()
    )
    hold.set()


def test_one_waits_for_it_no_longer_than_one_said():
    hold = threading.Event()
    job = BackgroundJob().start(lambda job: hold.wait(60))
    assert job.wait(0.01) is None
    assert job.is_running
    hold.set()
    assert job.wait()
    assert not job.is_running
    assert not BackgroundJob().is_running
