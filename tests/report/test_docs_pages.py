"""The documentation's pages of the catalog: every claim of a family is there, and links lead somewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from ftproofs.catalog import claims, families

DOCS = Path(__file__).parents[2] / "docs"
EVERY = set(claims())
FAMILY = families()["transfer"]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The page of one family; the others are made in the same way."""
    monkeypatch.syspath_prepend(str(DOCS))
    monkeypatch.setattr("ftproofs.catalog.families", lambda: {"transfer": FAMILY})
    sys.modules.pop("catalog_pages", None)
    import catalog_pages

    catalog_pages.write_pages(tmp_path)
    assert "transfer" in (tmp_path / "catalog.md").read_text()
    return (tmp_path / "transfer.md").read_text()


def test_a_family_has_all_its_claims_and_links_lead_to_claims(page: str) -> None:
    assert re.findall(r"^\((.*)\)=$", page, re.M) == [claim.id for claim in FAMILY]
    assert set(re.findall(r"\]\(#(.*?)\)", page)) <= EVERY
    assert "**Published, refuted.** What holds instead: [transfer-finetune](#transfer-finetune)." in page
    assert page.count("<math") > 100
    assert page.count("```{raw} html") * 2 == page.count("```")


def test_every_page_is_in_the_contents() -> None:
    """A page that no list of contents names cannot be found; Sphinx would refuse to build the site."""
    named = set(re.findall(r"^([a-z0-9/-]+)$", (DOCS / "index.md").read_text(), re.M))
    assert {path.stem for path in DOCS.glob("*.md")} - {"index"} <= named
    assert {"generated/catalog", "generated/gallery/index"} <= named
