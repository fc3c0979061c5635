"""Sphinx: the documentation's pages, those of the catalog made from the claims, and a gallery that is run."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

import ftproofs

project = "ftproofs"
author = "The ftproofs authors"
copyright = "the ftproofs authors"
release = version = ftproofs.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_member_order = "bysource"
exclude_patterns = ["_build", "gallery"]
html_theme = "furo"
html_title = "ftproofs"

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "generated/gallery",
    "filename_pattern": r"\.py$",
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
}
# Every gallery script says how long it took, which differs from build to build.
suppress_warnings = ["config.cache"]


def setup(app: Sphinx) -> None:
    """The catalog's pages are written before any page is read."""
    from catalog_pages import write_pages

    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "generated"))
