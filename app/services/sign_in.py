"""Signing in: a password, and a one-time code where the user has set that up."""

from __future__ import annotations

import structlog
from sqlalchemy import text

from app.errors import SyncFlowError
from app.services import second_factor, sessions
from app.services.audit import audit_subject
from app.services.auth import normal, principal_of
from app.services.passwords import hashed, is_outdated, matches
from app.services.sessions import Client, SignedIn
from app.services.uow import unit_of_work

log = structlog.get_logger(__name__)


class WrongCredentials(SyncFlowError):
    """The e-mail address and the password do not belong together."""

    code = "wrong_credentials"


class CodeNeeded(SyncFlowError):
    """A one-time code or a recovery code is needed, too."""

    code = "second_factor_needed"


def sign_in(
    email: str, password: str, *, client: Client, account_id: int | None = None, code: str | None = None
) -> SignedIn:
    """Begin a session, acting for the account asked for, else for the user's first.

    Raises WrongCredentials, saying no more: an unknown address takes as long as a wrong password. With the
    right password CodeNeeded, WrongCode or TooManyCodes.
    """
    with unit_of_work() as uow:
        user = uow.session.execute(_USER, {"email": normal(email)}).one_or_none()
    if not matches(user.password_hash if user else None, password) or user is None:
        log.warning("sign_in_refused", user_id=user and user.id, address=client.address)
        raise WrongCredentials()
    with unit_of_work() as uow:
        principal = principal_of(uow.session, user.id, account_id)
    if principal is None:
        raise WrongCredentials()
    if user.has_second_factor:
        if not code:
            raise CodeNeeded()
        second_factor.spend(user.id, code)
    new_hash = hashed(password) if is_outdated(user.password_hash) else user.password_hash
    with unit_of_work() as uow:
        # Whoever changes the password ends all sessions: one that an old password begins must not come after.
        current = {
            "id": user.id,
            "password_hash": user.password_hash,
            "new_hash": new_hash,
            "language": client.language,
        }
        if uow.session.execute(_STILL_THE_PASSWORD, current).one_or_none() is None:
            raise WrongCredentials()
        begun = sessions.begin(uow.session, principal, client)
        detail = {"session": begun.session_id, "second_factor": user.has_second_factor}
        audit_subject(
            uow.session,
            principal.account_id,
            principal.actor,
            "user.signed_in",
            f"user:{principal.user_id}",
            detail,
        )
        uow.commit()
    return begun


_USER = text(
    """
    SELECT u.id, u.password_hash, f.confirmed_at IS NOT NULL AS has_second_factor
    FROM users u LEFT JOIN second_factors f ON f.user_id = u.id
    WHERE u.email = :email
    """
)
_STILL_THE_PASSWORD = text(
    """
    UPDATE users SET password_hash = :new_hash, language = coalesce(:language, language)
    WHERE id = :id AND password_hash = :password_hash RETURNING id
    """
)
