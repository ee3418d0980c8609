"""Work on one connection: its scope, its shop, and what a fault of the platform means for it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog
from flask import current_app
from sqlalchemy import text
from structlog.contextvars import bind_contextvars, unbind_contextvars

from app.domain import backoff
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.services import connections
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
    """The connection and its shop; None if it is in none of `states` or has to back off.

    A fault of the platform ends the work and is remembered on the connection: Transient and Permanent
    make it back off (the platform's Retry-After honoured), AuthExpired stops it until the merchant
    reconnects. Nothing is lost: the rows that asked for the work are still there.
    """
    with unit_of_work() as uow:
        row = uow.session.execute(_CONNECTION, {"id": connection_id}).one_or_none()
    if row is None or row.state not in states or row.backing_off:
        yield None
        return
    settings: Settings = current_app.extensions["settings"]
    try:
        shop = open_channel(connection_id)
        bind_contextvars(account_id=row.account_id, connection_id=connection_id)
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
        connections.mark_needs_auth(connection_id, str(err))
    except (Transient, Permanent) as err:
        back_off(connection_id, err)
    else:
        if row.failures:
            succeeded(connection_id)
    finally:
        unbind_contextvars("account_id")


def back_off(connection_id: int, err: Transient | Permanent) -> None:
    """Leave the shop alone for a growing while; the scheduler wakes the work again."""
    at_least = err.retry_after if isinstance(err, Transient) else None
    with unit_of_work() as uow:
        failures = uow.session.execute(
            _COUNT_FAILURE, {"id": connection_id, "error": str(err)[:500]}
        ).scalar_one()
        seconds = backoff.delay_seconds(
            failures,
            jitter=random.random(),  # noqa: S311  (spreads load, guards nothing)
            base=1.0,
            ceiling=120.0,
            at_least=at_least,
        )
        uow.session.execute(_BACK_OFF, {"id": connection_id, "seconds": seconds})
        uow.commit()
    log.warning(
        "connection_backs_off",
        connection_id=connection_id,
        seconds=round(seconds, 1),
        error=err.code,
        failures=failures,
    )


def succeeded(connection_id: int) -> None:
    """The shop answers again: what was held back by failures may go on."""
    with unit_of_work() as uow:
        uow.session.execute(_SUCCEEDED, {"id": connection_id})
        uow.commit()


_CONNECTION = text(
    """
    SELECT account_id, state, failures, coalesce(backoff_until > now(), false) AS backing_off
    FROM connections WHERE id = :id
    """
)
_COUNT_FAILURE = text(
    "UPDATE connections SET failures = failures + 1, last_error = :error WHERE id = :id RETURNING failures"
)
_BACK_OFF = text(
    "UPDATE connections SET backoff_until = now() + make_interval(secs => :seconds) WHERE id = :id"
)
_SUCCEEDED = text(
    """
    UPDATE connections SET failures = 0, backoff_until = NULL, last_success_at = now() WHERE id = :id
    """
)
