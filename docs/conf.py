"""Sphinx builds the site from these pages: `make docs`."""

from importlib.metadata import version as installed_version

project = "isthmus"
author = "The isthmus maintainers"
version = release = installed_version("isthmus")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax", "sphinx_copybutton"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = False
suppress_warnings = ["myst.header"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
# The reference is built from the docstrings; no framework has to be installed to read them.
autodoc_mock_imports = ["keras", "tensorflow", "jax", "torch"]

html_theme = "furo"
html_title = "isthmus"
html_static_path: list[str] = []
