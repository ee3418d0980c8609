"""The web app as the web process serves it: from a folder that a build would have filled."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask

from app.api.web_app import DIST, NONCE, Build

PAGE = f'<html><meta nonce="{NONCE}"><script src="/assets/app-1a2b.js" nonce="{NONCE}"></script></html>'
SCRIPT = "console.log('hello'); " * 40
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

Ask = Callable[..., requests.Response]


@pytest.fixture
def build(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the app is served from; it holds a build."""
    assets = tmp_path / "dist" / "assets"
    assets.mkdir(parents=True)
    (assets.parent / "index.html").write_text(PAGE)
    (assets / "app-1a2b.js").write_text(SCRIPT)
    (assets / "app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (assets / "mark-3c4d.svg").write_text("<svg/>")
    (tmp_path / "secret").write_text("not to be read")
    monkeypatch.setitem(app.extensions, "web_app", Build(app, assets.parent))
    return assets.parent


@pytest.fixture
def ask(base_url: str) -> Ask:
    def get(path: str, headers: dict[str, str] | None = None, method: str = "GET") -> requests.Response:
        return requests.request(method, base_url + path, headers=headers or BROWSER, timeout=10)

    return get


def test_it_is_served_from_where_make_app_builds_it(app: Flask) -> None:
    assert app.extensions["web_app"].folder == DIST
    assert (DIST.parent / "package.json").exists()


@pytest.mark.parametrize("path", ["/", "/overview", "/orders/17?from=x", "/accept-invitation"])
def test_every_address_of_the_app_leads_to_its_page(build: Path, ask: Ask, path: str) -> None:
    answer = ask(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert 'src="/assets/app-1a2b.js"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_page_allows_no_script_or_style_within_it_but_by_the_nonce(build: Path, ask: Ask) -> None:
    first, second = ask("/overview"), ask("/overview")
    [nonce] = set(re.findall(r'nonce="([^"]+)"', first.text))
    policy = dict(part.strip().split(" ", 1) for part in first.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == f"'self' 'nonce-{nonce}'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in first.headers["Content-Security-Policy"]
    assert nonce not in second.text
    assert first.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/api/nothing",
        "/api/v1/nothing",
        "/webhooks/nothing/at/all/here",
        "/connect/nothing/at/all",
        "/healthz/nothing",
        "/readyz/nothing",
        "/metrics/nothing",
        "/assets/nothing-1a2b.js",
        "/wp-login.php",
        "/.env",
    ],
)
def test_what_belongs_to_others_stays_a_problem(build: Path, ask: Ask, path: str) -> None:
    answer = ask(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["../../secret", "%2e%2e/%2e%2e/secret", "/etc/hosts"])
def test_no_file_outside_of_the_build_is_read(build: Path, base_url: str, path: str) -> None:
    """Sent as it stands: other clients tidy such paths up."""
    connection = HTTPConnection(urlsplit(base_url).netloc, timeout=10)
    connection.request("GET", f"/assets/{path}", headers={"Accept-Encoding": "gzip", "Accept": "*/*"})
    answer = connection.getresponse()
    assert answer.status in (308, 404)
    assert b"not to be read" not in answer.read()
    connection.close()


@pytest.mark.parametrize("headers", [{"Accept": "*/*"}, {"Accept": "application/json"}])
def test_programs_are_told_that_nothing_is_there(build: Path, ask: Ask, headers: dict[str, str]) -> None:
    answer = ask("/overview", headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_sent_to_an_address_of_the_app(build: Path, ask: Ask, method: str) -> None:
    assert ask("/overview", method=method).status_code == 404


def test_a_call_that_a_path_does_not_know_is_told_so_as_before(build: Path, ask: Ask) -> None:
    assert ask("/api/v1/auth/login").status_code == 405


@pytest.mark.parametrize(("accepted", "encoding"), [("gzip, br", "gzip"), ("br", None), ("identity", None)])
def test_files_are_kept_for_good_and_come_compressed(
    build: Path, ask: Ask, accepted: str, encoding: str | None
) -> None:
    """As far as the browser takes it and the build has it."""
    answer = ask("/assets/app-1a2b.js", {"Accept-Encoding": accepted})
    assert answer.status_code == 200
    assert answer.text == SCRIPT
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert set(answer.headers["Cache-Control"].split(", ")) == {"public", "max-age=31536000", "immutable"}


def test_a_file_that_is_not_compressed_comes_as_it_is(build: Path, ask: Ask) -> None:
    answer = ask("/assets/mark-3c4d.svg")
    assert (answer.text, answer.headers["Content-Type"]) == ("<svg/>", "image/svg+xml; charset=utf-8")


def test_a_new_build_is_served_at_once(build: Path, ask: Ask) -> None:
    (build / "index.html").write_text("<html>newer</html>")
    assert ask("/").text == "<html>newer</html>"


def test_without_a_build_the_first_page_says_how_to_make_one(build: Path, ask: Ask) -> None:
    (build / "index.html").unlink()
    page = ask("/")
    assert page.status_code == 200
    assert "make app" in page.text
    assert "style-src 'unsafe-inline'" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert ask("/overview").json()["code"] == "not_found"
