"""The whole product as `make demo` starts it, once for all tests, and people who look at it in a browser."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from syncflow.demo import running_demo
from syncflow.launcher import Limits
from syncflow.processes import free_port
from syncflow.web_build import build, install, node_on_path
from tests.console.browser import CHROMIUM
from tests.e2e.town import Town
from tests.e2e.window import OpenWindow, Window

HERE = Path(__file__).parent
PATIENCE_MS = 60_000
"""For whatever a busy machine does; what is there is not waited for."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First of all: where tests are spread over processes, one does these, and the others the rest."""
    items.sort(key=lambda item: HERE not in item.path.parents)


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Built, running, with two shops; once for all tests here, and never twice at a time."""
    if node_on_path() is None:
        pytest.skip("needs node and npm on PATH, 20.19 or newer")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL"):
            patch.delenv(name, raising=False)
        patch.setenv("PORT", str(free_port()))
        install(lambda _words: None)  # whole, as other tests want it too: the demo would fetch a part
        home, limits = tmp_path_factory.mktemp("demo"), Limits(ready=PATIENCE_MS / 1000 * 5)
        with _alone(tmp_path_factory), running_demo(home, say=lambda _words: None, limits=limits) as demo:
            build(lambda _words: None)  # it is, beside the start; if that failed, this says why
            yield Town(demo)


@contextmanager
def _alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Of the processes that these tests were spread over, if they were."""
    base = tmp_path_factory.getbasetemp()
    with ((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "e2e.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Ended before other tests start one of their own: playwright runs once at a time in a process."""
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_window(chromium: Browser, town: Town, tmp_path: Path) -> Iterator[OpenWindow]:
    """Opens a browser of its own. All has to be well in it to the end."""
    windows: list[Window] = []

    def make(width: int = 1440, scheme: str = "light", language: str = "en-GB") -> Window:
        window = Window(chromium, town.url, width, scheme, language)
        windows.append(window)
        return window

    yield make
    said = [
        words
        for number, window in enumerate(windows)
        for words in window.close(tmp_path / f"window-{number}.png")
    ]
    assert said == [], "\n".join(said)
