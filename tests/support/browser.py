"""A real browser for tests: Chromium or Chrome as found on the machine."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.support.shared import ROOT

PATIENCE_MS = 30_000  # for what a page shows in the end: on a loaded machine it takes its time
MEND = "there is no Chromium for the browser tests; install it with: sudo apt-get install chromium"
IMAGES = ROOT / "docs" / "images"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def find_browser() -> str | None:
    """The program's path."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def browser_page(width: int = 1400, height: int = 900, *, scripts: bool = True) -> Iterator[Page]:
    """One page of a fresh browser; `scripts`: whether it runs any. Skips the test where there is no browser."""
    program = find_browser()
    if program is None:
        pytest.skip(MEND)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
        try:
            page = browser.new_page(viewport={"width": width, "height": height}, java_script_enabled=scripts)
            page.set_default_timeout(PATIENCE_MS)
            yield page
        finally:
            browser.close()


def keep_picture(page: Page, name: str) -> None:
    """A screenshot for the documentation, only when AFTERCART_SAVE_SCREENSHOTS=1."""
    if os.environ.get("AFTERCART_SAVE_SCREENSHOTS") == "1":
        IMAGES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(IMAGES / f"{name}.png"))
