"""Work on one connection: its scope, its shop, and what a fault of the platform means for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog
from flask import current_app
from sqlalchemy import text
from structlog.contextvars import bound_contextvars

from app.domain.health import FAILURES_IN_A_ROW
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.services import breaker, connections
from app.services.error_meter import note_error
from app.services.faults import fault_of
from app.services.order_effects import Scope
from app.services.shops import OpenShop, open_channel
from app.services.uow import unit_of_work
from app.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """A connection that may be worked on now."""

    scope: Scope
    shop: OpenShop
    state: str
    settings: Settings


@contextmanager
def work_on(connection_id: int, *, states: tuple[str, ...]) -> Iterator[Job | None]:
    """The connection and its shop; None if it is in none of `states`, has to be left alone, or somebody else
    is trying whether it answers again (`breaker`).

    A fault of the platform ends the work and is remembered on the connection: Transient and Permanent
    make it back off (the platform's Retry-After honoured), AuthExpired stops it until the merchant
    reconnects. Nothing is lost: the rows that asked for the work are still there.
    """
    with unit_of_work() as uow:
        row = uow.session.execute(_CONNECTION, {"id": connection_id}).one_or_none()
    if row is None or row.state not in states or row.backing_off:
        yield None
        return
    is_open = row.failures >= FAILURES_IN_A_ROW and row.backed_off
    if is_open and not breaker.claim_probe(connection_id):
        yield None
        return
    settings: Settings = current_app.extensions["settings"]
    try:
        shop = _opened(connection_id, probe=is_open)
    except AuthExpired as err:
        note_error(fault_of(err), connection_id=connection_id)
        connections.mark_needs_auth(connection_id, str(err))
        shop = None
    except (Transient, Permanent) as err:
        note_error(fault_of(err), connection_id=connection_id)
        breaker.failed(connection_id, err, began=None if is_open else row.began)
        shop = None
    if shop is None:
        yield None
        return
    answered = shop.answers() if is_open else 0
    try:
        with bound_contextvars(account_id=row.account_id, connection_id=connection_id):
            yield Job(
                scope=Scope(
                    connection_id=connection_id,
                    account_id=row.account_id,
                    capabilities=shop.platform.capabilities,
                    settle=timedelta(seconds=settings.drift_settle_seconds),
                ),
                shop=shop,
                state=row.state,
                settings=settings,
            )
    except AuthExpired as err:
        note_error(fault_of(err), connection_id=connection_id)
        connections.mark_needs_auth(connection_id, str(err))
    except (Transient, Permanent) as err:
        note_error(fault_of(err), connection_id=connection_id)
        breaker.failed(connection_id, err, began=row.began)
    else:
        if row.failures and shop.answers() > answered:
            breaker.succeeded(connection_id, seen=row.failures)


def _opened(connection_id: int, *, probe: bool) -> OpenShop:
    """The shop; one that has failed again and again is tried by one light call first."""
    shop = open_channel(connection_id)
    if probe:
        shop.channel.probe()
        breaker.let_through(connection_id)
    return shop


_CONNECTION = text(
    """
    SELECT account_id, state, failures, coalesce(backoff_until > now(), false) AS backing_off,
        backoff_until IS NOT NULL AS backed_off, clock_timestamp() AS began
    FROM connections WHERE id = :id
    """
)
