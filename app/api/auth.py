"""Signing in and out, and who one is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.api import tokens
from app.api.errors import NO_CONTENT, OK, STATUSES
from app.api.limits import forgive_sign_ins, limit_sign_in, limit_tokens
from app.api.policy import person, signed_in
from app.api.resource import Resource
from app.api.schemas.auth import LoginSchema, MeSchema, RefreshSchema, SwitchAccountSchema, TokenSchema
from app.services import sessions
from app.services.queries.sessions import accounts_of
from app.services.sign_in import sign_in

blp = Resource("auth", __name__, description="Sign in.")


@blp.route("/auth/login", methods=("POST",))
@blp.arguments(LoginSchema)
@blp.response(OK, TokenSchema)
@blp.doc(security=[], responses={STATUSES["wrong_code"]: {"description": "The code is wrong."}})
def login(given: dict[str, Any]) -> dict[str, Any]:
    """Exchange an e-mail address and a password for an access token and a refresh token.

    `second_factor_needed` says that the password is right and that a `code` has to come with it.
    """
    limit_sign_in(given["email"])
    begun = sign_in(
        given["email"],
        given["password"],
        client=tokens.client(),
        account_id=given["account_id"],
        code=given["code"],
    )
    forgive_sign_ins(given["email"])
    return tokens.hand_over(begun, in_cookie=given["delivery"] == "cookie")


@blp.route("/auth/refresh", methods=("POST",))
@blp.arguments(RefreshSchema)
@blp.response(OK, TokenSchema)
@blp.doc(
    security=[],
    responses={STATUSES["csrf_header_missing"]: {"description": "X-CSRF-Protection is missing."}},
)
def refresh(given: dict[str, Any]) -> dict[str, Any]:
    """Exchange a refresh token for an access token and the next refresh token.

    Each works once: one that comes again later than ten seconds after ends the session. Within these it gets
    the same next token, so that two tabs may refresh at once. With the cookie the header `X-CSRF-Protection`
    has to come, with any value.
    """
    limit_tokens()
    token = given["refresh_token"]
    begun = sessions.refresh(
        token if token is not None else tokens.refresh_cookie(),
        account_id=given["account_id"],
        client=tokens.client(),
    )
    return tokens.hand_over(begun, in_cookie=token is None)


@blp.route("/auth/logout", methods=("POST",))
@blp.response(NO_CONTENT)
def logout() -> None:
    """End this session; its tokens stop working at once."""
    caller = person()
    sessions.end(caller, caller.session_id)
    tokens.drop_cookie()


@blp.route("/auth/logout-everywhere", methods=("POST",))
@blp.response(NO_CONTENT)
def logout_everywhere() -> None:
    """End all sessions of the user, this one, too."""
    sessions.end_all(person())
    tokens.drop_cookie()


@blp.route("/auth/switch-account", methods=("POST",))
@blp.arguments(SwitchAccountSchema)
@blp.response(OK, TokenSchema)
def switch_account(given: dict[str, Any]) -> dict[str, Any]:
    """An access token for another account of the user. Refreshes act for that one from now on."""
    caller = person()
    acting = sessions.act_for(caller, given["account_id"])
    return tokens.access_document(acting, caller.session_id)


@blp.route("/me")
@blp.response(OK, MeSchema)
def me() -> dict[str, Any]:
    """The signed-in user, the account and the role, and the other accounts of the user."""
    caller = signed_in()
    return {**asdict(caller), "accounts": accounts_of(caller.user_id)}
