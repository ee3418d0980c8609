"""Changing a password."""

from __future__ import annotations

from typing import Any

from app.api.errors import NO_CONTENT
from app.api.languages import language
from app.api.limits import limit_mails, limit_own_secrets, limit_tokens
from app.api.policy import person
from app.api.resource import Resource
from app.api.schemas.auth import AddressSchema, ChangePasswordSchema, ResetSchema
from app.services import password_changes

blp = Resource("passwords", __name__, description="Change a password.")


@blp.route("/auth/password", methods=("POST",))
@blp.arguments(ChangePasswordSchema)
@blp.response(NO_CONTENT)
def change_password(given: dict[str, Any]) -> None:
    """Change one's own password. All other sessions of the user end."""
    caller = person()
    limit_own_secrets(caller.user_id)
    password_changes.change(caller, current=given["current_password"], new=given["new_password"])


@blp.route("/auth/password/reset", methods=("POST",))
@blp.arguments(AddressSchema)
@blp.response(NO_CONTENT)
@blp.doc(security=[])
def request_reset(given: dict[str, Any]) -> None:
    """Have a link to set a new password sent. The answer is the same for every address."""
    limit_mails(given["email"])
    password_changes.request_reset(given["email"], language())


@blp.route("/auth/password/reset/confirm", methods=("POST",))
@blp.arguments(ResetSchema)
@blp.response(NO_CONTENT)
@blp.doc(security=[])
def confirm_reset(given: dict[str, Any]) -> None:
    """Set a new password by the token of the mail. All sessions of the user end."""
    limit_tokens()
    password_changes.confirm_reset(given["token"], given["password"], language())
