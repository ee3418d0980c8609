"""Registering. No answer tells whether an address is known; the mail does."""

from __future__ import annotations

from typing import Any

from app.api.errors import NO_CONTENT, STATUSES
from app.api.languages import language
from app.api.limits import limit_mails, limit_tokens
from app.api.resource import Resource
from app.api.schemas.auth import AddressSchema, RegisterSchema, VerifySchema
from app.services import registration

blp = Resource("registration", __name__, description="Register.")


@blp.route("/auth/register", methods=("POST",))
@blp.arguments(RegisterSchema)
@blp.response(NO_CONTENT)
@blp.doc(
    security=[],
    responses={STATUSES["switched_off"]: {"description": "Nobody can register for now (`switched_off`)."}},
)
def register(given: dict[str, Any]) -> None:
    """Have a link sent that confirms the address. The account and its owner are made by that.

    The mail is in English or German, whichever `Accept-Language` asks for first.
    """
    limit_mails(given["email"])
    registration.register(**given, language=language())


@blp.route("/auth/verify-email/resend", methods=("POST",))
@blp.arguments(AddressSchema)
@blp.response(NO_CONTENT)
@blp.doc(security=[])
def resend_verification(given: dict[str, Any]) -> None:
    """Have the link of a registration sent again; the one before stops working."""
    limit_mails(given["email"])
    registration.resend(given["email"], language())


@blp.route("/auth/verify-email", methods=("POST",))
@blp.arguments(VerifySchema)
@blp.response(NO_CONTENT)
@blp.doc(
    security=[],
    responses={STATUSES["wrong_password"]: {"description": "Another password was registered with."}},
)
def verify_email(given: dict[str, Any]) -> None:
    """Confirm the address, by the token of the mail and the password registered with. Then sign in."""
    limit_tokens()
    registration.confirm(given["token"], given["password"], language())
