"""Keys by which programs act for an account.

A key does what its scopes say, with the rights that its maker has at that moment, an admin's at most: it
loses what they lose, and ends for good when they leave the account.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Conflict, InvalidInput, NotFound
from app.models import ApiKey
from app.services.audit import audit_subject
from app.services.roles import NO_MEMBER, lock_roles, role_of
from app.services.uow import unit_of_work

PREFIX = "sf_live_"
SHOWN_CHARACTERS = len(PREFIX) + 6
MOST_KEYS = 50
"""Of an account that are not revoked."""
LONGEST_LIFE = timedelta(days=3653)
"""Of a key that ends at all; times beyond the year 9999 could be kept, and not be read again."""
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A program acting for one account: in its maker's role, as far as the scopes go."""

    key_id: int
    account_id: int
    account_name: str
    role: str
    scopes: frozenset[str]
    use_is_news: bool
    """Whether the last use that was noted is long enough ago to note this one."""

    @property
    def actor(self) -> str:
        """As the audit log names it."""
        return f"key:{self.key_id}"


@dataclass(frozen=True, slots=True)
class NewKey:
    """`secret` is known only now."""

    id: int
    secret: str


def create(
    account_id: int, user_id: int, *, name: str, scopes: Collection[str], expires_at: datetime | None
) -> NewKey:
    """Make a key for a member. Raises InvalidInput (it would have expired, or live too long), Conflict (too
    many), NotFound (they left meanwhile)."""
    now = datetime.now(UTC)
    if expires_at is not None and not now < expires_at <= now + LONGEST_LIFE:
        raise InvalidInput("A key expires within the next ten years, or never.")
    secret = PREFIX + secrets.token_urlsafe(32)
    with unit_of_work() as uow:
        lock_roles(uow.session, account_id)
        if role_of(uow.session, account_id, user_id) is None:
            raise NotFound(NO_MEMBER)
        if uow.session.execute(_COUNT, {"account_id": account_id}).scalar_one() >= MOST_KEYS:
            raise Conflict(f"{MOST_KEYS} keys are the most. Revoke one that is not needed.")
        key = ApiKey(
            account_id=account_id,
            user_id=user_id,
            name=name,
            prefix=secret[:SHOWN_CHARACTERS],
            secret_hash=_hash(secret),
            scopes=sorted(set(scopes)),
            expires_at=expires_at,
        )
        uow.session.add(key)
        uow.session.flush()
        detail = {"name": name, "scopes": key.scopes}
        audit_subject(uow.session, account_id, f"user:{user_id}", "api_key.created", f"key:{key.id}", detail)
        uow.commit()
    return NewKey(key.id, secret)


def revoke(account_id: int, key_id: int, *, actor: str) -> None:
    """End a key at once. Raises NotFound. Safe to repeat."""
    params = {"account_id": account_id, "id": key_id}
    with unit_of_work() as uow:
        if uow.session.execute(_KNOWN, params).one_or_none() is None:
            raise NotFound("There is no such key.")
        if uow.session.execute(_REVOKE, params).one_or_none() is not None:
            audit_subject(uow.session, account_id, actor, "api_key.revoked", f"key:{key_id}")
        uow.commit()


def revoke_all_of(session: Session, account_id: int, user_id: int, *, actor: str) -> None:
    """End the keys that somebody made who leaves, in the caller's transaction."""
    ended = session.execute(_REVOKE_ALL_OF, {"account_id": account_id, "user_id": user_id}).scalars()
    for key_id in ended:
        audit_subject(session, account_id, actor, "api_key.revoked", f"key:{key_id}", {"maker": "left"})


def holder_of(secret: str) -> KeyHolder | None:
    """Who calls with this secret; None if no key has it, or that key or its maker's membership has ended."""
    with unit_of_work() as uow:
        row = uow.session.execute(_HOLDER, {"hash": _hash(secret), "every": USE_NOTED_EVERY}).one_or_none()
    if row is None:
        return None
    role = "admin" if row.role == "owner" else row.role
    return KeyHolder(row.id, row.account_id, row.account_name, role, frozenset(row.scopes), row.use_is_news)


def note_use(key_id: int) -> None:
    """Keep that a key is being used, once a minute at most. Waits for nobody."""
    with unit_of_work() as uow:
        uow.session.execute(_NOTE_USE, {"id": key_id, "every": USE_NOTED_EVERY})
        uow.commit()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


_LIVE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"
_COUNT = text(f"SELECT count(*) FROM api_keys WHERE account_id = :account_id AND {_LIVE}")  # noqa: S608
_KNOWN = text("SELECT id FROM api_keys WHERE account_id = :account_id AND id = :id")
_REVOKE = text(
    """
    UPDATE api_keys SET revoked_at = now()
    WHERE account_id = :account_id AND id = :id AND revoked_at IS NULL RETURNING id
    """
)
_REVOKE_ALL_OF = text(
    """
    UPDATE api_keys SET revoked_at = now()
    WHERE account_id = :account_id AND user_id = :user_id AND revoked_at IS NULL RETURNING id
    """
)
_HOLDER = text(
    """
    SELECT k.id, k.account_id, a.name AS account_name, m.role, k.scopes,
           coalesce(k.last_used_at < now() - CAST(:every AS interval), true) AS use_is_news
    FROM api_keys k
    JOIN memberships m ON m.user_id = k.user_id AND m.account_id = k.account_id
    JOIN accounts a ON a.id = k.account_id
    WHERE k.secret_hash = :hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
    """
)
_NOTE_USE = text(
    """
    WITH used AS (
        SELECT id FROM api_keys
        WHERE id = :id AND coalesce(last_used_at < now() - CAST(:every AS interval), true)
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE api_keys k SET last_used_at = now() FROM used WHERE k.id = used.id
    """
)
