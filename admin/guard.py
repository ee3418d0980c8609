"""Who gets in: nobody without a session that is signed in, and no form without its token.

A form's token follows from a cookie that no script and no other site can read: that of the session, or for
the form to sign in that of the form. The cookies go to /admin only, and never along with another site's
request.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.api.policy import leave_to
from app.errors import SyncFlowError
from app.services.staff import sessions
from app.services.staff.sessions import StaffAtWork
from app.services.tokens import new_token
from app.settings import Settings

PATH = "/admin"
COOKIE = "syncflow_staff"
FORM_COOKIE = "syncflow_staff_form"
CSRF_FIELD = "csrf"
STATIC = {"console.static"}
SIGN_IN = "console.sign_in"
CODE_PAGES = {"console.code", "console.enrol", "console.sign_out"}
"""For those whose one-time code is missing, and nothing else is."""
SAFE = ("GET", "HEAD")


class FormRefused(SyncFlowError):
    """This form is too old or did not come from this console. Go back, load the page anew, and try again."""

    code = "forbidden"


def protect(app: Flask, endpoints: Collection[str]) -> None:
    """Have every request to these endpoints checked here."""
    leave_to(app, _check, endpoints)


def at_work() -> StaffAtWork:
    """Who is calling; there in every view but the one to sign in."""
    found: StaffAtWork = g.at_work
    return found


def csrf_token() -> str:
    """For the forms of the page that answers this request."""
    return _token_of(_form_secret())


def keep_session(response: Response, token: str) -> Response:
    """Hand the browser its session."""
    set_cookie(response, COOKIE, token)
    response.delete_cookie(FORM_COOKIE, path=PATH)
    return response


def drop_session(response: Response) -> Response:
    response.delete_cookie(COOKIE, path=PATH)
    return response


def sign_in_page() -> Response:
    """To where somebody goes who is not signed in, and what they come back to."""
    return redirect(url_for(SIGN_IN, to=_asked_for()))  # type: ignore[return-value]  # is a Flask response here


def own_page(to: str | None) -> str | None:
    """`to` if it is a page of the console, beside its first and those to sign in; never another site's."""
    parts = urlsplit(to or "")
    inside = parts.path.startswith(f"{PATH}/") and not parts.path.startswith(f"{PATH}/sign-in")
    return to if inside and not (parts.scheme or parts.netloc) and "\\" not in (to or "") else None


def set_cookie(response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """For this many seconds, or until the browser is closed."""
    settings: Settings = current_app.extensions["settings"]
    secure = settings.public_url.startswith("https://")
    response.set_cookie(
        name, value, max_age=seconds, path=PATH, secure=secure, httponly=True, samesite="Strict"
    )


def _check() -> ResponseReturnValue | None:
    endpoint = request.endpoint
    if endpoint in STATIC:
        return None
    token = request.cookies.get(COOKIE, "")
    found = sessions.at_work(token, address=request.remote_addr or "") if token else None
    if endpoint == SIGN_IN:
        if found is not None and found.signed_in and request.method in SAFE:
            return redirect(own_page(request.args.get("to")) or PATH)
    else:
        if found is None:
            return sign_in_page()
        g.at_work = found
        if not found.signed_in and endpoint not in CODE_PAGES:
            return redirect(url_for("console.code", to=_asked_for()))
    if request.method not in SAFE and not _form_is_ours():
        raise FormRefused()
    return None


def _asked_for() -> str | None:
    """The page to come back to."""
    return own_page(request.full_path.rstrip("?")) if request.method in SAFE else None


def _form_is_ours() -> bool:
    secret = request.cookies.get(_form_cookie())
    given = request.form.get(CSRF_FIELD, "")
    return secret is not None and hmac.compare_digest(_token_of(secret).encode(), given.encode())


def _form_secret() -> str:
    """What this page's token follows from; made anew where the browser has none."""
    secret = request.cookies.get(_form_cookie())
    if secret is None:
        secret = g.setdefault("form_secret", new_token())
    return str(secret)


def keep_form_secret(response: Response) -> Response:
    """Hand the browser what the token of a form that was just shown follows from."""
    if (secret := g.pop("form_secret", None)) is not None:
        set_cookie(response, FORM_COOKIE, secret)
    return response


def _form_cookie() -> str:
    return FORM_COOKIE if request.endpoint == SIGN_IN else COOKIE


def _token_of(secret: str) -> str:
    return hmac.digest(secret.encode(errors="surrogatepass"), b"form", "sha256").hex()
