"""What the web process serves, over loopback, and people to use the console."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape

import pyotp
import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from admin.web import create_web_app
from app import close_app
from app.platforms.registry import platforms
from app.services.staff import people
from app.settings import Settings
from tests.api import fake_platform
from tests.api.conftest import (  # noqa: F401  (fixtures)
    make_connection,
    make_member,
    make_merchant,
    merchant,
    openapi,
    password_hash,
)
from tests.console.browser import chromium, context, said, see, window  # noqa: F401  (fixtures)
from tests.console.staff import ADDRESS, PASSWORD


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[Flask]:
    application = create_web_app(settings)
    platforms()[fake_platform.SLUG] = fake_platform.PLATFORM
    yield application
    platforms().pop(fake_platform.SLUG, None)  # another folder's application may have had it, too
    close_app(application)


@pytest.fixture(autouse=True)
def _in_app(app: Flask, clean_database: str, clean_redis: str) -> Iterator[None]:
    with app.app_context():
        yield
    app.extensions["errors"].forget()


@pytest.fixture(scope="session")
def base_url(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Browser:
    """Somebody at the console, as far as cookies and forms go."""

    base_url: str
    session: requests.Session = field(default_factory=requests.Session)
    totp: pyotp.TOTP | None = None
    code: str = ""
    """The last that was entered."""

    def get(self, path: str, **query: str) -> requests.Response:
        return self.session.get(f"{self.base_url}{path}", params=query, timeout=60, allow_redirects=False)

    def post(self, path: str, document: dict[str, str] | None = None, *, seen: str = "") -> requests.Response:
        """A form of the page `seen`, or of `path`, with its token."""
        token = csrf_of(self.get(seen or path).text)
        return self.post_bare(path, {**(document or {}), "csrf": token})

    def post_bare(self, path: str, document: dict[str, str] | None = None) -> requests.Response:
        return self.session.post(f"{self.base_url}{path}", data=document, timeout=60, allow_redirects=False)

    def enter_password(self, email: str = ADDRESS, password: str = PASSWORD) -> requests.Response:
        return self.post("/admin/sign-in", {"email": email, "password": password})

    def set_up_codes(self) -> pyotp.TOTP:
        shown = self.post("/admin/sign-in/enrol", seen="/admin/sign-in/code")
        assert shown.status_code == 200
        key = re.search(r'<code id="key">(\w+)</code>', shown.text)
        assert key is not None
        self.totp = pyotp.TOTP(key[1])
        return self.totp

    def enter_code(self, *, steps: int = 0) -> requests.Response:
        """That of now, or of so many steps later: one later than the last that was taken."""
        assert self.totp is not None
        self.code = self.totp.at(time.time() + 30 * steps)
        return self.post("/admin/sign-in/code", {"code": self.code})

    def sign_in(self) -> Browser:
        """The first time: sets up the codes."""
        assert self.enter_password().status_code == 302
        self.set_up_codes()
        answer = self.enter_code()
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin")
        return self


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found is not None, page
    return found[1]


def words_of(page: str) -> str:
    """What a person reads of a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.fixture
def somebody() -> str:
    """A staff member, who has not signed in yet."""
    people.add(ADDRESS, PASSWORD)
    return ADDRESS


@pytest.fixture
def stranger(base_url: str) -> Iterator[Browser]:
    with requests.Session() as session:
        yield Browser(base_url, session)


@pytest.fixture
def staff(somebody: str, stranger: Browser) -> Browser:
    """Signed in."""
    return stranger.sign_in()


@pytest.fixture
def make_browser(base_url: str) -> Iterator[Callable[[], Browser]]:
    made: list[Browser] = []

    def make() -> Browser:
        made.append(Browser(base_url))
        return made[-1]

    yield make
    for one in made:
        one.session.close()
