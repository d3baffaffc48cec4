import keras
import pytest

from isthmus.networks import layer_precision


@pytest.fixture
def process_policy():
    """What other code in this process has set for its own layers."""
    keras.config.set_dtype_policy("float16")
    yield "float16"
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_is_that_of_layers_made_within_and_of_no_others(process_policy, precision):
    with layer_precision(precision):
        layer = keras.layers.Dense(2)
    assert layer.dtype_policy.name == precision
    assert (layer.variable_dtype, keras.layers.Dense(2).dtype_policy.name) == ("float32", process_policy)


def test_the_policy_of_the_process_comes_back_after_an_error(process_policy):
    with pytest.raises(ZeroDivisionError), layer_precision("mixed_bfloat16"):
        raise ZeroDivisionError
    assert keras.config.dtype_policy().name == process_policy
