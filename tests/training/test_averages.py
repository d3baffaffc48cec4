import numpy as np
import pytest

from isthmus.errors import RecipeError
from isthmus.training.averages import averaged
from isthmus.training.feed import ValidationFeed
from isthmus.training.fit import build_model, fit
from isthmus.training.weights import set_weights, weights_of


def batch_of(source):
    return {"input": source.images[:8], "target": source.images[:8]}


def test_is_the_average_by_hand_and_the_weights_come_back(job, train_source, assert_same):
    model = build_model(job(training__ema=0.8).recipe, train_source.spec)
    expected = None
    for _ in range(4):
        model.train_on_batch(batch_of(train_source))
        now = weights_of(model)
        expected = now if expected is None else {name: 0.8 * expected[name] + 0.2 * now[name] for name in now}
    with averaged(model):
        for name, value in weights_of(model).items():
            np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=1e-6, err_msg=name)
    assert_same(weights_of(model), now)


def test_without_one_nothing_changes(job, train_source, assert_same):
    model = build_model(job().recipe, train_source.spec)
    model.train_on_batch(batch_of(train_source))
    before = weights_of(model)
    with averaged(model):
        assert_same(weights_of(model), before)


def test_the_average_is_validated_and_kept(job, validation_source):
    """The best loss is that of the weights which are kept, by a model that has them and no average."""
    fitted = fit(job(training__ema=0.9, training__epochs=2))
    plain = build_model(job(training__ema=0.0).recipe, validation_source.spec)
    set_weights(plain, fitted.state.best_weights, "the fit")
    feed = ValidationFeed(validation_source, plain.recipe)
    loss = plain.evaluate(feed, verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(fitted.state.best_loss, rel=1e-5)


def test_two_small_batches_are_one_large_one(job, train_source):
    """A plain autoencoder has no noise, so that the mean of two gradients is that of both batches together."""
    changes = {"latent": "point", "training__optimiser": "sgd", "training__learning_rate": 0.5}
    small = build_model(job(training__accumulation=2, **changes).recipe, train_source.spec)
    large = build_model(job(**changes).recipe, train_source.spec)
    first = weights_of(small)
    images = train_source.images[:8]
    small.train_on_batch({"input": images[:4], "target": images[:4]})
    assert all((first[name] == value).all() for name, value in weights_of(small).items())
    small.train_on_batch({"input": images[4:], "target": images[4:]})
    large.train_on_batch({"input": images, "target": images})
    for name, value in weights_of(large).items():
        np.testing.assert_allclose(weights_of(small)[name], value, rtol=1e-4, atol=1e-6)
        assert (value != first[name]).any()


def test_gradients_of_more_steps_than_there_are_never_change_a_weight(job):
    fit(job(training__epochs=1, training__accumulation=4))
    expected = "training.accumulation=5 is more than the 4 steps of the training"
    with pytest.raises(RecipeError, match=expected):
        fit(job("other", training__epochs=1, training__accumulation=5))
