"""The page in a real browser: it renders in both schemes and on a telephone, its filters work, no request leaves it.

Without Chromium or Playwright this is skipped, unless FTPROOFS_REQUIRE names ``chromium``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from latex_helpers import hostile_claims
from test_html_export import spots, stored
from test_stored import verdict

from ftproofs.catalog import claims, families
from ftproofs.report.html import page
from ftproofs.verdict import Verdict

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = [
    what
    for what, found in (("chromium", CHROMIUM), ("the package playwright", find_spec("playwright")))
    if found is None
]
REQUIRED = "chromium" in os.environ.get("FTPROOFS_REQUIRE", "").split(",")

pytestmark = pytest.mark.skipif(
    bool(MISSING) and not REQUIRED, reason=f"no {', '.join(MISSING)} (FTPROOFS_REQUIRE=chromium makes it an error)"
)

REFUTED = "diagonal-published-rich-limit"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with verdicts of every kind, settings, and a stranger's titles."""
    chosen = [*families()["deep-linear"][:4], claims()["linear-mean-risk"], claims()[REFUTED], *hostile_claims()]
    found: list[tuple[Any, Verdict]] = [
        (chosen[0], verdict(chosen[0])),
        (chosen[1], verdict(chosen[1], "undecided")),
        (claims()[REFUTED], verdict(claims()[REFUTED], "refuted")),
    ]
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(page(chosen, families(), stored(*found), seen={"linear-mean-risk": spots()}))
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    assert not MISSING, f"FTPROOFS_REQUIRE has chromium, and there is no {', '.join(MISSING)}"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        # No sandbox: tests may run as root in a container, and the page is our own.
        running = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


class Opened:
    """A page that is open, what it asked for beside itself, and what went wrong on it."""

    def __init__(self, browser: Any, file: Path, **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: self.wrong.append(dialog.message))
        self.page.goto(file.as_uri())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        self.context.close()


def colour(opened: Opened, selector: str, name: str) -> tuple[float, ...]:
    """A computed colour as its red, green and blue."""
    text = opened.page.locator(selector).first.evaluate(f"e => getComputedStyle(e)['{name}']")
    return tuple(float(part) for part in text[text.index("(") + 1 : -1].split(",")[:3])


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The contrast ratio of WCAG 2."""

    def light(rgb: tuple[float, ...]) -> float:
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in (c / 255 for c in rgb)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_renders_and_asks_for_nothing(browser: Any, file: Path, scheme: str, width: int) -> None:
    with Opened(browser, file, color_scheme=scheme, viewport={"width": width, "height": 800}) as opened:
        assert opened.asked == [file.as_uri()]
        assert opened.wrong == []
        # Nothing stands out to the side: what is wider scrolls in its own box.
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        sizes = opened.page.evaluate(
            "[...document.querySelectorAll('.statement math')].map(e => e.getBoundingClientRect())"
            ".map(r => [r.width, r.height])"
        )
        assert len(sizes) >= 4
        assert all(w > 10 and h > 8 for w, h in sizes)
        fractions = opened.page.evaluate(
            "[...document.querySelectorAll('.statement mfrac')].map(e => e.getBoundingClientRect().height)"
        )
        assert fractions
        assert min(fractions) > 15  # set as fractions, one part above the other
        charts = opened.page.evaluate(
            "[...document.querySelectorAll('svg.chart')].map(e => e.getBoundingClientRect().width)"
        )
        assert len(charts) == 5
        assert all(150 < w < width for w in charts)
        paper = colour(opened, "body", "backgroundColor")
        assert (sum(paper) > 600) == (scheme == "light")
        for selector in (
            "body",
            ".lead",
            ".note",
            ".w-proved",
            ".w-refuted",
            ".w-undecided",
            ".w-none",
            "dt",
            ".key",
            ".missing",
        ):
            assert contrast(colour(opened, selector, "color"), paper) >= 4.5, selector
        assert colour(opened, ".chart text", "fill") != paper


def test_filters(browser: Any, file: Path) -> None:
    from playwright.sync_api import expect

    with Opened(browser, file) as opened:
        rows, articles = opened.page.locator("tbody tr:visible"), opened.page.locator("article:visible")
        total = rows.count()
        assert articles.count() == total
        assert opened.page.locator("#shown").inner_text() == f"{total} of {total} shown"
        opened.page.select_option("select[name=word]", "refuted")
        assert rows.count() == articles.count() == 1
        assert articles.first.get_attribute("id") == f"clm-{REFUTED}"
        assert opened.page.locator("section[data-family]:visible").count() == 1
        assert opened.page.locator("#shown").inner_text() == f"1 of {total} shown"
        opened.page.click("button[type=reset]")
        expect(opened.page.locator("#shown")).to_have_text(f"{total} of {total} shown")
        opened.page.select_option("select[name=family]", "deep-linear")
        assert rows.count() == 4
        opened.page.fill("input[name=text]", "NORM-floor deep")
        assert rows.count() == 1
        assert rows.first.get_attribute("data-claim") == "deep-linear-norm-floor"
        opened.page.fill("input[name=text]", "no such words <script>")
        assert rows.count() == 0
        assert opened.wrong == []


def test_without_script_everything_is_there(browser: Any, file: Path) -> None:
    with Opened(browser, file, java_script_enabled=False) as opened:
        assert opened.page.locator("#filters").is_hidden()
        shown = opened.page.locator("article")
        assert all(shown.nth(place).is_visible() for place in range(shown.count()))
        opened.page.locator("details summary").first.click()
        assert opened.page.locator("details[open] .steps .formula").first.is_visible()


def test_links_of_the_graph_and_the_table_lead_to_claims(browser: Any, file: Path) -> None:
    from playwright.sync_api import expect

    with Opened(browser, file) as opened:
        opened.page.locator(f'table a[href="#clm-{REFUTED}"]').click()
        assert opened.page.url.endswith(f"#clm-{REFUTED}")
        target = opened.page.locator(f"#clm-{REFUTED}")
        expect(target.locator("h3")).to_be_in_viewport()
        assert "ftproofs replay ft1-x" in target.inner_text()
        assert opened.page.locator("svg.graph a").count() == opened.page.locator("article").count()


def test_a_strangers_titles_are_only_read(browser: Any, file: Path) -> None:
    with Opened(browser, file) as opened:
        assert "<script>alert" in opened.page.locator("#clm-hostile-6 h3").inner_text()
        assert opened.page.locator("script").count() == 1
        assert opened.page.evaluate("document.querySelectorAll('article script, article img, [onload]').length") == 0
        assert opened.wrong == []
