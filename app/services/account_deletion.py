"""Leaving: an account is cut off from its shops at once, and removed with every row after a time to think.

Until then an owner can take it back; shops are connected anew then, since their credentials are gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.extensions import db
from app.platforms.errors import PlatformError
from app.services import password_changes, shops
from app.services.audit import audit, audit_subject
from app.services.credentials import CredentialsUnreadable
from app.services.mail import link, queue_mail
from app.services.nudge import try_enqueue
from app.services.roles import lock_roles, require_no_less, role_of
from app.services.shops import OpenShop
from app.services.stopping import leave_if_asked
from app.services.tenant_rows import TenantTable, tenant_tables
from app.services.uow import unit_of_work

log = structlog.get_logger(__name__)

GRACE = timedelta(days=7)
BATCH_ROWS, BATCH_PARENTS = 5_000, 500
QUEUE, JOB_SECONDS = "reports", 4 * 3600
LOCK_SPACE = 7_311_020
"""Of the advisory locks (LOCK_SPACE, account) that the one worker at an account's removal holds."""
REASON = "The account is to be deleted."


def ask(account_id: int, user_id: int, password: str, *, now: datetime | None = None) -> datetime:
    """Disconnect every shop now and have the account removed after GRACE; returns when.

    Raises WrongPassword, RoleTooLow (no owner any more), Conflict (asked before). All owners are told by
    mail.
    """
    password_changes.require(user_id, password)
    opened = _opened(account_id)
    delete_at = (now or datetime.now(UTC)) + GRACE
    actor = f"user:{user_id}"
    with unit_of_work() as uow:
        lock_roles(uow.session, account_id)
        require_no_less(role_of(uow.session, account_id, user_id), "owner")
        params = {"id": account_id, "delete_at": delete_at}
        if uow.session.execute(_ASK, params).one_or_none() is None:
            raise Conflict("The account is to be deleted already.")
        params = {"id": account_id, "reason": REASON}
        for connection_id in uow.session.execute(_DISCONNECT, params).scalars():
            audit(uow.session, account_id, actor, "connection.disconnected", connection_id)
        detail = {"delete_at": delete_at.isoformat()}
        audit_subject(
            uow.session, account_id, actor, "account.deletion_asked", f"account:{account_id}", detail
        )
        _tell_owners(uow.session, account_id, delete_at)
        uow.commit()
    _take_webhooks_back(opened)
    return delete_at


def take_back(account_id: int, user_id: int) -> None:
    """Keep the account. Raises RoleTooLow, Conflict (nothing was asked, or its time has come)."""
    with unit_of_work() as uow:
        lock_roles(uow.session, account_id)
        require_no_less(role_of(uow.session, account_id, user_id), "owner")
        if uow.session.execute(_TAKE_BACK, {"id": account_id}).one_or_none() is None:
            raise Conflict("There is no deletion that could be taken back.")
        actor = f"user:{user_id}"
        audit_subject(uow.session, account_id, actor, "account.deletion_cancelled", f"account:{account_id}")
        uow.commit()


def require_staying(session: Session, account_id: int) -> None:
    """Raises Conflict for an account that is to be deleted; holds off that it is asked meanwhile."""
    if session.execute(_LEAVING, {"id": account_id}).one_or_none() is not None:
        raise Conflict("This account is to be deleted. Take that back first.")


def wake_due() -> None:
    """Have a worker remove each account whose time has come."""
    with unit_of_work() as uow:
        due = uow.session.execute(_DUE).scalars().all()
    for account_id in due:
        wake(account_id)


def wake(account_id: int) -> None:
    """Have a worker remove one account whose time has come."""
    job_id = f"delete-account-{account_id}"
    try_enqueue(QUEUE, "delete_account", account_id, timeout_seconds=JOB_SECONDS, job_id=job_id)


def remove(account_id: int) -> None:
    """Remove an account whose time has come, with every row; does nothing to any other. May be broken off and
    begun again. Of several workers one does it."""
    with db.engine.connect() as held:
        held.detach()  # closed when left, which gives the lock back whatever happened
        locked = held.execute(_LOCK, {"space": LOCK_SPACE, "id": account_id}).scalar_one()
        held.commit()
        if locked and _shut(account_id):
            _remove_rows(account_id)
            log.info("account_deleted", account_id=account_id)


def _shut(account_id: int) -> bool:
    """Let nobody in any more, if its time has come: there is no way back from here. Its sample account goes
    with it, and users who belong to no other account."""
    with unit_of_work() as uow:
        if uow.session.execute(_IS_DUE, {"id": account_id}).one_or_none() is None:
            return False
        uow.session.execute(_SAMPLES, {"id": account_id})
        members = uow.session.execute(_EMPTY, {"id": account_id}).scalars().all()
        uow.session.execute(_USERS, {"ids": list(members)})
        uow.commit()
    return True


def _remove_rows(account_id: int) -> None:
    for table in reversed(list(tenant_tables())):
        if table.name == "connections":
            _execute(_LEASES, id=account_id)
        for parents in _parents(table, account_id):
            while _delete_some(table, account_id, parents) > 0:
                leave_if_asked()
    _execute(_ACCOUNT, id=account_id)


def _parents(table: TenantTable, account_id: int) -> Iterable[list[int] | None]:
    """Ids to look for rows under, some at a time; once None where rows are found by their account."""
    if table.parent is None:
        yield None
        return
    last = 0
    query = text(
        f"SELECT id FROM {table.parent.name} WHERE account_id = :account_id AND id > :last"  # noqa: S608
        " ORDER BY id LIMIT :limit"
    )
    while True:
        params = {"account_id": account_id, "last": last, "limit": BATCH_PARENTS}
        with unit_of_work() as uow:
            ids = list(uow.session.execute(query, params).scalars())
        if not ids:
            return
        yield ids
        last = ids[-1]


def _delete_some(table: TenantTable, account_id: int, parents: list[int] | None) -> int:
    """How many rows went, in a transaction of its own."""
    key = ", ".join(table.key)
    under = "" if parents is None else f" AND {table.column} = ANY(CAST(:parents AS bigint[]))"
    return _execute(
        f"DELETE FROM {table.name} WHERE ({key}) IN ("  # noqa: S608  (names of our tables)
        f"SELECT {key} FROM {table.name} WHERE account_id = :account_id{under} LIMIT :limit)",
        account_id=account_id,
        limit=BATCH_ROWS,
        **({} if parents is None else {"parents": parents}),
    )


def _execute(statement: str, **parameters: object) -> int:
    with unit_of_work() as uow:
        result = uow.session.connection().execute(text(statement), parameters)
        uow.commit()
        return result.rowcount


def _opened(account_id: int) -> dict[int, OpenShop]:
    """The shops that can be told, with their credentials read: those are about to be forgotten."""
    found = {}
    with unit_of_work() as uow:
        ids = uow.session.execute(_CONNECTED, {"id": account_id}).scalars().all()
    for connection_id in ids:
        try:
            found[connection_id] = shops.open_channel(connection_id, read_credentials=True)
        except (PlatformError, CredentialsUnreadable, Conflict) as err:
            log.warning("webhooks_left_behind", connection_id=connection_id, error=str(err))
    return found


def _take_webhooks_back(opened: dict[int, OpenShop]) -> None:
    """Ask each shop to send no more. One that does not listen is refused anyway."""
    for connection_id, shop in opened.items():
        try:
            shop.channel.remove_webhooks(shop.webhook_url)
        except PlatformError as err:
            log.warning("webhooks_left_behind", connection_id=connection_id, error=str(err))


def _tell_owners(session: Session, account_id: int, delete_at: datetime) -> None:
    for row in session.execute(_OWNERS, {"id": account_id}).all():
        context = {
            "account": row.account,
            "delete_at": delete_at.astimezone(UTC),
            "link": link("/account"),
        }
        queue_mail(
            session,
            to=row.email,
            language=row.language,
            template="account_deletion",
            context=context,
            account_id=account_id,
        )


_ASK = text("UPDATE accounts SET delete_at = :delete_at WHERE id = :id AND delete_at IS NULL RETURNING id")
_TAKE_BACK = text(
    "UPDATE accounts SET delete_at = NULL WHERE id = :id AND delete_at > clock_timestamp() RETURNING id"
)
_LEAVING = text("SELECT id FROM accounts WHERE id = :id AND delete_at IS NOT NULL FOR SHARE")
_DUE = text("SELECT id FROM accounts WHERE delete_at <= now() ORDER BY delete_at")
_IS_DUE = text("SELECT id FROM accounts WHERE id = :id AND delete_at <= now() FOR NO KEY UPDATE")
_CONNECTED = text(
    """
    SELECT id FROM connections WHERE account_id = :id AND state IN ('importing', 'review', 'active', 'paused')
    ORDER BY id
    """
)
_DISCONNECT = text(
    """
    UPDATE connections SET state = 'disconnected', state_reason = :reason, credentials = NULL,
        connect_state_hash = NULL, connect_expires_at = NULL, token_version = token_version + 1
    WHERE id IN (
        SELECT id FROM connections WHERE account_id = :id AND state <> 'disconnected'
        ORDER BY id FOR NO KEY UPDATE
    )
    RETURNING id
    """
)
_OWNERS = text(
    """
    SELECT u.email, u.language, a.name AS account FROM memberships m
    JOIN users u ON u.id = m.user_id JOIN accounts a ON a.id = m.account_id
    WHERE m.account_id = :id AND m.role = 'owner' ORDER BY m.id
    """
)
_LOCK = text("SELECT pg_try_advisory_lock(:space, CAST(:id % 2147483648 AS integer))")
_SAMPLES = text("UPDATE accounts SET delete_at = now() WHERE sample_of = :id AND delete_at IS NULL")
_EMPTY = text(
    """
    DELETE FROM memberships
    WHERE account_id = :id OR account_id IN (SELECT id FROM accounts WHERE sample_of = :id)
    RETURNING user_id
    """
)
_USERS = text(
    """
    DELETE FROM users u WHERE u.id = ANY(CAST(:ids AS bigint[]))
        AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = u.id)
    """
)
_LEASES = """
    DELETE FROM drain_leases l USING connections c WHERE c.id = l.connection_id AND c.account_id = :id
"""
_ACCOUNT = "DELETE FROM accounts WHERE id = :id AND delete_at <= now()"
