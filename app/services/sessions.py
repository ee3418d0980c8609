"""Sessions: begun by signing in, kept by refreshing, and over at once when they are ended.

A refresh token is `<family>.<secret>`. The family stays for the session's life and is never shown anywhere
else; the secret is new at every refresh. So whoever comes with the family and another secret holds a token
that was used before: either they or those who used it stole it, and the session ends for both.

Two tabs of a browser share one token, and may come with it at once. So the token used last is answered for
GRACE_SECONDS more, with the very token that took its place: there is never more than one that goes on. A
thief who comes within that time holds the same token as its owner, and the next of the two to refresh later
than the other comes with a used one.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import NotFound, SyncFlowError
from app.services.audit import audit_subject, audit_user
from app.services.auth import Person, Principal, principal_of
from app.services.tokens import hash_of, new_token, open_by, seal_by
from app.services.uow import unit_of_work

log = structlog.get_logger(__name__)

IDLE_DAYS = 30
"""How long a session lasts after its last refresh, ..."""
MOST_DAYS = 180
"""... and in all."""
GRACE_SECONDS = 10
"""How long a refresh token is still answered after it was changed for the next one."""
LONGEST_USER_AGENT = 400


class InvalidRefreshToken(SyncFlowError):
    """This session is over. Please sign in again."""

    code = "invalid_refresh_token"


@dataclass(frozen=True, slots=True)
class Client:
    """What a session is used from."""

    user_agent: str
    address: str
    language: str | None = None
    """The one that it asks for, of LANGUAGES."""

    @property
    def columns(self) -> dict[str, str]:
        return {"user_agent": self.user_agent[:LONGEST_USER_AGENT], "address": self.address}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`principal` has the session's id."""

    principal: Principal
    session_id: int
    refresh_token: str = field(repr=False)


def begin(session: Session, principal: Principal, client: Client) -> SignedIn:
    """A new session, in the caller's transaction."""
    family, secret = new_token(), new_token()
    params = {
        "user_id": principal.user_id,
        "account_id": principal.account_id,
        "family": hash_of(family),
        "secret": hash_of(secret),
        "idle": IDLE_DAYS,
        **client.columns,
    }
    session_id = session.execute(_BEGIN, params).scalar_one()
    return SignedIn(principal, session_id, f"{family}.{secret}")


def refresh(token: str, *, account_id: int | None, client: Client) -> SignedIn:
    """Change a refresh token for the next one, to act for this account or for the last one. Within
    GRACE_SECONDS the same token again gets the same next one.

    Raises InvalidRefreshToken, and ends the session of a token that was used before; NotFound where the user
    is no member of the account, which leaves the token as it is.
    """
    family, _dot, secret = token.partition(".")
    with unit_of_work() as uow:
        row = uow.session.execute(_LOCKED, {"family": hash_of(family)}).one_or_none()
        if row is None:
            raise InvalidRefreshToken()
        given = hash_of(secret)
        is_current = hmac.compare_digest(bytes(row.token_hash), given)
        if not is_current and not (row.in_grace and hmac.compare_digest(bytes(row.previous_hash), given)):
            _end_of_a_stolen_one(uow.session, row)
            uow.commit()
            raise InvalidRefreshToken()
        principal = _acting(uow.session, row, account_id)
        if is_current:
            next_secret = _rotate(uow.session, row, secret, principal, client)
        else:
            next_secret = open_by(secret, bytes(row.sealed_secret))
            uow.session.execute(_SWITCH, {"id": row.id, "account_id": principal.account_id})
            log.info("refresh_token_repeated", user_id=row.user_id, session_id=row.id)
        uow.commit()
    return SignedIn(principal, row.id, f"{family}.{next_secret}")


def act_for(person: Person, account_id: int) -> Principal:
    """Another account of the same user, in the same session. Raises NotFound."""
    with unit_of_work() as uow:
        principal = principal_of(uow.session, person.user_id, account_id)
        if principal is None:
            raise NotFound("You have no such account.")
        uow.session.execute(_SWITCH, {"id": person.session_id, "account_id": account_id})
        audit_subject(
            uow.session, account_id, principal.actor, "user.switched_here", f"user:{person.user_id}"
        )
        uow.commit()
    return principal


def end(person: Person, session_id: int) -> None:
    """End one of the person's sessions, maybe the one they are in. Raises NotFound."""
    with unit_of_work() as uow:
        ended = uow.session.execute(_END, {"id": session_id, "user_id": person.user_id}).one_or_none()
        if ended is None:
            raise NotFound("You have no such session.")
        audit_user(uow.session, person.user_id, "session.ended", {"session": session_id})
        uow.commit()


def end_all(person: Person) -> None:
    """Sign the person out everywhere."""
    with unit_of_work() as uow:
        ended = end_others(uow.session, person.user_id, but=None)
        audit_user(uow.session, person.user_id, "session.all_ended", {"sessions": ended})
        uow.commit()


def end_others(session: Session, user_id: int, *, but: int | None) -> int:
    """End a user's sessions but that one, in the caller's transaction; how many there were."""
    return len(session.execute(_END_OTHERS, {"user_id": user_id, "but": but}).all())


def _acting(session: Session, row: Any, account_id: int | None) -> Principal:
    if account_id is not None:
        asked = principal_of(session, row.user_id, account_id)
        if asked is None:
            raise NotFound("You have no such account.")
        return asked
    last = principal_of(session, row.user_id, row.last_account_id)
    principal = last or principal_of(session, row.user_id, None)
    if principal is None:
        raise InvalidRefreshToken()
    return principal


def _rotate(session: Session, row: Any, secret: str, principal: Principal, client: Client) -> str:
    """The next secret."""
    next_secret = new_token()
    params = {
        "id": row.id,
        "account_id": principal.account_id,
        "secret": hash_of(next_secret),
        "sealed": seal_by(secret, next_secret),
        "grace": GRACE_SECONDS,
        "idle": IDLE_DAYS,
        "most": MOST_DAYS,
        **client.columns,
    }
    session.execute(_ROTATE, params)
    return next_secret


def _end_of_a_stolen_one(session: Session, row: Any) -> None:
    log.warning("refresh_token_reused", user_id=row.user_id, session_id=row.id)
    session.execute(_END, {"id": row.id, "user_id": row.user_id})
    audit_user(session, row.user_id, "session.token_reused", {"session": row.id})


_BEGIN = text(
    """
    INSERT INTO sessions (user_id, last_account_id, family_hash, token_hash, user_agent, address, expires_at)
    VALUES (:user_id, :account_id, :family, :secret, :user_agent, :address,
        now() + make_interval(days => :idle))
    RETURNING id
    """
)
_LOCKED = text(
    """
    SELECT id, user_id, last_account_id, token_hash, previous_hash, sealed_secret,
        coalesce(previous_until > clock_timestamp(), false) AS in_grace
    FROM sessions
    WHERE family_hash = :family AND expires_at > now() FOR UPDATE
    """
)
_ROTATE = text(
    """
    UPDATE sessions SET token_hash = :secret, previous_hash = token_hash, sealed_secret = :sealed,
        previous_until = clock_timestamp() + make_interval(secs => :grace), last_account_id = :account_id,
        user_agent = :user_agent, address = :address, last_used_at = now(), expires_at = least(
            now() + make_interval(days => :idle), created_at + make_interval(days => :most)
        )
    WHERE id = :id
    """
)
_SWITCH = text("UPDATE sessions SET last_account_id = :account_id WHERE id = :id")
_END = text("DELETE FROM sessions WHERE id = :id AND user_id = :user_id RETURNING id")
_END_OTHERS = text(
    """
    WITH ending AS (
        SELECT id FROM sessions WHERE user_id = :user_id AND id IS DISTINCT FROM CAST(:but AS bigint)
        ORDER BY id FOR UPDATE
    )
    DELETE FROM sessions s USING ending WHERE s.id = ending.id RETURNING s.id
    """
)
