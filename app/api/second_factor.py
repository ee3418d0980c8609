"""One-time codes beside the password."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.api.errors import NO_CONTENT, OK
from app.api.limits import limit_own_secrets
from app.api.policy import person
from app.api.resource import Resource
from app.api.schemas.auth import (
    CodeSchema,
    EnrolmentSchema,
    PasswordSchema,
    RecoveryCodesSchema,
    SecondFactorSchema,
)
from app.services import second_factor
from app.services.queries import sessions as queries
from app.services.queries.paging import Row

blp = Resource("second_factor", __name__, description="One-time codes beside the password.")


@blp.route("/auth/second-factor")
@blp.response(OK, SecondFactorSchema)
def get_second_factor() -> Row:
    """Whether codes are asked for, and how many recovery codes are left."""
    return queries.second_factor(person())


@blp.route("/auth/second-factor", methods=("POST",))
@blp.arguments(PasswordSchema)
@blp.response(OK, EnrolmentSchema)
def enrol_second_factor(given: dict[str, Any]) -> dict[str, Any]:
    """A secret for an authenticator app. Codes are asked for once one was confirmed."""
    caller = person()
    limit_own_secrets(caller.user_id)
    return asdict(second_factor.enrol(caller, given["password"]))


@blp.route("/auth/second-factor/confirm", methods=("POST",))
@blp.arguments(CodeSchema)
@blp.response(OK, RecoveryCodesSchema)
def confirm_second_factor(given: dict[str, Any]) -> dict[str, Any]:
    """Show that the app works by a code of it. From now on signing in asks for one."""
    caller = person()
    limit_own_secrets(caller.user_id)
    return {"recovery_codes": second_factor.confirm(caller, given["code"])}


@blp.route("/auth/second-factor/disable", methods=("POST",))
@blp.arguments(PasswordSchema)
@blp.response(NO_CONTENT)
def disable_second_factor(given: dict[str, Any]) -> None:
    """Ask for no codes any more. Recovery codes stop working."""
    caller = person()
    limit_own_secrets(caller.user_id)
    second_factor.disable(caller, given["password"])


@blp.route("/auth/second-factor/recovery-codes", methods=("POST",))
@blp.arguments(PasswordSchema)
@blp.response(OK, RecoveryCodesSchema)
def renew_recovery_codes(given: dict[str, Any]) -> dict[str, Any]:
    """New recovery codes. The old ones stop working."""
    caller = person()
    limit_own_secrets(caller.user_id)
    return {"recovery_codes": second_factor.renew_recovery_codes(caller, given["password"])}
