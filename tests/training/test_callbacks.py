import csv
import math
import os
import signal
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from keras import ops

from isthmus.training import callbacks as cb
from isthmus.training.fit import build_model
from isthmus.training.state import TrainingState
from isthmus.training.weights import set_weights, weights_of


@pytest.fixture
def model(job, train_source):
    return build_model(job().recipe, train_source.spec)


def given(callback, model):
    callback.set_model(model)
    return callback


class TestStepCounter:
    def test_counts(self, monkeypatch):
        clock = iter([0.0, 10.0, 11.0, 13.0, 20.0])
        monkeypatch.setattr(cb.time, "monotonic", lambda: next(clock))
        state = TrainingState(step=5, epoch=1, seconds=100.0)
        counter = cb.StepCounter(state)
        counter.on_train_begin()  # the time before does not count
        counter.on_train_batch_end(0)
        counter.on_train_batch_end(1)
        counter.on_epoch_end(1)
        assert (state.step, state.epoch, state.seconds) == (7, 2, 110.0)


class TestFiniteGuard:
    @pytest.mark.parametrize(
        ("logs", "terms"),
        [
            ({"loss": math.nan, "distortion": math.nan, "rate": 1.0}, "the distortion stopped"),
            ({"loss": math.inf, "distortion": 1.0, "rate": math.inf}, "the rate stopped"),
            ({"loss": math.nan, "distortion": math.inf, "rate": -math.inf}, "the distortion and the rate stopped"),
            ({"loss": math.nan, "distortion": math.nan}, "the distortion stopped"),
            ({"loss": math.inf, "distortion": 1.0, "rate": 1.0}, "the loss stopped"),
        ],
    )
    def test_names_the_term_the_epoch_and_the_step(self, logs, terms):
        guard = cb.FiniteGuard(TrainingState(step=11, epoch=2), steps_per_epoch=4)
        with pytest.raises(cb.NotFiniteError, match=f"{terms} being finite in epoch 3, step 3 of 4.*learning_rate"):
            guard.on_train_batch_end(0, logs)

    def test_the_last_step_of_an_epoch(self):
        with pytest.raises(cb.NotFiniteError, match="in epoch 2, step 4 of 4"):
            cb.FiniteGuard(TrainingState(step=8, epoch=1), 4).on_train_batch_end(0, {"loss": math.nan})

    def test_lets_numbers_pass(self):
        cb.FiniteGuard(TrainingState(step=1), 4).on_train_batch_end(0, {"loss": -1e30, "distortion": 0.0})


class TestKeepBest:
    def run(self, model, losses, patience=None, state=None):
        state = state or TrainingState()
        best = given(cb.KeepBest(state, patience), model)
        ends = len(losses)
        for epoch, loss in enumerate(losses):
            set_weights(model, {name: np.full_like(value, epoch + 1) for name, value in weights_of(model).items()}, "")
            best.on_epoch_end(epoch, {"loss": -float(epoch), "val_loss": loss})
            if model.stop_training:
                ends = epoch + 1
                break
        return state, ends

    def test_the_lowest_validation_loss(self, model):
        state, _ = self.run(model, [5.0, 3.0, 4.0, 3.0])
        assert (state.best_loss, state.best_epoch, state.waited) == (3.0, 2, 2)
        assert all((value == 2).all() for value in state.best_weights.values())

    def test_the_training_loss_where_there_is_no_validation(self, model):
        state = TrainingState()
        best = given(cb.KeepBest(state, None), model)
        for epoch, loss in enumerate([2.0, 1.0, 3.0]):
            best.on_epoch_end(epoch, {"loss": loss})
        assert (state.best_loss, state.best_epoch) == (1.0, 2)

    @pytest.mark.parametrize(("patience", "ends"), [(1, 3), (2, 4), (3, 7), (None, 7)])
    def test_patience(self, model, patience, ends):
        state, ended = self.run(model, [5.0, 3.0, 4.0, 4.0, 2.0, 4.0, 4.0], patience)
        assert ended == ends
        assert (f"no better validation loss in {patience} epochs" == state.message) == (ends < 7)

    def test_not_a_number_is_never_better(self, model):
        state, _ = self.run(model, [math.nan, 5.0, math.nan])
        assert state.best_epoch == 2

    def test_weights_that_are_not_finite_are_never_good(self, model):
        state, _ = self.run(model, [5.0])
        best = given(cb.KeepBest(state, None), model)
        set_weights(model, {name: np.full_like(value, np.nan) for name, value in weights_of(model).items()}, "")
        best.on_epoch_end(1, {"loss": 1.0})
        assert (state.best_epoch, state.waited) == (1, 1)
        assert all(np.isfinite(value).all() for value in state.best_weights.values())


def test_history_is_a_table_with_a_row_for_each_epoch(model, tmp_path):
    state = TrainingState(step=4, seconds=1.23456)
    history = given(cb.History(state, tmp_path / "history.csv"), model)
    history.on_epoch_end(0, {"loss": 3.5, "val_loss": 4.0})
    state.step = 8
    history.on_epoch_end(1, {"loss": 2.5, "val_loss": 3.0})
    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert [row["step"] for row in rows] == ["4", "8"]
    assert [float(row["loss"]) for row in rows] == [3.5, 2.5]
    assert rows[0]["seconds"] == "1.235"
    assert float(rows[0]["learning_rate"]) == pytest.approx(0.01)


class Recorder:
    """Checkpoints that only remember at which step they were asked for."""

    def __init__(self):
        self.steps = []

    def save(self, model, state):
        self.steps.append(state.step)


class TestCheckpointer:
    @pytest.fixture
    def clock(self, monkeypatch):
        clock = SimpleNamespace(now=0.0)
        monkeypatch.setattr(cb.time, "monotonic", lambda: clock.now)
        return clock

    def test_now_and_then_and_after_each_epoch(self, model, clock):
        state, recorder = TrainingState(), Recorder()
        checkpointer = given(cb.Checkpointer(state, recorder, 5, seconds=30.0), model)
        for step in range(1, 11):
            clock.now += 12
            state.step = step
            checkpointer.on_train_batch_end((step - 1) % 5)
            if step % 5 == 0:
                checkpointer.on_epoch_end(step // 5 - 1)
        assert recorder.steps == [3, 5, 8, 10]

    def test_never_between_the_last_step_of_an_epoch_and_its_end(self, model, clock):
        state, recorder = TrainingState(step=5), Recorder()
        checkpointer = given(cb.Checkpointer(state, recorder, 5, seconds=30.0), model)
        clock.now = 1000.0
        checkpointer.on_train_batch_end(4)
        assert recorder.steps == []

    def test_never_weights_that_are_not_finite(self, model):
        recorder = Recorder()
        weights = weights_of(model)
        name = next(iter(weights))
        set_weights(model, {**weights, name: np.full_like(weights[name], np.inf)}, "")
        given(cb.Checkpointer(TrainingState(), recorder, 5, seconds=30.0), model).save()
        assert recorder.steps == []


class TestShowProgress:
    def test_feeds_a_bar(self):
        shown = []
        bar = SimpleNamespace(update=lambda done, note: shown.append((done, note)))
        state = TrainingState(step=3)
        show = cb.ShowProgress(state, bar, epochs=2)
        show.on_train_batch_end(0, {"loss": 9.0, "distortion": 7.0, "rate": 2.0})
        show.on_train_batch_end(1, {"loss": 9.0})  # too soon after
        state.step = 4
        show.on_epoch_end(0, {"loss": 8.0, "val_loss": 8.5})
        assert [done for done, _ in shown] == [3, 4]
        assert shown[0][1] == "epoch 1/2  loss 9.00  distortion 7.00  rate 2.00"
        assert shown[1][1] == "epoch 1/2  loss 8.00  validation 8.50"


class TestAfterEpochs:
    def test_before_training_and_after_each_epoch(self, model):
        seen = []
        after = given(cb.AfterEpochs(lambda model, epoch, logs: seen.append((epoch, logs)), untrained=True), model)
        after.on_train_begin()
        after.on_epoch_end(0, {"loss": np.float32(1.5)})
        assert seen == [(0, {}), (1, {"loss": 1.5})]

    def test_a_resumed_training_has_no_before(self, model):
        seen = []
        given(cb.AfterEpochs(lambda *call: seen.append(call), untrained=False), model).on_train_begin()
        assert seen == []


class TestPoliteStop:
    @pytest.fixture
    def handlers(self):
        """What was listening, given back at the end whatever a test does."""
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        yield before
        for number, handler in before.items():
            signal.signal(number, handler)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_stops_between_two_steps(self, handlers, number):
        saved = []
        stop = cb.PoliteStop(TrainingState(step=3), 4, lambda: saved.append("a checkpoint"))
        stop.on_train_begin()
        stop.on_train_batch_end(1)
        assert not saved
        os.kill(os.getpid(), number)
        with pytest.raises(cb.InterruptedTraining):
            stop.on_train_batch_end(2)
        assert saved == ["a checkpoint"]

    def test_lets_an_epoch_end_after_its_last_step(self, handlers):
        stop = cb.PoliteStop(TrainingState(step=4), 4, lambda: None)
        stop.on_train_begin()
        os.kill(os.getpid(), signal.SIGINT)
        stop.on_train_batch_end(3)
        with pytest.raises(cb.InterruptedTraining):
            stop.on_epoch_end(0)

    def test_a_second_ctrl_c_stops_at_once(self, handlers):
        stop = cb.PoliteStop(TrainingState(step=3), 4, lambda: None)
        stop.on_train_begin()
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)

    @pytest.mark.parametrize("begins", [1, 2])
    def test_gives_the_signals_back(self, handlers, begins):
        """A resumed training begins twice: the rest of its epoch, and then whole ones."""
        stop = cb.PoliteStop(TrainingState(), 4, lambda: None)
        for _ in range(begins):
            stop.on_train_begin()
        assert signal.getsignal(signal.SIGINT) != handlers[signal.SIGINT]
        stop.restore()
        assert {number: signal.getsignal(number) for number in handlers} == handlers

    def test_elsewhere_than_in_the_main_thread_it_does_not_listen(self, handlers):
        stop = cb.PoliteStop(TrainingState(), 4, lambda: None)
        thread = threading.Thread(target=stop.on_train_begin)
        thread.start()
        thread.join()
        assert signal.getsignal(signal.SIGINT) == handlers[signal.SIGINT]


def test_continue_epoch_gives_the_sums_back(model, train_source):
    batch = {"input": train_source.images[:8], "target": train_source.images[:8]}
    model.train_on_batch(batch)
    sums = [ops.convert_to_numpy(variable) for variable in model.metrics_variables]
    assert any(value.any() for value in sums)
    model.reset_metrics()
    given(cb.ContinueEpoch(sums), model).on_epoch_begin(0)
    for variable, value in zip(model.metrics_variables, sums, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)
