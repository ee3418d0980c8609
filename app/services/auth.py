"""Who signs in, and what they may act for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from app.errors import Conflict, InvalidInput, SyncFlowError
from app.models import Account, Membership, User
from app.services.uow import unit_of_work

PASSWORD_LEAST_CHARACTERS = 10
_hasher = PasswordHasher()  # argon2id with the RFC 9106 low-memory profile


class WrongCredentials(SyncFlowError):
    """The e-mail address and the password do not belong together."""

    code = "wrong_credentials"


@dataclass(frozen=True, slots=True)
class Principal:
    """A user acting for one account in one role (see `app.models.accounts.ROLES`)."""

    user_id: int
    email: str
    account_id: int
    account_name: str
    role: str

    @property
    def actor(self) -> str:
        """As the audit log names them."""
        return f"user:{self.user_id}"


def sign_in(email: str, password: str, *, account_id: int | None = None) -> Principal:
    """The user and the account to act for: the one asked for, else their first.

    Raises WrongCredentials, saying no more: an unknown address takes as long as a wrong password.
    """
    with unit_of_work() as uow:
        user = uow.session.scalar(select(User).where(User.email == email.strip().lower()))
    known = _matches(user.password_hash if user else _nobodys_hash(), password)
    if user is None or not known:
        raise WrongCredentials()
    if _hasher.check_needs_rehash(user.password_hash):
        _rehash(user.id, password)
    principal = principal_of(user.id, account_id)
    if principal is None:
        raise WrongCredentials()
    return principal


def principal_of(user_id: int, account_id: int | None) -> Principal | None:
    """What a user may act as now; None if they are no member (any more)."""
    query = (
        select(User.email, Membership.account_id, Account.name, Membership.role)
        .join(Membership, Membership.user_id == User.id)
        .join(Account, Account.id == Membership.account_id)
        .where(User.id == user_id)
        .order_by(Membership.id)
        .limit(1)
    )
    if account_id is not None:
        query = query.where(Membership.account_id == account_id)
    with unit_of_work() as uow:
        row = uow.session.execute(query).one_or_none()
    return row and Principal(user_id, row.email, row.account_id, row.name, row.role)


def members_among(pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Of pairs (user, account), those that still are members."""
    users, accounts = [user for user, _ in pairs], [account for _, account in pairs]
    with unit_of_work() as uow:
        rows = uow.session.execute(_MEMBERS_AMONG, {"users": users, "accounts": accounts})
        return {(row.user_id, row.account_id) for row in rows}


def open_account(name: str, email: str, password: str) -> Principal:
    """Make a merchant's account with its owner. Raises InvalidInput, Conflict (the address is taken)."""
    email = email.strip().lower()
    if "@" not in email or len(password) < PASSWORD_LEAST_CHARACTERS:
        raise InvalidInput(
            f"An e-mail address and a password of {PASSWORD_LEAST_CHARACTERS} characters are needed."
        )
    account, user = Account(name=name), User(email=email, password_hash=_hasher.hash(password))
    try:
        with unit_of_work() as uow:
            uow.session.add_all([account, user])
            uow.session.flush()
            uow.session.add(Membership(account_id=account.id, user_id=user.id, role="owner"))
            uow.commit()
    except IntegrityError as err:
        raise Conflict("This e-mail address has an account already.") from err
    return Principal(user.id, email, account.id, name, "owner")


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")


def _rehash(user_id: int, password: str) -> None:
    with unit_of_work() as uow:
        uow.session.execute(
            update(User).where(User.id == user_id).values(password_hash=_hasher.hash(password))
        )
        uow.commit()


_MEMBERS_AMONG = text(
    """
    SELECT m.user_id, m.account_id FROM memberships m
    JOIN unnest(CAST(:users AS bigint[]), CAST(:accounts AS bigint[])) AS w (user_id, account_id)
        USING (user_id, account_id)
    """
)
