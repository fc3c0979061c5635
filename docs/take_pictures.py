"""The README's pictures: three views of a report's page, taken in Chromium.

ftproofs check --budget low --ledger .ftproofs/ledger.sqlite
ftproofs mutate linear --budget low --ledger .ftproofs/ledger.sqlite
ftproofs export html --ledger .ftproofs/ledger.sqlite --out build/report --force
python docs/take_pictures.py build/report/index.html docs/pictures
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

#: A published formula that is refuted, with a ladder of sizes and residuals.
REFUTED = "transfer-finetune-published"


def main(report: Path, folder: Path) -> None:
    """Take the three pictures of the page."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as play:
        # No sandbox: this may run as root in a container, and the page is our own.
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, scheme, width, height, place in (
            ("verdicts", "light", 1120, 900, "header.top"),
            ("uses", "light", 1240, 760, "#uses"),
            ("claim", "dark", 860, 1020, f"#clm-{REFUTED}"),
        ):
            page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": height})
            page.goto(report.resolve().as_uri())
            save(taken(page, place), folder / f"{name}.png")
            page.close()
        browser.close()


def taken(page: Page, place: str) -> bytes:
    """What the window shows when the element stands at its top."""
    page.evaluate("place => window.scrollBy(0, document.querySelector(place).getBoundingClientRect().top - 16)", place)
    return page.screenshot()


def save(picture: bytes, path: Path) -> None:
    """Keep a picture without transparency, as small as its colours allow."""
    Image.open(io.BytesIO(picture)).convert("RGB").save(path, optimize=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
