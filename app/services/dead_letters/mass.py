"""Replay all letters that match, some each second.

The scheduler does a second's share at a time: whichever process holds its lock goes on where the row says,
and a share that was done twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import structlog
from sqlalchemy import Row, text

from app.domain.audit_actions import AuditAction
from app.errors import Conflict, InvalidInput, NotFound
from app.services.dead_letters.replay import replay_share
from app.services.queries.dead_letters import matching
from app.services.staff.acting import Staff, record
from app.services.uow import unit_of_work

log = structlog.get_logger()

FASTEST = 50
"""Letters in a second."""


def start(
    staff: Staff,
    filters: Mapping[str, Any],
    *,
    per_second: int,
    letter_ids: Collection[int] | None = None,
) -> int:
    """Have letters replayed that match by now; returns the id of their replay. Each account concerned finds
    it in its audit log. Raises InvalidInput for a rate or a filter that is none, Conflict where the same is
    under way: two would go on at twice the rate."""
    if not 1 <= per_second <= FASTEST:
        raise InvalidInput(f"From 1 to {FASTEST} letters in a second.")
    where, params = matching(filters, letter_ids)
    count = text(f"SELECT count(*) FROM dead_letters d WHERE {where}")  # noqa: S608  (our own words)
    with unit_of_work() as uow:
        asked = {
            "actor": staff.actor,
            "filters": json.dumps({name: value for name, value in filters.items() if value}, default=str),
            "letter_ids": None if letter_ids is None else list(letter_ids),
            "per_second": per_second,
        }
        uow.session.execute(_TAKE_TURNS)
        if same := uow.session.execute(_SAME, asked).scalar():
            raise Conflict(f"Replay {same} of the same letters is under way.")
        total = uow.session.execute(count, params).scalar_one()
        mass_id: int = uow.session.execute(_START, asked | {"total": total}).scalar_one()
        subject = f"mass_replay:{mass_id}"
        chosen = {name: str(value) for name, value in params.items() if name != "letter_ids"}
        detail = {"letters": total, "per_second": per_second, "chosen_by": chosen}
        record(uow.session, staff, "dead_letter.many_replayed", subject, detail=detail)
        action: AuditAction = "dead_letter.many_replayed"
        told = {"actor": staff.actor, "action": action, "subject": subject}
        uow.session.execute(text(_TELL_ACCOUNTS.format(where=where)), params | told)
        uow.commit()
    log.info("mass_replay_started", mass_replay_id=mass_id, letters=total, actor=staff.actor)
    return mass_id


def stop(staff: Staff, mass_id: int) -> None:
    """What was replayed stays so. Raises NotFound; does nothing to one that has ended."""
    with unit_of_work() as uow:
        if uow.session.execute(_EXISTS, {"id": mass_id}).first() is None:
            raise NotFound("There is no such replay.")
        if uow.session.execute(_END, {"id": mass_id, "state": "stopped"}).first() is not None:
            record(uow.session, staff, "dead_letter.replay_stopped", f"mass_replay:{mass_id}")
        uow.commit()


def step() -> None:
    """Every second: a share of each that is under way. Raises what kept one of them from it, when the others
    have had theirs."""
    with unit_of_work() as uow:
        running = uow.session.execute(_RUNNING).all()
    failures: list[Exception] = []
    for row in running:
        try:
            _share(row)
        except Exception as err:  # noqa: BLE001  (raised when the others have had theirs)
            failures.append(err)
    if failures:
        raise failures[0]


def _share(mass: Row[Any]) -> None:
    where, params = matching(mass.filters, mass.letter_ids)
    query = text(
        f"SELECT d.id FROM dead_letters d WHERE {where}"  # noqa: S608  (our own words)
        " AND d.id > :last AND d.failed_at <= :started ORDER BY d.id LIMIT :limit"
    )
    params |= {"last": mass.last_id, "started": mass.created_at, "limit": mass.per_second}
    with unit_of_work() as uow:
        ids = list(uow.session.execute(query, params).scalars())
    done = replay_share(mass.actor, ids) if ids else []
    with unit_of_work() as uow:
        if ids:
            moved = {"id": mass.id, "last": ids[-1], "done": len(done), "passed": len(ids) - len(done)}
            uow.session.execute(_MOVE_ON, moved)
        else:
            uow.session.execute(_END, {"id": mass.id, "state": "done"})
        uow.commit()


_TAKE_TURNS = text("LOCK TABLE mass_replays IN SHARE ROW EXCLUSIVE MODE")
_SAME = text(
    """
    SELECT id FROM mass_replays
    WHERE state = 'running' AND filters = CAST(:filters AS jsonb)
        AND letter_ids IS NOT DISTINCT FROM CAST(:letter_ids AS bigint[])
    """
)
_START = text(
    """
    INSERT INTO mass_replays (actor, filters, letter_ids, per_second, total)
    VALUES (:actor, CAST(:filters AS jsonb), CAST(:letter_ids AS bigint[]), :per_second, :total) RETURNING id
    """
)
_TELL_ACCOUNTS = """
    INSERT INTO audit_log (account_id, actor, action, subject, detail)
    SELECT d.about_account_id, :actor, :action, :subject,
        jsonb_build_object('letters', count(*), 'kinds', jsonb_agg(DISTINCT d.kind))
    FROM dead_letters d WHERE {where} AND d.about_account_id IS NOT NULL GROUP BY d.about_account_id
"""
_EXISTS = text("SELECT 1 FROM mass_replays WHERE id = :id")
_RUNNING = text("SELECT * FROM mass_replays WHERE state = 'running' ORDER BY id")
_MOVE_ON = text(
    """
    UPDATE mass_replays SET last_id = greatest(last_id, :last), replayed = replayed + :done,
        passed_over = passed_over + :passed
    WHERE id = :id
    """
)
_END = text(
    """
    UPDATE mass_replays SET state = :state, finished_at = clock_timestamp()
    WHERE id = :id AND state = 'running' RETURNING id
    """
)
