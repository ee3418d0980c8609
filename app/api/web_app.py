"""The web app as `make app` built it: one page that every address of the app leads to, and its files.

The app knows its addresses itself: whatever a person's browser asks for and nothing else here answers is the
app's. Programs, and the paths of the API and of pages, get the problem that they always got.
"""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    make_response,
    render_template,
    request,
    send_from_directory,
)
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from app.api.errors import http_fault
from app.api.pages import seal

DIST = Path(__file__).resolve().parents[2] / "frontend" / "dist"
NONCE = "__CSP_NONCE__"
"""What the build left in the page: another word for each answer, by which its own styles are known."""
YEAR_SECONDS = 31_536_000
ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""How files lie beside themselves, the smallest first."""

web_app = Blueprint("web_app", __name__, template_folder="templates")


@dataclass
class Build:
    """The app in `folder`, which may be made, or made anew, while the process runs."""

    app: Flask
    folder: Path

    def page(self) -> str | None:
        """None where no build is there."""
        try:
            return (self.folder / "index.html").read_text()
        except FileNotFoundError:
            return None

    @cached_property
    def taken(self) -> frozenset[str]:
        """The first parts of paths that are not the app's."""
        return frozenset(rule.rule.split("/")[1] for rule in self.app.url_map.iter_rules()) - {""}


def register_web_app(app: Flask, folder: Path = DIST) -> None:
    app.extensions["web_app"] = Build(app, folder)
    app.register_blueprint(web_app)
    app.register_error_handler(NotFound, _maybe_the_apps)


@web_app.get("/")
def home() -> ResponseReturnValue:
    """The app; where it is not built, how to do that."""
    page = _build().page()
    return _sealed(page) if page is not None else seal(make_response(render_template("home.html")))


@web_app.get("/assets/<path:name>")
def asset(name: str) -> Response:
    """A file of the build. Its name changes with its content, so that it may be kept for good."""
    folder = _build().folder / "assets"
    encoding = _encoding(folder, name)
    answer = send_from_directory(
        folder,
        name + ENCODINGS.get(encoding, ""),
        mimetype=mimetypes.guess_type(name)[0],
        max_age=YEAR_SECONDS,
    )
    answer.cache_control.immutable = True
    answer.vary.add("Accept-Encoding")
    if encoding:
        answer.content_encoding = encoding
    return answer


def _build() -> Build:
    build: Build = current_app.extensions["web_app"]
    return build


def _encoding(folder: Path, name: str) -> str:
    """The best one that the browser takes and the build has; empty for none."""
    if ".." in name.split("/"):
        return ""
    for encoding, suffix in ENCODINGS.items():
        if request.accept_encodings[encoding] and (folder / f"{name}{suffix}").is_file():
            return encoding
    return ""


def _maybe_the_apps(error: NotFound) -> ResponseReturnValue:
    """No route has this path: the app's own addresses are such, so that links deep into it work."""
    _root, first, *_rest = request.path.split("/")
    build = _build()
    if (
        request.method in ("GET", "HEAD")
        and "text/html" in request.accept_mimetypes.values()
        and first not in build.taken
        and "." not in request.path.rpartition("/")[2]
        and (page := build.page()) is not None
    ):
        return _sealed(page)
    return http_fault(error)


def _sealed(page: str) -> Response:
    """Scripts come from here as files, styles too or with the nonce; nothing is asked of another host."""
    nonce = secrets.token_urlsafe(16)
    answer = Response(page.replace(NONCE, nonce), mimetype="text/html")
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self';"
        " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
