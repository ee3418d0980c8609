"""How the console's pages are made, and what they let a browser do: run no script, ask no other host."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from flask import Response, current_app, g, render_template, request
from flask_admin import Admin
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException

from admin import guard
from app.api.errors import CODES, STATUSES
from app.errors import SyncFlowError

log = structlog.get_logger(__name__)

POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
UNUSABLE = "A text or number in it cannot be used."
SAID_COOKIE = "syncflow_staff_said"
SAID_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Link:
    """A value that leads somewhere, if `to` says where."""

    text: str | None
    to: str | None


def page(template: str, **context: Any) -> str:
    """A page of the console, with its menu for who is signed in."""
    found = g.get("at_work")
    signed_in = found is not None and found.signed_in
    return render_template(
        f"console/{template}",
        menu=_menu() if signed_in else [],
        staff=found.staff if found else None,
        csrf_field=guard.CSRF_FIELD,
        csrf_token=guard.csrf_token,
        said=_said(),
        shown=shown,
        address_of=lambda value: value.to if isinstance(value, Link) else None,
        **context,
    )


def shown(value: Any) -> str:
    """A value as a person reads it; times are UTC."""
    if isinstance(value, Link):
        value = value.text
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False, default=str) if value else "–"
    return str(value)


def say(response: Response, words: str) -> Response:
    """Have the next page that is shown say what was done."""
    guard.set_cookie(response, SAID_COOKIE, str(_signer().dumps(words)), seconds=SAID_SECONDS)
    return response


def seal(response: Response) -> Response:
    """The headers of the console's answers."""
    if request.path != guard.PATH and not request.path.startswith(f"{guard.PATH}/"):
        return response
    response.headers["Content-Security-Policy"] = POLICY
    if request.endpoint not in guard.STATIC:
        response.headers["Cache-Control"] = "no-store"
        if g.pop("said_shown", False):
            response.delete_cookie(SAID_COOKIE, path=guard.PATH)
    return guard.keep_form_secret(response)


def fault_page(error: Exception) -> tuple[str, int]:
    """An error as a page that says what is wrong and what can be done."""
    if isinstance(error, SyncFlowError) and STATUSES.get(error.code, STATUSES["internal"]) < 500:
        return page("fault.html", words=str(error), code=error.code), STATUSES[error.code]
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        code = CODES.get(error.code, "http")
        return page("fault.html", words=error.description, code=code), error.code
    if isinstance(error, DataError | UnicodeEncodeError):
        return page("fault.html", words=UNUSABLE, code="invalid_input"), STATUSES["invalid_input"]
    log.error("request_failed", exc_info=error)
    words = "Something went wrong on our side; it was recorded. Nothing else was done."
    return page("fault.html", words=words, code="internal"), STATUSES["internal"]


def _menu() -> Sequence[Any]:
    [console] = current_app.extensions["admin"]
    assert isinstance(console, Admin)
    menu: Sequence[Any] = console.menu()
    return menu


def _said() -> str | None:
    """What `say` left, for once."""
    given = request.cookies.get(SAID_COOKIE)
    if given is None:
        return None
    g.said_shown = True
    try:
        return str(_signer().loads(given, max_age=SAID_SECONDS))
    except BadSignature:
        return None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="console-said")
