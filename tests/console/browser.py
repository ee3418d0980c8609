"""The console in a real browser: what its tests begin with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.console.staff import ADDRESS, PASSWORD

CHROMIUM = shutil.which("chromium")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"

in_a_browser = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
    pytest.mark.timeout(300),
]
"""The marks of a module of such tests."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser, base_url: str) -> Iterator[BrowserContext]:
    context = chromium.new_context(base_url=base_url, viewport=WIDE)
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def said(context: BrowserContext) -> list[str]:
    """What the browser's console says, and what is asked of other hosts or fails."""
    found: list[str] = []
    context.on("console", lambda message: found.append(f"{message.page and message.page.url} {message.text}"))
    context.on("requestfailed", lambda request: found.append(request.url) if is_fault(request) else None)
    context.on("weberror", lambda error: found.append(str(error.error)))
    return found


def is_fault(request: Request) -> bool:
    """Not where the page was left before its icon had come."""
    return request.failure != "net::ERR_ABORTED"


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
def window(request: pytest.FixtureRequest, context: BrowserContext, said: list[str]) -> Iterator[Page]:
    """A page in which all is well."""
    page = context.new_page()
    page.set_viewport_size(request.param)
    yield page
    assert said == []


@pytest.fixture
def see(window: Page) -> Callable[[str], None]:
    """What every page must be: no wider than the window. Keeps a picture."""

    def look(name: str) -> None:
        window.wait_for_load_state()
        keep_picture(window, name)
        assert not window.evaluate(TOO_WIDE), f"{name} is too wide"

    return look


def keep_picture(page: Page, name: str) -> None:
    """In the folder SCREENSHOTS, if that is set."""
    if folder := os.environ.get("SCREENSHOTS"):
        width = page.viewport_size["width"]  # type: ignore[index]  # it was given one
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)


def sign_in(page: Page, address: str = "/admin/") -> None:
    """For the first time, from the page that is asked for: with codes set up from the key that is shown."""
    page.goto(address)
    page.get_by_label("E-mail address").fill(ADDRESS)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Show the key").click()
    totp = pyotp.TOTP(page.locator("#key").inner_text())
    page.get_by_label("Code that the app shows").fill(totp.now())
    page.get_by_role("button", name="Confirm and sign in").click()
    page.wait_for_selector("nav[aria-label=Console]", state="attached")
