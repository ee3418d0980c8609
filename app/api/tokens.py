"""Access tokens, and how refresh tokens travel: in a cookie that scripts cannot read, or in the body.

The cookie goes to the auth routes only, and never along with another site's request (SameSite=Strict).
Beside that, whoever uses it must send CSRF_HEADER: another site's page cannot, unless CORS lets it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, after_this_request, current_app, request
from flask_jwt_extended import create_access_token

from app.api.errors import CsrfHeaderMissing
from app.api.languages import language
from app.services.auth import Principal
from app.services.sessions import IDLE_DAYS, Client, InvalidRefreshToken, SignedIn
from app.settings import Settings

TOKEN_LIFE = timedelta(minutes=15)
COOKIE = "syncflow_refresh"
AUTH_PATH = "/api/v1/auth"
CSRF_HEADER = "X-CSRF-Protection"


def access_token(principal: Principal, session_id: int) -> str:
    """For TOKEN_LIFE, if the session does not end before."""
    claims = {"account_id": principal.account_id, "session_id": session_id}
    token: str = create_access_token(str(principal.user_id), additional_claims=claims)
    return token


def access_document(principal: Principal, session_id: int) -> dict[str, Any]:
    """An answer with an access token."""
    return {
        "access_token": access_token(principal, session_id),
        "expires_in": int(TOKEN_LIFE.total_seconds()),
        "account_id": principal.account_id,
    }


def hand_over(signed_in: SignedIn, *, in_cookie: bool) -> dict[str, Any]:
    """An answer with both tokens; the cookie is set on it."""
    document = access_document(signed_in.principal, signed_in.session_id)
    if not in_cookie:
        return {**document, "refresh_token": signed_in.refresh_token}
    _set_cookie(signed_in.refresh_token, timedelta(days=IDLE_DAYS))
    return document


def refresh_cookie() -> str:
    """The cookie's refresh token. Raises InvalidRefreshToken (there is none), CsrfHeaderMissing."""
    token = request.cookies.get(COOKIE)
    if not token:
        raise InvalidRefreshToken()
    if CSRF_HEADER not in request.headers:
        raise CsrfHeaderMissing()
    return token


def drop_cookie() -> None:
    _set_cookie("", timedelta(0))


def client() -> Client:
    """What the request came from."""
    return Client(request.headers.get("User-Agent", ""), request.remote_addr or "", language())


def _set_cookie(value: str, life: timedelta) -> None:
    settings: Settings = current_app.extensions["settings"]

    @after_this_request
    def _with_cookie(response: Response) -> Response:
        response.set_cookie(
            COOKIE,
            value,
            max_age=life,
            path=AUTH_PATH,
            secure=settings.public_url.startswith("https://"),
            httponly=True,
            samesite="Strict",
        )
        return response
