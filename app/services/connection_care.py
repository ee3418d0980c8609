"""Looking after a connection: try its credentials, connect it again, register its webhooks anew."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from app.domain.remedies import remedy
from app.errors import Conflict, InvalidInput, NotFound
from app.platforms.errors import AuthExpired, PlatformError, Transient
from app.services import breaker, shops
from app.services.audit import audit
from app.services.connecting import Started, start_connecting
from app.services.connections import mark_needs_auth
from app.services.credentials import CredentialsUnreadable
from app.services.nudge import try_enqueue
from app.services.uow import unit_of_work

WEBHOOK_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a call to the shop: `code` and `remedy` are empty where it went well."""

    ok: bool
    message: str
    code: str = ""
    remedy: str = ""
    milliseconds: int = 0


def try_out(account_id: int, connection_id: int) -> Trial:
    """Call the shop once with the stored credentials. Raises NotFound, and Conflict where it was never
    connected.

    Credentials that are dead stop the connection, as they would at the next call; a good answer ends its
    back-off.
    """
    row = _own(account_id, connection_id)
    if row.state in ("connecting", "disconnected"):
        raise Conflict(f"A connection that is {row.state} has no credentials to try.")
    began = time.monotonic()
    try:
        shops.open_channel(connection_id).channel.probe()
    except (PlatformError, CredentialsUnreadable, Conflict) as err:
        if isinstance(err, AuthExpired):
            mark_needs_auth(connection_id, str(err))
        # A trial only reads: of no fault is it unknown what it did.
        code = Transient.code if isinstance(err, Transient) else err.code
        return Trial(False, str(err), code, remedy(code), _since(began))
    if row.failures:
        breaker.succeeded(connection_id, seen=row.failures)
    return Trial(True, "The shop answers, and accepts our credentials.", milliseconds=_since(began))


def reconnect(account_id: int, connection_id: int, config: Mapping[str, Any], *, actor: str) -> Started:
    """Begin to connect the same shop once more; `config` adds to what was filled in the first time, such as
    new keys.

    Raises NotFound, InvalidInput (also for another shop's address), Conflict, and what the platform's
    connector raises.
    """
    row = _own(account_id, connection_id)
    if row.state == "connecting":
        raise Conflict("This shop is not connected yet.")
    if other := [name for name, value in row.config.items() if config.get(name, value) != value]:
        raise InvalidInput(f"{', '.join(other)} would be another shop's: connect that one instead.")
    return start_connecting(account_id, row.platform, {**row.config, **config}, actor=actor)


def renew_webhooks(account_id: int, connection_id: int, *, actor: str) -> None:
    """Have the shop's webhook subscriptions looked at and repaired, in the background. Raises NotFound,
    Conflict."""
    row = _own(account_id, connection_id)
    if row.state not in ("review", "active", "paused"):
        raise Conflict(f"A connection that is {row.state} has no webhooks to register.")
    with unit_of_work() as uow:
        uow.session.execute(_WEBHOOKS_DUE, {"id": connection_id})
        audit(uow.session, account_id, actor, "connection.webhooks_asked", connection_id)
        uow.after_commit(lambda: _look_soon(connection_id))
        uow.commit()


def _look_soon(connection_id: int) -> None:
    """Else the clock finds it within a minute."""
    job_id = f"webhooks-{connection_id}"
    try_enqueue("sync", "ensure_webhooks", connection_id, timeout_seconds=WEBHOOK_SECONDS, job_id=job_id)


def _own(account_id: int, connection_id: int) -> Row[Any]:
    with unit_of_work() as uow:
        row = uow.session.execute(_OWN, {"account_id": account_id, "id": connection_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such connection.")
    return row


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


_OWN = text(
    "SELECT state, platform, config, failures FROM connections WHERE account_id = :account_id AND id = :id"
)
_WEBHOOKS_DUE = text("UPDATE connections SET webhooks_checked_at = NULL WHERE id = :id")
