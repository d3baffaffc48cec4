import pkgutil
import subprocess
import sys

import pytest

import isthmus.plots


def test_every_public_name_loads():
    for name in isthmus.plots.__all__:
        assert getattr(isthmus.plots, name) is not None
        assert name in dir(isthmus.plots)


def test_functions_are_not_hidden_by_modules():
    modules = {module.name for module in pkgutil.iter_modules(isthmus.plots.__path__)}
    assert len(modules) > 10
    assert not modules & set(isthmus.plots.__all__)


def test_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        isthmus.plots.nonsense  # noqa: B018


def test_sheets_and_films_import_neither_matplotlib_nor_scikit_learn():
    program = (
        "import sys\n"
        "from isthmus.plots import tile, save, save_each, save_film\n"
        "from isthmus.plots.sheets import tile\n"
        "assert not {'matplotlib', 'sklearn', 'scipy', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
