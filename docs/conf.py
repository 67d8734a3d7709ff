"""Configuration of the documentation site.

Markdown pages by MyST, the API reference from docstrings, no network.
"""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import mcp  # noqa: F401 - as the next one
from tree import write_reference

import service.app  # noqa: F401 - autodoc's own first import would set TYPE_CHECKING, which pydantic cannot bear
from service.api.routes import routers

routers()  # for the same reason: they import every schema

project = "Assayflow"
copyright = "The Assayflow authors"  # noqa: A001 - Sphinx's name
release = version = installed_version("assayflow")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_static"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Assayflow {release}"
html_static_path: list[str] = []
html_copy_source = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
nitpicky = False
suppress_warnings = [
    "ref.ref",  # labels of other projects that inherited docstrings name
    "myst.header",  # a page may begin a table under its title
    "docutils",  # docstrings are Google style in plain text, not reStructuredText
    "ref.python",  # same short names in several packages
]


def setup(app: Any) -> None:
    """Write a reference page for each package before Sphinx reads the sources."""
    app.connect("builder-inited", lambda _: write_reference(Path(__file__).parent / "reference"))
