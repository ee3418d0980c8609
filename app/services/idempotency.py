"""Calls that are sent again because nobody heard their answer: done once, answered as the first time.

Between what a call commits and the note of its answer a process can die. Then the call is done again once its
lease has run out: what must not happen twice even then (stock changes, shipments) has a key of its own in its
rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.errors import SyncFlowError
from app.services.credentials import vault
from app.services.uow import unit_of_work

log = structlog.get_logger(__name__)

LEASE_SECONDS = 60
"""Longer than any call may take (gunicorn ends it)."""


class KeyReused(SyncFlowError):
    """This Idempotency-Key was sent with another request before."""

    code = "idempotency_key_reused"


class StillRunning(SyncFlowError):
    """The first call with this Idempotency-Key is still running."""

    code = "idempotency_in_flight"
    retry_after = 1


@dataclass(frozen=True, slots=True)
class Call:
    """`request_hash` tells it from another that reuses its key."""

    account_id: int
    actor: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str
    headers: Mapping[str, str]


def take_up(call: Call) -> Answer | None:
    """The answer that this call was given before, or None: now it is to be done, by nobody else.

    Raises KeyReused, StillRunning.
    """
    params = {"account_id": call.account_id, "actor": call.actor, "key": call.key, "hash": call.request_hash}
    with unit_of_work() as uow:
        ours = uow.session.execute(_BEGIN, {**params, "lease": LEASE_SECONDS}).one_or_none()
        uow.commit()
        if ours is not None:
            return None
        row = uow.session.execute(_FOUND, params).one_or_none()
    if row is not None and bytes(row.request_hash) != call.request_hash:
        raise KeyReused()
    if row is None or row.status is None:
        raise StillRunning()
    kept = vault().open(bytes(row.answer))
    return Answer(row.status, kept["body"], kept["headers"])


def put_down(call: Call, answer: Answer | None) -> None:
    """Note what it was answered; without an answer it came to nothing, and may be tried again at once.

    Where that fails, the call was done all the same: sent again, it waits for its lease to run out.
    """
    params = {"account_id": call.account_id, "actor": call.actor, "key": call.key}
    try:
        with unit_of_work() as uow:
            if answer is None:
                uow.session.execute(_FORGET, params)
            else:
                sealed = vault().seal({"body": answer.body, "headers": dict(answer.headers)})
                uow.session.execute(_KEEP, {**params, "status": answer.status, "answer": sealed})
            uow.commit()
    except SQLAlchemyError as err:
        log.warning("answer_not_kept", error=type(err).__name__)


PURGE = text("DELETE FROM idempotent_calls WHERE created_at < now() - interval '24 hours'")
"""For house keeping."""
_BEGIN = text(
    """
    INSERT INTO idempotent_calls AS c (account_id, actor, key, request_hash, leased_until)
    VALUES (:account_id, :actor, :key, :hash, clock_timestamp() + make_interval(secs => :lease))
    ON CONFLICT (account_id, actor, key) DO UPDATE SET leased_until = EXCLUDED.leased_until,
        request_hash = EXCLUDED.request_hash, status = NULL, answer = NULL, answered_at = NULL,
        created_at = now()
    WHERE c.created_at < now() - interval '24 hours' OR (
        c.status IS NULL AND c.leased_until < clock_timestamp() AND c.request_hash = EXCLUDED.request_hash)
    RETURNING id
    """
)
_FOUND = text(
    """
    SELECT request_hash, status, answer FROM idempotent_calls
    WHERE account_id = :account_id AND actor = :actor AND key = :key
    """
)
_KEEP = text(
    """
    UPDATE idempotent_calls SET status = :status, answer = :answer, answered_at = now()
    WHERE account_id = :account_id AND actor = :actor AND key = :key
    """
)
_FORGET = text(
    """
    DELETE FROM idempotent_calls
    WHERE account_id = :account_id AND actor = :actor AND key = :key AND status IS NULL
    """
)
