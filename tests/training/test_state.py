import math

import numpy as np
import pytest

from isthmus.training.state import TrainingState


def test_gives_itself_back_but_for_the_reason_it_ended():
    state = TrainingState(
        step=7, epoch=1, seconds=2.5, history=[{"epoch": 1, "loss": 3.25}], best_loss=1 / 3, best_epoch=1, waited=2
    )
    state.message = "stopped on request"
    weights = {"kernel": np.ones(2)}
    again = TrainingState.from_json(state.to_json(), weights)
    assert again.best_weights is weights
    again.best_weights = {}
    state.message = ""
    assert again == state
    assert type(again.history[0]["epoch"]) is int  # 1 == 1.0, but history.csv would show the difference


def test_before_any_epoch_nothing_is_good():
    assert TrainingState.from_json(TrainingState().to_json(), {}).best_loss == math.inf


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "3", "[" * 100_000, '{"step": ' + "1" * 5000 + "}", '{"surprise": 1}'),
        *('{"step": "x"}', '{"step": -1}', '{"step": 1.5}', '{"seconds": "long"}', '{"history": 3}'),
        *('{"history": [{"loss": "x"}]}', '{"best_weights": {}}', '{"message": 3}'),
    ],
)
def test_what_to_json_did_not_write_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        TrainingState.from_json(text, {})
