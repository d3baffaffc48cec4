import csv
import hashlib
import os
import re
import signal
from functools import cache

import numpy as np
import pytest
from keras import ops
from sharing import share

from isthmus.data import Selection
from isthmus.errors import RecipeError, RunError, TrainingError
from isthmus.training import callbacks
from isthmus.training.checkpoints import Checkpoints
from isthmus.training.fit import begin, build_model, fit
from isthmus.training.weights import set_weights, state_of, weights_of

SIXTEEN_BITS = "mixed_bfloat16" if os.environ["KERAS_BACKEND"] == "torch" else "mixed_float16"
PRECISIONS = ["float32", pytest.param(SIXTEEN_BITS, marks=pytest.mark.thorough)]


@pytest.fixture
def uninterrupted(job, tmp_path_factory):
    """Make a job that ran to its end: the same for every test that asks for these fields of the recipe."""

    def make(**changes):
        name = hashlib.sha256(repr(sorted(changes.items())).encode()).hexdigest()[:16]
        folder = share(tmp_path_factory, f"uninterrupted-{name}", lambda folder: fit(job(folder / "run", **changes)))
        return job(folder / "run", **changes)

    return make


built = cache(build_model)


def last_state(job):
    """Everything that the newest checkpoint of a job holds."""
    model = built(job.recipe, job.train.spec, job.steps_per_epoch)
    state = Checkpoints(job.folder / "checkpoint").restore(model)
    return state_of(model), state


def history_of(job):
    with (job.folder / "history.csv").open() as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def alike(first, second, assert_same):
    """Two trainings of jobs came to the same end, bit for bit."""
    (one, two), (left, right) = (last_state(first), last_state(second)), (history_of(first), history_of(second))
    assert_same(one[0], two[0])
    assert_same(one[1].best_weights, two[1].best_weights)
    assert (one[1].step, one[1].epoch, one[1].best_epoch, one[1].best_loss, one[1].waited) == (
        two[1].step,
        two[1].epoch,
        two[1].best_epoch,
        two[1].best_loss,
        two[1].waited,
    )
    assert left == right


class TestOutcome:
    def test_the_loss_falls_and_is_written_down(self, job):
        one = job(training__epochs=6)
        fitted = fit(one)
        assert (fitted.outcome, fitted.state.epoch, fitted.state.step) == ("complete", 6, 24)
        rows = history_of(one)
        assert len(rows) == 6
        losses = [float(row["loss"]) for row in rows]
        assert losses[-1] < losses[0] - 2
        for row in rows:
            assert float(row["loss"]) == pytest.approx(float(row["distortion"]) + float(row["rate"]), rel=1e-4)
            assert float(row["val_loss"]) == pytest.approx(
                float(row["val_distortion"]) + float(row["val_rate"]), rel=1e-4
            )

    def test_an_epoch_of_fewer_steps_than_a_pass(self, job):
        one = job(training__epochs=3, training__steps_per_epoch=2)
        fitted = fit(one)
        assert (fitted.state.epoch, fitted.state.step) == (3, 6)
        assert [int(row["step"]) for row in history_of(one)] == [2, 4, 6]

    @pytest.mark.slow
    def test_the_validation_loss_is_that_of_the_kept_model(self, job, validation_source):
        fitted = fit(job())
        batch = {"input": validation_source.images, "target": validation_source.images}
        logs = fitted.model.test_on_batch(batch, return_dict=True)
        assert float(logs["loss"]) == pytest.approx(fitted.state.best_loss, rel=1e-5)

    @pytest.mark.slow
    def test_two_trainings_of_one_seed_give_the_same_bits(self, job, assert_same):
        first, second = job("first"), job("second")
        weights = weights_of(fit(first).model)
        assert_same(weights, weights_of(fit(second).model))
        alike(first, second, assert_same)
        others = weights_of(fit(job("other", training__seed=1)).model)
        assert all((weights[name] != others[name]).any() for name in weights)

    def test_python_own_random_numbers_stay_as_they_were(self, job):
        import random

        random.seed(5)
        expected = random.Random(5).random()
        build_model(job().recipe, job().train.spec)
        assert random.random() == expected


class TestBest:
    def test_the_best_epochs_weights_are_kept(self, job):
        kept = {}

        def ruin_after_the_second(model, epoch, logs):
            kept[epoch] = weights_of(model)
            if epoch == 2:
                set_weights(model, {**kept[2], "decoder_out/bias": np.full(1, 5.0)}, "ruin")

        fitted = fit(job(training__epochs=4, training__learning_rate=1e-3), (ruin_after_the_second,))
        assert fitted.state.best_epoch == 2
        assert fitted.state.epoch == 4
        found = weights_of(fitted.model)
        assert all((found[name] == kept[2][name]).all() for name in found)

    @pytest.mark.parametrize("patience", [1, pytest.param(2, marks=pytest.mark.slow)])
    def test_patience_runs_out(self, job, patience):
        fitted = fit(job(training__epochs=9, training__patience=patience, training__learning_rate=1e-30))
        assert (fitted.outcome, fitted.state.epoch) == ("complete", 1 + patience)
        assert fitted.state.message == f"no better validation loss in {patience} epochs"

    def test_without_validation_the_training_loss_chooses(self, job):
        fitted = fit(job(validation=False))
        assert fitted.state.best_epoch == 3
        assert fitted.state.best_loss == pytest.approx(fitted.state.history[-1]["loss"])
        assert "val_loss" not in fitted.state.history[0]


def spoil(name, value, epoch=1):
    """Spoil a weight after an epoch, as a training gone wrong would."""

    def act(model, now, logs):
        if now == epoch:
            weights = weights_of(model)
            assert name in weights
            set_weights(model, {**weights, name: np.full_like(weights[name], value)}, "spoilt")

    return act


class TestNotFinite:
    @pytest.mark.parametrize(
        ("name", "terms"),
        # A relu may let NaN pass or not.
        [("decoder_out/bias", "the distortion"), ("log_variance/bias", "the (distortion and the )?rate")],
    )
    def test_names_the_term_and_keeps_the_last_good_model(self, job, name, terms):
        fitted = fit(job(), (spoil(name, np.nan),))
        assert fitted.outcome == "failed"
        assert re.match(
            rf"{terms} stopped being finite in epoch 2, step 1 of 4\. .*learning_rate", fitted.state.message
        )
        assert fitted.state.best_epoch == 1
        assert all(np.isfinite(value).all() for value in weights_of(fitted.model).values())

    def test_a_rate_that_overflows(self, job):
        # exp(1000) is infinite, and a code that the decoder's dead first layer does not pass on harms nothing else.
        def overflow(model, epoch, logs):
            spoil("log_variance/bias", 1000.0)(model, epoch, logs)
            spoil("decoder_stem/kernel", 0.0)(model, epoch, logs)

        fitted = fit(job(objective__estimator="closed-form"), (overflow,))
        assert "the rate" in fitted.state.message

    def test_a_learning_rate_far_too_high(self, job):
        one = job(training__optimiser="sgd", training__learning_rate=1e30)
        with pytest.raises(
            TrainingError, match=r"stopped being finite in epoch 1, step \d of 4.*no good model to keep"
        ):
            fit(one)

    @pytest.mark.slow
    def test_in_the_first_epoch_the_last_checkpoint_is_kept(self, job, monkeypatch):
        def spoil_third_step(show, batch, logs=None):
            if show._state.step == 3:
                spoil("decoder_out/bias", np.nan)(show.model, 1, logs)

        monkeypatch.setattr(callbacks.ShowProgress, "on_train_batch_end", spoil_third_step)
        fitted = fit(job(training__checkpoint_seconds=1e-9))
        assert fitted.outcome == "failed"
        assert "in epoch 1, step 4 of 4" in fitted.state.message
        assert all(np.isfinite(value).all() for value in weights_of(fitted.model).values())

    def test_without_validation_weights_that_broke_in_an_epochs_last_step_are_not_kept(self, job, monkeypatch):
        def spoil_last_step(show, batch, logs=None):
            if show._state.step == 8:
                spoil("decoder_out/bias", np.nan)(show.model, 1, logs)

        monkeypatch.setattr(callbacks.ShowProgress, "on_train_batch_end", spoil_last_step)
        fitted = fit(job(validation=False))
        assert fitted.state.best_epoch == 1
        assert all(np.isfinite(value).all() for value in weights_of(fitted.model).values())


class TestResume:
    @pytest.mark.parametrize("optimiser", ["adam", "muon"])
    @pytest.mark.slow
    def test_two_epochs_and_two_more_are_four(self, job, uninterrupted, assert_same, optimiser):
        changes = {"training__optimiser": optimiser}
        whole, parts = uninterrupted(training__epochs=4, **changes), job("parts", training__epochs=2, **changes)
        fit(parts)
        more = job("parts", training__epochs=4, resume=True, **changes)
        fitted = fit(more)
        assert fitted.state.epoch == 4
        alike(whole, more, assert_same)

    @pytest.mark.parametrize(
        "step", [4, 6, 12, *(pytest.param(step, marks=pytest.mark.thorough) for step in (1, 3, 8, 11))]
    )
    @pytest.mark.parametrize("precision", PRECISIONS)
    @pytest.mark.slow
    def test_a_stop_on_request_at_any_step(self, job, uninterrupted, assert_same, step, precision):
        """With warm-up, a changing learning rate and fresh noise: everything has to be taken up where it was."""
        changes = {
            "objective__beta_warmup_epochs": 2.5,
            "training__schedule": "cosine",
            "training__warmup_fraction": 0.3,
            "pixels__binarise": "stochastic",
            "training__patience": 3,
            "training__ema": 0.9,
            "training__accumulation": 2,
            "training__precision": precision,
        }
        whole, parts = uninterrupted(**changes), job("parts", **changes)

        def ask(bar, done, note=""):
            if done == step:
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(callbacks.ShowProgress, "EVERY_SECONDS", 0.0)
            patched.setattr("isthmus.progress._Lines.update", ask)
            fitted = fit(parts)
        assert fitted.outcome == "interrupted"
        assert fitted.state.step == step
        assert fitted.state.message == f"stopped on request after {step} steps"
        again = job("parts", resume=True, **changes)
        assert fit(again).outcome == "complete"
        alike(whole, again, assert_same)

    @pytest.mark.parametrize(
        ("step", "lasts"),
        [(3, 3), (4, 3), *(pytest.param(*steps, marks=pytest.mark.thorough) for steps in ((5, 5), (8, 7)))],
    )
    @pytest.mark.slow
    def test_a_crash_at_any_step(self, job, uninterrupted, assert_same, monkeypatch, step, lasts):
        whole, parts = uninterrupted(), job("parts", training__checkpoint_seconds=1e-9)

        def crash(show, batch, logs=None):
            if show._state.step == step:
                raise ZeroDivisionError

        with monkeypatch.context() as patched:
            patched.setattr(callbacks.ShowProgress, "on_train_batch_end", crash)
            with pytest.raises(ZeroDivisionError):
                fit(parts)
        assert last_state(parts)[1].step == lasts
        again, epochs = job("parts", resume=True), []
        fit(again, (lambda model, epoch, logs: epochs.append(epoch),))
        alike(whole, again, assert_same)
        assert epochs == list(range(lasts // 4 + 1, 4))  # no epoch 0: that picture was drawn before the crash

    @pytest.mark.slow
    def test_a_stop_at_once_goes_on_from_the_last_checkpoint(self, job, uninterrupted, assert_same, monkeypatch):
        whole, parts = uninterrupted(), job("parts")

        def interrupt(show, batch, logs=None):
            if show._state.step == 6:
                raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(callbacks.ShowProgress, "on_train_batch_end", interrupt)
            fitted = fit(parts)
        assert fitted.outcome == "interrupted"
        assert last_state(parts)[1].step == 4
        again = job("parts", resume=True)
        fit(again)
        alike(whole, again, assert_same)

    @pytest.mark.slow
    def test_a_damaged_last_checkpoint_costs_only_the_steps_since_the_one_before(self, job, uninterrupted, assert_same):
        whole, parts = uninterrupted(), job("parts", training__epochs=2)
        fit(parts)
        last = max((parts.folder / "checkpoint").iterdir())
        last.write_bytes(last.read_bytes()[:1000])
        again = job("parts", resume=True)
        fit(again)
        alike(whole, again, assert_same)

    def test_a_training_that_ended_early_is_over(self, job, assert_same, capsys):
        """A kill after the last checkpoint leaves what a training that ended leaves."""
        still = {"training__learning_rate": 1e-30, "training__patience": 2}
        whole = fit(job("whole", training__epochs=9, **still))
        fit(job("parts", training__epochs=9, **still))
        for epochs in (9, 20):
            again = job("parts", training__epochs=epochs, resume=True, **still)
            fitted = fit(again)
            assert (fitted.outcome, fitted.state.epoch, fitted.state.message) == ("complete", 3, whole.state.message)
            assert "the training is over" in capsys.readouterr().err
            assert_same(weights_of(fitted.model), weights_of(whole.model))
            alike(job("whole"), again, assert_same)

    @pytest.mark.slow
    @pytest.mark.parametrize("patience", [3, pytest.param(None, marks=pytest.mark.thorough)])
    def test_more_patience_goes_on_as_if_it_had_been_there(self, job, uninterrupted, assert_same, patience):
        still = {"training__learning_rate": 1e-30, "training__epochs": 5}
        whole = uninterrupted(training__patience=patience, **still)
        assert fit(job("parts", training__patience=2, **still)).state.epoch == 3
        more = job("parts", training__patience=patience, resume=True, **still)
        assert fit(more).state.epoch == (5 if patience is None else 4)
        alike(whole, more, assert_same)

    def test_fewer_epochs_than_are_finished(self, job):
        fit(job(training__epochs=2))
        with pytest.raises(RecipeError, match=r"training.epochs=1 is fewer than the 2 epochs that the training has"):
            begin(job(training__epochs=1, resume=True))

    def test_nothing_to_resume_from(self, job):
        with pytest.raises(RunError, match="holds no whole checkpoint to resume from"):
            fit(job(resume=True))

    def test_signals_are_given_back(self, job):
        before = signal.getsignal(signal.SIGINT)
        fit(job())
        assert signal.getsignal(signal.SIGINT) == before


class TestBuild:
    @pytest.mark.slow
    def test_initial_weights(self, job):
        first = fit(job("first"))
        start = weights_of(first.model)
        fitted = fit(job("second", training__learning_rate=1e-30, training__epochs=1, initial_weights=(start, "first")))
        for name, value in weights_of(fitted.model).items():
            np.testing.assert_allclose(value, start[name], atol=1e-20)

    def test_initial_weights_that_do_not_fit(self, job):
        start = weights_of(build_model(job(latent__dim=7).recipe, job().train.spec))
        with pytest.raises(RunError, match="some run does not fit this recipe and image shape"):
            fit(job(initial_weights=(start, "some run")))

    def test_a_recipe_that_does_not_fit(self, job):
        with pytest.raises(RecipeError, match="121 dimensions, more than the 120 numbers"):
            fit(job(latent__dim=121))

    def test_a_batch_of_more_images_than_there_are(self, job, train_source):
        few = Selection(train_source, np.arange(5))
        one = job(training__batch_size=16)
        fitted = fit(type(one)(one.recipe, few, None, one.folder))
        assert (fitted.outcome, fitted.state.step) == ("complete", 3)

    def test_an_own_optimiser_step_uses_the_schedule_of_the_whole_training(self, job, train_source):
        one = job(training__schedule="cosine", training__epochs=3)
        model = build_model(one.recipe, train_source.spec, steps_per_epoch=4)
        rate = model.optimizer._learning_rate
        assert float(ops.convert_to_numpy(rate(12))) == pytest.approx(0.0, abs=1e-8)
        assert float(ops.convert_to_numpy(rate(6))) == pytest.approx(0.005)
