"""Who acts, and for which account."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import Conflict, InvalidInput
from app.models import Account, Membership, User
from app.services.passwords import hashed
from app.services.uow import unit_of_work


@dataclass(frozen=True, slots=True)
class Principal:
    """A user acting for one account in one role (see `app.models.accounts.ROLES`)."""

    user_id: int
    email: str
    account_id: int
    account_name: str
    role: str
    session_id: int | None = None
    """None for whoever did not sign in."""
    is_sample: bool = False
    """The account holds sample data."""

    @property
    def actor(self) -> str:
        """As the audit log names them."""
        return f"user:{self.user_id}"


@dataclass(frozen=True, slots=True)
class Person:
    """A principal who signed in, and so may see to their own password, second factor and sessions."""

    user_id: int
    email: str
    account_id: int
    session_id: int
    language: str | None = None
    """The one that they ask for, of LANGUAGES."""


def normal(email: str) -> str:
    """An address as users have it."""
    return email.strip().lower()


def caller(*, session_id: int, user_id: int, account_id: int) -> Principal | None:
    """Whom an access token stands for now: None once the session ended or the user left the account."""
    params = {"session_id": session_id, "user_id": user_id, "account_id": account_id}
    with unit_of_work() as uow:
        row = uow.session.execute(_CALLER, params).one_or_none()
    if row is None:
        return None
    return Principal(user_id, row.email, account_id, row.name, row.role, session_id, row.is_sample)


def principal_of(session: Session, user_id: int, account_id: int | None) -> Principal | None:
    """What a user may act as: for this account, or for their first. None if there is no such."""
    row = session.execute(_PRINCIPAL, {"user_id": user_id, "account_id": account_id}).one_or_none()
    return None if row is None else Principal(user_id, row.email, row.account_id, row.name, row.role)


def signed_in_among(pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Of pairs (session, account), those whose session lasts and whose user still is a member."""
    sessions, accounts = [session for session, _ in pairs], [account for _, account in pairs]
    with unit_of_work() as uow:
        rows = uow.session.execute(_SIGNED_IN_AMONG, {"sessions": sessions, "accounts": accounts})
        return {(row.session_id, row.account_id) for row in rows}


def open_account(name: str, email: str, password: str) -> Principal:
    """Make a merchant's account with its owner. Raises InvalidInput, Conflict (the address is taken)."""
    email = normal(email)
    if "@" not in email:
        raise InvalidInput("An e-mail address is needed.")
    password_hash = hashed(password)
    with unit_of_work() as uow:
        opened = make_account(uow.session, name, email, password_hash)
        uow.commit()
    return opened


def make_account(
    session: Session,
    name: str,
    email: str,
    password_hash: str,
    *,
    language: str | None = None,
    time_zone: str = "UTC",
) -> Principal:
    """`open_account` in the caller's transaction, which cannot go on after a Conflict. Who has left every
    account they were in is its owner as the user they are, by this password from now on."""
    account = Account(name=name, time_zone=time_zone)
    session.add(account)
    user_id = _returning(session, email, password_hash, language)
    if user_id is None:
        user = User(email=email, password_hash=password_hash, language=language)
        session.add(user)
        try:
            session.flush()
        except IntegrityError as err:
            raise Conflict("This e-mail address has an account already.") from err
        user_id = user.id
    session.flush()
    session.add(Membership(account_id=account.id, user_id=user_id, role="owner"))
    session.flush()
    return Principal(user_id, email, account.id, name, "owner")


def belongs_to_an_account(session: Session, email: str) -> bool:
    """Whether an address can sign in anywhere. Who left every account stays a user, whom audit logs name."""
    return session.execute(_BELONGS, {"email": email}).one_or_none() is not None


def _returning(session: Session, email: str, password_hash: str, language: str | None) -> int | None:
    """The user with this address, if they belong to no account; nobody adds them to one meanwhile."""
    session.execute(_HELD, {"email": email})
    params = {"email": email, "password_hash": password_hash, "language": language}
    found: int | None = session.execute(_RETURNING, params).scalar_one_or_none()
    return found


_SIGNED_IN_AMONG = text(
    """
    SELECT w.session_id, w.account_id
    FROM unnest(CAST(:sessions AS bigint[]), CAST(:accounts AS bigint[])) AS w (session_id, account_id)
    JOIN sessions s ON s.id = w.session_id AND s.expires_at > now()
    JOIN memberships m ON m.user_id = s.user_id AND m.account_id = w.account_id
    """
)
_CALLER = text(
    """
    SELECT u.email, a.name, m.role, a.sample_of IS NOT NULL AS is_sample FROM sessions s
    JOIN users u ON u.id = s.user_id
    JOIN memberships m ON m.user_id = s.user_id AND m.account_id = :account_id
    JOIN accounts a ON a.id = m.account_id
    WHERE s.id = :session_id AND s.user_id = :user_id AND s.expires_at > now()
    """
)
_BELONGS = text(
    "SELECT 1 FROM users u WHERE email = :email AND EXISTS (SELECT 1 FROM memberships WHERE user_id = u.id)"
)
_HELD = text("SELECT id FROM users WHERE email = :email FOR UPDATE")
_RETURNING = text(
    """
    UPDATE users u SET password_hash = :password_hash, language = coalesce(:language, language)
    WHERE email = :email AND NOT EXISTS (SELECT 1 FROM memberships WHERE user_id = u.id) RETURNING id
    """
)
_PRINCIPAL = text(
    """
    SELECT u.email, m.account_id, a.name, m.role FROM users u
    JOIN memberships m ON m.user_id = u.id
    JOIN accounts a ON a.id = m.account_id
    WHERE u.id = :user_id AND m.account_id = coalesce(CAST(:account_id AS bigint), m.account_id)
    ORDER BY a.sample_of IS NOT NULL, m.id LIMIT 1
    """
)
