"""A browser window with the web app, and what has to hold of everything that is seen in it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Response, Route, expect

from syncflow.web_build import FRONTEND

HEIGHTS = {1440: 900, 390: 844}
SCHEMES = ("light", "dark")
LOADING = "Loading"
WRONG = "Something went wrong on our side"
"""What the app says of a bug of the API."""
LOUD = ("warning", "error", "assert")
ANSWERED = "Failed to load resource: the server responded with a status of "
"""What browsers write for an answer, which is judged as such."""
MAY_BE_REFUSED = (
    r"POST 401 /api/v1/auth/login",  # a wrong password, or a code is needed too
    r"POST 401 /api/v1/auth/refresh",  # the session was ended elsewhere
    r"POST 422 /api/v1/(invitations/show|auth/password/reset/confirm)",  # a link that never was
    r"POST 403 /api/v1/auth/second-factor",  # a wrong password
    r"POST 409 /api/v1/variants",  # a SKU that another one has
    r"POST 422 /api/v1/connections",  # what is no shop
    r"GET 404 /api/v1/.*/2000000000(/.*)?",  # what is not there
    r"GET 404 /favicon.ico",  # platforms' pages have no icon
)
"""Method, status and path of what our tests ask for on purpose. Anything else that is refused is a fault."""
BROKEN = "broken-on-purpose"
"""Of an answer that is made up, the X-Request-ID."""
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
HAS_SCHEME = "(scheme) => document.documentElement.dataset.mantineColorScheme === scheme"
SETTLED = """
async () => {
    const frame = () => new Promise(requestAnimationFrame);
    const isEnding = one => Number.isFinite(one.effect.getComputedTiming().endTime);
    await frame();
    await frame();
    await Promise.allSettled(document.getAnimations().filter(isEnding).map(one => one.finished));
    await frame();
}
"""
DRAWN = """
() => [...document.querySelectorAll('[data-drawing]')].every(one => one.querySelector('svg'))
"""
FINDINGS = """
async (rules) => (await axe.run(document, {runOnly: rules, resultTypes: ['violations'], preload: false}))
    .violations.filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => one.id + ': ' + one.nodes.map(each => each.html + each.failureSummary).join(' | '))
"""
ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RULES = {"light": ALL_RULES, "dark": ["color-contrast"]}
"""Only colours are others in the dark."""


class OpenWindow(Protocol):
    def __call__(self, width: int = 1440, scheme: str = "light", language: str = "en-GB") -> Window: ...


class Window:
    def __init__(self, browser: Browser, url: str, width: int, scheme: str, language: str) -> None:
        self.width, self.scheme = width, scheme
        self._said: list[str] = []
        self._context = browser.new_context(
            base_url=url,
            viewport={"width": width, "height": HEIGHTS[width]},
            color_scheme="dark" if scheme == "dark" else "light",
            locale=language,
            reduced_motion="reduce",
        )
        self._context.set_default_timeout(60_000)
        self._context.on("console", self._hear)
        self._context.on("response", self._see_answer)
        self._context.on("requestfailed", self._see_failure)
        self._context.on("weberror", lambda error: self._said.append(str(error.error)))
        self.page: Page = self._context.new_page()

    def close(self, picture: Path) -> list[str]:
        """What should not have been: words in the console, calls that failed, findings of looks. Takes a last
        picture."""
        self.page.screenshot(path=picture)
        self._context.close()
        return self._said

    # -------------------------------------------------------------------------------------- going somewhere

    def go(self, path: str) -> None:
        """To an address, as by a link from elsewhere: also where only what follows the # is another."""
        self.page.goto("about:blank")
        self.page.goto(path)

    def go_to(self, place: str, heading: str = "") -> None:
        """By the navigation, which a narrow window hides behind a button. Most screens are called so."""
        menu = self.page.get_by_role("button", name="Menu")
        if menu.is_visible():
            menu.click()
        self.page.get_by_role("navigation", name="Places").get_by_role("link", name=place).click()
        expect(self.heading(heading or place)).to_be_visible()

    def sign_in(self, email: str, password: str) -> None:
        """Fill in the form of the page that one is on."""
        self.page.get_by_label(re.compile("E-mail address|E-Mail-Adresse")).fill(email)
        self.page.get_by_label(re.compile("^(Password|Passwort)$")).fill(password)
        self.page.get_by_role("button", name=re.compile("^(Sign in|Anmelden)$")).click()

    def sign_out(self) -> None:
        self.page.get_by_role("button", name=re.compile("^Account")).click()
        self.page.get_by_role("menuitem", name="Sign out").click()
        expect(self.heading("One stock for all your shops")).to_be_visible()

    # ----------------------------------------------------------------------------------- what is to be seen

    def heading(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("heading", level=1, name=name)

    def alert(self, words: str) -> Locator:
        return self.page.get_by_role("alert").filter(has_text=words).first

    # --------------------------------------------------------------------------------------- what goes wrong

    @contextmanager
    def broken(self, paths: str) -> Iterator[None]:
        """Where the API has a bug: what it answers below /api/v1/ on paths that the pattern matches."""
        pattern = re.compile(rf"/api/v1/({paths})")
        self.page.route(pattern, _fail)
        yield
        self.page.unroute(pattern)

    # ------------------------------------------------------------------------------------------------- looks

    def look_at_failure(self, address: str, name: str, *, of: str) -> None:
        """At an address whose screen asks the API for what it fails to answer: paths as `broken` has them."""
        with self.broken(of):
            self.go(address)
            expect(self.alert(WRONG)).to_be_visible()
            self.look(name)

    def look_at_nothing(self, address: str, name: str) -> None:
        """At an address of something that is not there."""
        self.go(address)
        expect(self.alert("It is not there")).to_be_visible()
        self.look(name)

    def look(self, name: str, *, widths: Sequence[int] = tuple(HEIGHTS), whole: bool = True) -> None:
        """Wide and narrow, in light and dark: no wider than the window, and no serious finding of axe. Keeps
        pictures in SCREENSHOTS, if that is set."""
        expect(self.page.get_by_role("status", name=LOADING)).to_have_count(0)
        self.page.wait_for_function(DRAWN)
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            for scheme in SCHEMES:
                self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of them
                self.page.wait_for_function(HAS_SCHEME, arg=scheme)
                self.page.evaluate(SETTLED)
                _keep_picture(self.page, f"{name}-{width}-{scheme}", whole=whole)
                self._judge(f"{name} {width} {scheme}", RULES[scheme])
        self.page.set_viewport_size({"width": self.width, "height": HEIGHTS[self.width]})
        self.page.emulate_media(color_scheme=self.scheme)  # type: ignore[arg-type]  # one of them

    def _judge(self, what: str, rules: Sequence[str]) -> None:
        if self.page.evaluate(TOO_WIDE):
            self._said.append(f"{what}: wider than the window")
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(_axe())
        self._said += [f"{what}: {one}" for one in self.page.evaluate(FINDINGS, list(rules))]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in LOUD and not message.text.startswith(ANSWERED):
            self._said.append(f"{self.page.url} {message.type}: {message.text}")

    def _see_answer(self, answer: Response) -> None:
        if answer.status >= 400 and answer.headers.get("x-request-id") != BROKEN:
            asked = f"{answer.request.method} {answer.status} {urlsplit(answer.url).path}"
            if not any(re.fullmatch(each, asked) for each in MAY_BE_REFUSED):
                self._said.append(f"{self.page.url} was refused {asked}")

    def _see_failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left meanwhile
            self._said.append(f"{request.url} {request.failure}")


def _keep_picture(page: Page, name: str, *, whole: bool) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=whole)


def _fail(route: Route) -> None:
    problem = {"type": "about:blank", "status": 500, "code": "internal", "detail": ""}
    route.fulfill(
        status=500,
        content_type="application/problem+json",
        body=json.dumps(problem),
        headers={"X-Request-ID": BROKEN},
    )


@cache
def _axe() -> str:
    return (FRONTEND / "node_modules" / "axe-core" / "axe.min.js").read_text()
