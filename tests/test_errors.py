import inspect

import pytest

from isthmus import errors


@pytest.mark.parametrize(
    ("error", "status"), [("UsageError", 2), ("RecipeError", 2), ("DataError", 1), ("RunError", 1)]
)
def test_exit_status(error, status):
    assert getattr(errors, error).exit_status == status


def test_one_except_catches_them_all():
    found = [error for _, error in inspect.getmembers(errors, inspect.isclass) if error.__module__ == errors.__name__]
    assert len(found) >= 10
    assert all(issubclass(error, errors.IsthmusError) for error in found)


def test_an_untrusted_run_is_a_run_that_cannot_be_used():
    assert issubclass(errors.TrustError, errors.RunError)
