"""Signing in, and who one is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from flask_jwt_extended import create_access_token

from app.api.errors import OK
from app.api.limits import limit_sign_in
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.auth import LoginSchema, MeSchema, TokenSchema
from app.services import auth

TOKEN_LIFE = timedelta(hours=8)

blp = Resource("auth", __name__, description="Sign in.")


@blp.route("/auth/login", methods=("POST",))
@blp.arguments(LoginSchema)
@blp.response(OK, TokenSchema)
@blp.doc(security=[])
def login(given: dict[str, Any]) -> dict[str, Any]:
    """Exchange an e-mail address and a password for an access token."""
    limit_sign_in(given["email"])
    caller = auth.sign_in(given["email"], given["password"], account_id=given["account_id"])
    token = create_access_token(str(caller.user_id), additional_claims={"account_id": caller.account_id})
    return {
        "access_token": token,
        "expires_in": int(TOKEN_LIFE.total_seconds()),
        "account_id": caller.account_id,
    }


@blp.route("/me")
@blp.response(OK, MeSchema)
def me() -> dict[str, Any]:
    """The signed-in user, the account and the role."""
    return asdict(principal())
