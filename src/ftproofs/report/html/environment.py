"""The templates' environment: everything is escaped, nothing may be missing."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from ftproofs.report.html.mathml import printable
from ftproofs.report.html.svg import svg


@cache
def environment() -> Environment:
    """Templates of this package, with autoescape."""
    made = Environment(
        loader=PackageLoader("ftproofs.report.html", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["svg"] = svg
    return made


def text(name: str) -> str:
    """A file of this package."""
    return files("ftproofs.report.html").joinpath(name).read_text("utf-8")
