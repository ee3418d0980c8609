"""Writes down what explains the sample's numbers: the ledger, what shops were told, runs, what is open."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.event_log import EventKind
from app.models import Account
from app.services.event_log import Happening, Subject, raise_events
from app.services.sample_data.store import DRIFTED, OUTLET, Ids, drifted_cell, insert
from app.services.sample_data.story import Story
from app.services.stock_watch import Change, tell

BATCHES = uuid.UUID("6b1f3c0e-7d1b-4f57-9a40-2f0f6f4f1d11")
WINDOW_SECONDS = 300
"""Of a run that sums up writes; see `app.services.runs`."""
RUN_DAYS = CALL_DAYS = 14


def write_ledger(
    session: Session,
    account_id: int,
    story: Story,
    ids: Ids,
    lines: Mapping[tuple[int, int], int],
    *,
    actor: str,
) -> None:
    """Levels, changes by hand and movements, and what is low or sold out by now."""
    places = list(story.books.levels)
    rows = [
        {
            "variant_id": ids.variants[sku],
            "location_id": ids.locations[location],
            "on_hand": story.books.levels[sku, location].on_hand,
            "committed": story.books.levels[sku, location].committed,
        }
        for sku, location in places
    ]
    levels = dict(zip(places, insert(session, account_id, "stock_levels", rows), strict=True))
    changes = _write_changes(session, account_id, story, ids, actor)
    movements = [
        {
            "level_id": levels[row["sku"], row["location"]],
            "variant_id": ids.variants[row["sku"]],
            "location_id": ids.locations[row["location"]],
            "cause": row["cause"],
            "source_key": _source_key(row, ids, lines, changes),
            "on_hand_delta": row["on_hand"],
            "committed_delta": row["committed"],
            "on_hand_after": row["on_hand_after"],
            "committed_after": row["committed_after"],
            "occurred_at": row["at"],
            "created_at": row["at"],
        }
        for row in story.books.movements
    ]
    insert(session, account_id, "stock_movements", movements)
    available: dict[int, int] = defaultdict(int)
    for (sku, _location), level in story.books.levels.items():
        available[ids.variants[sku]] += level.available
    threshold = session.scalars(select(Account.low_stock_threshold).where(Account.id == account_id)).one()
    tell(session, account_id, {id_: Change(None, units, threshold) for id_, units in available.items()})


def _write_changes(session: Session, account_id: int, story: Story, ids: Ids, actor: str) -> list[int]:
    rows = [
        {
            "kind": change["kind"],
            "location_id": ids.locations[change["location"]],
            "to_location_id": ids.locations.get(change["to_location"]),
            "quantities": {ids.variants[sku]: units for sku, units in change["quantities"].items()},
            "reason": change["reason"],
            "note": change["note"],
            "actor": actor,
            "idempotency_key": f"sample:{change['number']}",
            "created_at": change["at"],
        }
        for change in story.changes
    ]
    return insert(session, account_id, "stock_changes", rows)


def _source_key(
    row: Mapping[str, Any], ids: Ids, lines: Mapping[tuple[int, int], int], changes: list[int]
) -> str:
    """As the services that book such movements make them."""
    variant_id = ids.variants[row["sku"]]
    if "order" in row:
        key = f"line:{lines[row['order'], row['line']]}:{row['seq']}"
        return f"{key}:{variant_id}" if row["part"] else key
    if "change" in row:
        return f"change:{changes[row['change']]}:{variant_id}{row['end']}"
    return f"baseline:{ids.cells[row['shop'], row['sku']]}:{variant_id}"


def write_syncs(session: Session, account_id: int, story: Story, ids: Ids, *, seed: int) -> None:
    """What the shops were told, the runs, and how the calls went."""
    attempts = [
        {
            "connection_id": ids.shops[write["shop"]],
            "cell_id": ids.cells[write["shop"], write["sku"]],
            "batch_key": str(uuid.uuid5(BATCHES, f"{account_id}:{number}")),
            "position": 0,
            "kind": "set",
            "from_quantity": write["from_quantity"],
            "to_quantity": write["to_quantity"],
            "wanted_version": write["version"],
            "unexplained": False,
            "tries": 1,
            "outcome": write["outcome"],
            "started_at": write["at"],
            "deadline_at": write["until"],
            "closed_at": write["until"],
            "code": write["code"],
            "message": write["message"],
            "created_at": write["at"],
        }
        for number, write in enumerate(story.books.writes)
    ]
    insert(session, account_id, "push_attempts", attempts)
    rng = random.Random(seed)  # noqa: S311  (nothing is guarded by it)
    runs = [*_windows(story, ids), *_looks(story, ids, rng)]
    insert(session, account_id, "sync_runs", sorted(runs, key=lambda run: run["created_at"]))
    insert(session, account_id, "platform_call_hours", list(_calls(story, ids, rng)))


def _windows(story: Story, ids: Ids) -> Iterator[dict[str, Any]]:
    """The writes of five minutes are one run, as `run_book` sums them up."""
    windows: dict[tuple[int, int], list[Mapping[str, Any]]] = defaultdict(list)
    for write in story.books.writes:
        began = int(datetime.fromisoformat(write["at"]).timestamp())
        windows[write["shop"], began - began % WINDOW_SECONDS].append(write)
    for (shop, second), writes in windows.items():
        at = datetime.fromtimestamp(second, UTC)
        again = sum(write["outcome"] != "applied" for write in writes)
        until = max(write["until"] for write in writes)
        yield {
            **_run(ids.shops[shop], "push", at, until),
            "trigger": "change",
            "window_at": at.isoformat(),
            "looked_at": len(writes),
            "changed": len(writes) - again,
            "counts": {"again": again, "unanswered": 0},
        }


def _looks(story: Story, ids: Ids, rng: random.Random) -> Iterator[dict[str, Any]]:
    """The first import, then a look at all levels and at the catalog every day; one that failed."""
    for shop in story.shops:
        numbers = sum(cell.shop is shop for cell in story.books.cells.values())
        connection_id = ids.shops[shop.number]
        for kind in ("import", "first_sync"):
            until = story.began_at + timedelta(seconds=rng.randint(4, 30))
            run = _run(connection_id, kind, story.began_at, until.isoformat())
            yield {**run, "looked_at": numbers, "changed": numbers}
        for day in range(1, RUN_DAYS):
            at = story.now - timedelta(days=day, minutes=7 * shop.number)
            until = at + timedelta(seconds=rng.randint(2, 12))
            for kind in ("reconcile", "import"):
                yield {**_run(connection_id, kind, at, until.isoformat()), "looked_at": numbers}
    at = story.now - timedelta(days=2, hours=5)
    yield {
        **_run(ids.shops[OUTLET], "orders_poll", at, (at + timedelta(seconds=30)).isoformat()),
        "state": "failed",
        "code": "platform_transient",
        "error": "The shop did not answer in time.",
    }


def _run(connection_id: int, kind: str, at: datetime, until: str) -> dict[str, Any]:
    return {
        "connection_id": connection_id,
        "kind": kind,
        "trigger": "clock",
        "state": "succeeded",
        "created_at": at.isoformat(),
        "finished_at": until,
        "window_at": None,
        "times": 1,
        "looked_at": 0,
        "changed": 0,
        "failed": 0,
        "counts": {},
        "code": "",
        "error": "",
    }


def _calls(story: Story, ids: Ids, rng: random.Random) -> Iterator[dict[str, Any]]:
    hour = story.now.replace(minute=0, second=0, microsecond=0)
    for back in range(1, CALL_DAYS * 24):
        for shop in story.shops:
            succeeded = rng.randint(60, 220)
            mean_ms = rng.randint(120, 320)
            yield {
                "connection_id": ids.shops[shop.number],
                "starts_at": (hour - timedelta(hours=back)).isoformat(),
                "succeeded": succeeded,
                "refused": 0,
                "throttled": rng.choice((0, 0, 0, 1, 2)),
                "failed": rng.choice((0,) * 19 + (1,)),
                "unreachable": 0,
                "total_ms": succeeded * mean_ms,
                "slowest_ms": mean_ms * rng.randint(3, 8),
            }


def write_conflict(session: Session, account_id: int, story: Story, ids: Ids) -> None:
    """A number that somebody changed at the outlet and that waits for a person."""
    key = drifted_cell(story)
    seen_at = story.now - timedelta(hours=2, minutes=10)
    drift = {
        "cell_id": ids.cells[key],
        "quantity": DRIFTED,
        "state": "review",
        "seen_at": seen_at.isoformat(),
        "review_reason": "policy",
        "shown": story.books.cells[key].account + DRIFTED,
        "created_at": seen_at.isoformat(),
    }
    [review_id] = insert(session, account_id, "drifts", [drift])
    subject = Subject(account_id, variant_id=ids.variants[key[1]], connection_id=ids.shops[OUTLET])
    detail = {"review_id": review_id, "quantity": DRIFTED}
    raise_events(session, [Happening(EventKind.DRIFT_IN_REVIEW, subject, detail)])
