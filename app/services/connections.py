"""What may happen to a connected shop. Every change is written to the audit log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.domain.event_log import EventKind
from app.domain.outward import OutwardKind
from app.errors import Conflict, InvalidInput, NotFound
from app.models import Connection
from app.models.connections import DRIFT_POLICIES
from app.platforms.errors import PlatformError
from app.services import breaker, outward, publishing, runs, shops, versions
from app.services.audit import audit
from app.services.credentials import CredentialsUnreadable
from app.services.event_log import Subject, clear_events
from app.services.nudge import Drain, nudge
from app.services.proposals import OF_A_CONNECTION
from app.services.turns import READ_ANEW
from app.services.uow import UnitOfWork, unit_of_work

log = structlog.get_logger(__name__)

SETTINGS = ("name", "drift_policy", "brake_percent", *OF_A_CONNECTION)
AGREED_FOR = timedelta(hours=1)
"""How long a person's consent to a mass change holds: a first sync, or a released brake, takes its time."""


def pause(account_id: int, connection_id: int, *, actor: str) -> None:
    """Stop writing to the shop; orders are still taken in. Raises NotFound, Conflict."""
    with unit_of_work() as uow:
        connection = _locked(uow.session, account_id, connection_id)
        _require(connection, ("active", "paused"), "paused")
        connection.state, connection.state_reason = "paused", ""
        audit(uow.session, account_id, actor, "connection.paused", connection_id)
        tell_state(uow.session, account_id, connection_id, "paused")
        uow.commit()


def resume(account_id: int, connection_id: int, *, actor: str) -> None:
    """Write again, after orders and levels were read anew. Raises NotFound, Conflict."""
    with unit_of_work() as uow:
        connection = _locked(uow.session, account_id, connection_id)
        _require(connection, ("paused", "active"), "resumed")
        connection.state, connection.state_reason = "active", ""
        uow.session.execute(_READ_ANEW, {"id": connection_id})
        audit(uow.session, account_id, actor, "connection.resumed", connection_id)
        tell_state(uow.session, account_id, connection_id, "active")
        for drain in (Drain.RECONCILE, Drain.INTAKE, Drain.PUSH):
            _nudge_after(uow, drain, connection_id)
        uow.commit()


def import_again(account_id: int, connection_id: int, *, actor: str) -> int:
    """Read the shop's catalog once more, in the background. Returns the run's id. Raises NotFound,
    Conflict."""
    with unit_of_work() as uow:
        connection = _locked(uow.session, account_id, connection_id)
        _require(connection, ("importing", "review", "active", "paused"), "imported")
        audit(uow.session, account_id, actor, "connection.import_asked", connection_id)
        run_id = runs.ask(uow.session, account_id, connection_id, "import")
        _nudge_after(uow, Drain.IMPORT, connection_id)
        uow.commit()
    return run_id


def release_brake(account_id: int, connection_id: int, *, actor: str) -> None:
    """Let the mass change that was held back go on; the next hour's count as agreed. Raises NotFound,
    Conflict."""
    with unit_of_work() as uow:
        connection = _locked(uow.session, account_id, connection_id)
        if connection.braked_at is None:
            raise Conflict("This connection's brake is not on.")
        connection.braked_at = None
        connection.brakes_off_until = datetime.now(UTC) + AGREED_FOR
        audit(uow.session, account_id, actor, "connection.brake_released", connection_id)
        uow.session.flush()
        publishing.wake(uow, connection_ids=[connection_id])
        runs.ask_manual(uow.session, account_id, connection_id=connection_id, trigger="brake_release")
        clear_events(uow.session, [(EventKind.BRAKE, Subject(account_id, connection_id=connection_id))])
        uow.commit()


def configure(
    account_id: int,
    connection_id: int,
    changes: Mapping[str, Any],
    *,
    actor: str,
    seen: Collection[str] | None = None,
) -> None:
    """Change what the merchant may choose, `SETTINGS`; of which some version was `seen`, if that matters.
    Raises NotFound, InvalidInput, Outdated."""
    if unknown := changes.keys() - set(SETTINGS):
        raise InvalidInput(f"{', '.join(sorted(unknown))} cannot be changed.")
    if changes.get("drift_policy", DRIFT_POLICIES[0]) not in DRIFT_POLICIES:
        raise InvalidInput(f"The drift policy is one of {', '.join(DRIFT_POLICIES)}.")
    publishing.check(changes)
    with unit_of_work() as uow:
        connection = _locked(uow.session, account_id, connection_id)
        versions.require(seen, versions.version_of(connection, SETTINGS))
        for field, value in changes.items():
            setattr(connection, field, value)
        audit(uow.session, account_id, actor, "connection.configured", connection_id, changes)
        uow.session.flush()
        if not changes.keys().isdisjoint(OF_A_CONNECTION):
            publishing.wake(uow, connection_ids=[connection_id])
        uow.commit()


def disconnect(account_id: int, connection_id: int, *, actor: str) -> None:
    """Forget the shop's credentials and stop; its orders and movements stay. Raises NotFound.

    The shop is asked to send no more webhooks first; if it does not listen, they are refused from now on.
    """
    with unit_of_work() as uow:
        state = _locked(uow.session, account_id, connection_id).state
    if state in ("importing", "review", "active", "paused"):
        try:
            shop = shops.open_channel(connection_id)
            shop.channel.remove_webhooks(shop.webhook_url)
        except (PlatformError, CredentialsUnreadable, Conflict) as err:
            log.warning("webhooks_left_behind", connection_id=connection_id, error=str(err))
    with unit_of_work() as uow:
        connection = _locked(uow.session, account_id, connection_id)
        connection.state, connection.state_reason = "disconnected", "Disconnected by the merchant."
        connection.credentials = connection.connect_state_hash = connection.connect_expires_at = None
        connection.token_version += 1
        audit(uow.session, account_id, actor, "connection.disconnected", connection_id)
        breaker.no_longer(uow.session, account_id, connection_id)
        tell_state(uow.session, account_id, connection_id, "disconnected")
        uow.commit()


def mark_needs_auth(connection_id: int, reason: str) -> None:
    """The platform refuses our credentials: stop, and show the merchant why. Safe to repeat."""
    with unit_of_work() as uow:
        account_id = uow.session.execute(
            update(Connection)
            .where(
                Connection.id == connection_id,
                Connection.state.in_(("importing", "review", "active", "paused")),
            )
            .values(state="needs_auth", state_reason=reason)
            .returning(Connection.account_id)
        ).scalar_one_or_none()
        if account_id is None:
            return
        audit(uow.session, account_id, "system", "connection.needs_auth", connection_id, {"reason": reason})
        breaker.no_longer(uow.session, account_id, connection_id)
        tell_state(uow.session, account_id, connection_id, "needs_auth")
        uow.commit()
    log.warning("connection_needs_auth", connection_id=connection_id, reason=reason)


def tell_state(session: Session, account_id: int, connection_id: int, state: str) -> None:
    """Tell outward that the connection came to a state."""
    data = {"connection_id": connection_id, "state": state}
    outward.tell(session, account_id, OutwardKind.CONNECTION_CHANGED, data)


def _locked(session: Session, account_id: int, connection_id: int) -> Connection:
    row = session.scalar(
        select(Connection)
        .where(Connection.id == connection_id, Connection.account_id == account_id)
        .with_for_update(key_share=True)
    )
    if row is None:
        raise NotFound("There is no such connection.")
    return row


def _require(connection: Connection, states: tuple[str, ...], what: str) -> None:
    if connection.state not in states:
        raise Conflict(f"A connection that is {connection.state} cannot be {what}.")


def _nudge_after(uow: UnitOfWork, drain: Drain, connection_id: int) -> None:
    uow.after_commit(lambda: nudge(drain, connection_id))


_READ_ANEW = text(f"UPDATE connections SET {READ_ANEW} WHERE id = :id")  # noqa: S608  (a constant)
