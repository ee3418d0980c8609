"""Beliefs about channels' numbers, persisted: locking, saving, drift, holds and hints.

Locks are taken levels first, then cells, both by id; every writer of cells locks them through `lock`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import column, text
from sqlalchemy.orm import Session

from app.domain.account import SKEW, Belief
from app.domain.publish import Publishing, target
from app.platforms.base import CellRef, LevelReported, Unsyncable
from app.services.nudge import Drain, nudge
from app.services.proposals import AS_PROPOSED, Proposal
from app.services.uow import UnitOfWork

HINT_SETTLE = timedelta(seconds=3)
"""How long an order may lag behind the level it explains before we read the level ourselves."""
DOUBT_SETTLE = timedelta(seconds=1)
"""Gathers cells in doubt into one reading. What was learned before a reading is asked for is certain."""


UNREADABLE = {
    Unsyncable.VANISHED.value: "It is no longer at the shop. Restore it there, or unlink it here.",
    Unsyncable.UNTRACKED.value: "The shop keeps no number for it. Have it track the stock there, or unlink"
    " it here.",
    Unsyncable.BUNDLE_PARENT.value: "It is a bundle of the shop's own, which has no number. Unlink it here.",
    "unreadable": "The shop does not tell its number. See the listing there.",
}
"""Errors of failed cells that any number read later heals, and what they say."""
MOST_REVERSALS = 3
"""So often in a row somebody at the shop put back what we had written over; then we stop, and ask."""
MOST_UNITS = 1_000_000_000
"""A larger number is somebody's mistake, and our columns do not hold it."""


@dataclass(slots=True)
class Cell:
    """A locked row of stock_cells; `save` writes back what may change."""

    id: int
    account_id: int
    connection_id: int
    external_stock_id: str
    external_location_id: str
    location_id: int
    variant_id: int | None
    factor: int
    state: str
    error: str
    account: int | None
    drift: int
    version: int
    baseline_at: datetime | None
    opened_level: bool
    read_at: datetime | None
    read_until: datetime | None
    read_quantity: int | None
    reported: int | None
    check_due_at: datetime | None
    checks: int
    stale: bool
    in_review: bool
    reversals: int
    wanted_version: int
    synced_version: int
    dirty_since: datetime | None
    failures: int
    next_attempt_at: datetime | None

    @property
    def ref(self) -> CellRef:
        return CellRef(self.external_stock_id, self.external_location_id)

    @property
    def belief(self) -> Belief:
        return Belief(self.account or 0, self.drift)

    @belief.setter
    def belief(self, belief: Belief) -> None:
        self.account = belief.account
        self.drift = belief.drift

    @property
    def dirty(self) -> bool:
        return self.wanted_version > self.synced_version

    def straddles_baseline(self, at: datetime) -> bool:
        """Nobody can tell whether the number that tracking began with holds a change made at `at`.

        Where that number opened the level, drift mends it: the ledger was short by as much. Elsewhere
        only our account is concerned, and the next reading decides.
        """
        return not self.opened_level and self.baseline_at is not None and abs(at - self.baseline_at) <= SKEW

    def began_with(self, at: datetime) -> bool:
        """Our account is not moved by a change made at `at`: there is none yet, or the number that it began
        with certainly holds the change, which a line of before the listing was linked anew tells late.

        Where that number opened the level, drift mends the ledger too.
        """
        if self.account is None:
            return True
        return not self.opened_level and self.baseline_at is not None and at < self.baseline_at - SKEW

    def want(self, now: datetime) -> None:
        """Its target may have changed: have a push look at it."""
        if not self.dirty:
            self.dirty_since = now
        self.wanted_version += 1

    def accepted(self) -> None:
        """Whatever the platform had against it is over."""
        if self.failures:
            self.state = "active"
        self.failures, self.next_attempt_at, self.error = 0, None, ""

    def look_again(self, due_at: datetime) -> None:
        """Ask for a reading that no passing report can stand in for."""
        self.reported = None
        self.check_due_at = min(self.check_due_at or due_at, due_at)


_COLUMNS = ", ".join(f"c.{name}" for name in Cell.__slots__)
_SAVED = {
    "state": "text",
    "error": "text",
    "account": "int",
    "drift": "int",
    "version": "bigint",
    "read_at": "timestamptz",
    "read_until": "timestamptz",
    "read_quantity": "int",
    "reported": "int",
    "check_due_at": "timestamptz",
    "checks": "int",
    "stale": "boolean",
    "in_review": "boolean",
    "reversals": "int",
    "wanted_version": "bigint",
    "synced_version": "bigint",
    "dirty_since": "timestamptz",
    "failures": "int",
    "next_attempt_at": "timestamptz",
}


def lock(
    session: Session, *, variant_ids: Collection[int] = (), cell_ids: Collection[int] = ()
) -> dict[int, Cell]:
    """All cells of the variants, of the bundles that need them and of what they need, and those named, locked
    in id order."""
    return lock_at(session, variant_ids=variant_ids, cell_ids=cell_ids)[0]


def lock_at(
    session: Session, *, variant_ids: Collection[int] = (), cell_ids: Collection[int] = ()
) -> tuple[dict[int, Cell], datetime]:
    """`lock`, and the database's time at which the last of the locks was held."""
    rows = session.execute(_LOCK, {"variants": list(variant_ids), "cells": list(cell_ids)}).all()
    at = max((row.locked_at for row in rows), default=None)
    return {row.id: Cell(*row[:-1]) for row in rows}, at or now(session)


@dataclass(frozen=True, slots=True)
class LearnedEffect:
    """A row of cell_effects."""

    account_id: int
    cell_id: int
    delta: int
    effected_at: datetime
    known_at: datetime
    learned_at: datetime


def save(session: Session, cells: Iterable[Cell]) -> None:
    """Write back locked cells."""
    if rows := [_row(cell, ("id", *_SAVED)) for cell in cells]:
        session.execute(_SAVE, {"rows": json.dumps(rows)})


def want(
    uow: UnitOfWork,
    cells: Iterable[Cell],
    at: datetime,
    *,
    moved: Sequence[Cell] = (),
    learned: Sequence[LearnedEffect] = (),
) -> None:
    """Have a push look at these locked cells: their targets may have changed.

    `moved` of them are written back too, with the effects that moved them; all in one statement.
    """
    cells = list(cells)
    ids = {cell.id for cell in moved}
    uow.session.execute(
        _WANT,
        {
            "at": at,
            "others": [cell.id for cell in cells if cell.id not in ids],
            "rows": json.dumps([_row(cell, _MOVED) for cell in moved]),
            "effects": json.dumps([_row(e, LearnedEffect.__slots__) for e in learned]),
        },
    )
    for connection_id in {cell.connection_id for cell in cells if cell.state == "active"}:
        uow.after_commit(partial(nudge, Drain.PUSH, connection_id), once=connection_id)


def now(session: Session) -> datetime:
    """The database's clock: one clock for all workers, whatever their host's says."""
    moment: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


def targets(
    session: Session, cells: Sequence[Cell], *, proposal: Proposal | None = None, decided: bool = False
) -> dict[int, int]:
    """What each linked cell should show now, by cell id; none for those whose listing is paused. With a
    proposal, what it would by those rules; `decided`, without what falls hold that wait for a person.

    Of a bundle there are as many as its scarcest component allows for.
    Where several listings show one number, the most careful of their rules counts. An order that cannot be
    read yet is held everywhere but in its own shop, which lowered its number itself.

    Must be read in a statement of its own AFTER the cells were locked: whoever changes a level bumps
    its cells in the same transaction, so this sees all that the claimed version stands for.
    """
    factors = {cell.id: cell.factor for cell in cells if cell.variant_id is not None}
    found: dict[int, int] = {}
    query = _PUBLISHED if proposal is None else _PUBLISHED_AS_PROPOSED
    proposed = {} if proposal is None else proposal.parameters()
    for row in session.execute(query, {**proposed, "cells": list(factors), "decided": decided}):
        if not row.paused:
            rules = Publishing(row.share_percent, row.buffer, row.cap, row.fixed_quantity)
            shown = target(
                row.available, holds=int(row.holds), factor=factors[row.id] * row.units, rules=rules
            )
            found[row.id] = min(shown, found.get(row.id, shown))
    return found


def error_in_words(error: str) -> str:
    """What a failed cell's error says: in our words where it is a code of ours, else in the shop's."""
    return UNREADABLE.get(error, error)


def places(session: Session, cells: Iterable[Cell]) -> dict[int, list[int]]:
    """Our locations that each cell's number stands for, by cell id, the first one first."""
    found = {cell.id: [cell.location_id] for cell in cells}
    for row in session.execute(_PLACES_OF, {"cells": list(found)}):
        if row.location_id not in found[row.id]:
            found[row.id].append(row.location_id)
    return found


def unread_in_own_shop(session: Session, cells: Sequence[Cell]) -> dict[int, int]:
    """Units of orders that cannot be read yet, by cell id, that the cell's own shop has taken off its number.

    An absolute write must leave them out: it might give them back.
    """
    rows = session.execute(_UNREAD_IN_OWN_SHOP, {"cells": [cell.id for cell in cells]})
    factors = {cell.id: cell.factor for cell in cells}
    return {row.cell_id: -(-row.quantity // factors[row.cell_id]) for row in rows}


def plausible(quantity: int | None) -> int | None:
    """None for a number that cannot be stock."""
    return quantity if quantity is not None and abs(quantity) <= MOST_UNITS else None


def note_reports(session: Session, connection_id: int, reports: Iterable[LevelReported]) -> int:
    """Numbers seen in passing. Those we expect, or are just writing, are no news; others get a look.

    Returns how many cells are to be read.
    """
    latest = {report.ref: report.quantity for report in reports if report.quantity is not None}
    if not latest:
        return 0
    rows = session.execute(
        _NOTE_REPORTS,
        {
            "connection_id": connection_id,
            "stock_ids": [ref.stock_id for ref in latest],
            "location_ids": [ref.location_id for ref in latest],
            "quantities": [max(min(q, MOST_UNITS + 1), -MOST_UNITS - 1) for q in latest.values()],
            "settle": HINT_SETTLE,
            "unreadable": list(UNREADABLE),
        },
    )
    return len(rows.all())


def drop_explained_reports(session: Session, connection_id: int) -> int:
    """Reports that we have come to expect since, as an order explained them, need no reading.

    A raise may have waited for it, so a push looks at those cells again. Returns how many.
    """
    return len(session.execute(_DROP_EXPLAINED, {"connection_id": connection_id}).all())


def _row(source: object, names: Iterable[str]) -> dict[str, object]:
    """As JSON takes it."""
    values = ((name, getattr(source, name)) for name in names)
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values}


RELATED = """
    WITH parts AS (
        SELECT unnest(CAST(:variants AS bigint[])) AS id
        UNION SELECT component_id FROM bundle_components WHERE bundle_id = ANY(CAST(:variants AS bigint[]))
    )
    SELECT id FROM parts
    UNION SELECT b.bundle_id FROM bundle_components b JOIN parts ON parts.id = b.component_id
"""
"""The variants, what they are made of, and the bundles that need any of it."""
_LOCK = text(
    f"""
    SELECT {_COLUMNS}, clock_timestamp() AS locked_at FROM stock_cells c
    WHERE c.variant_id = ANY(ARRAY({RELATED})) OR c.id = ANY(CAST(:cells AS bigint[]))
    ORDER BY c.id
    FOR NO KEY UPDATE
    """  # noqa: S608  (names from the class above)
).columns(*map(column, (*Cell.__slots__, "locked_at")))
_MOVED = ("id", "account", "drift", "in_review", "reported", "check_due_at")
_WANT = text(
    """
    WITH learned AS (
        INSERT INTO cell_effects (account_id, cell_id, delta, effected_at, known_at, learned_at)
        SELECT e.* FROM jsonb_to_recordset(CAST(:effects AS jsonb)) AS e (account_id bigint, cell_id bigint,
            delta int, effected_at timestamptz, known_at timestamptz, learned_at timestamptz)
    ), others AS (
        UPDATE stock_cells SET wanted_version = wanted_version + 1, dirty_since = coalesce(dirty_since, :at)
        WHERE id = ANY(CAST(:others AS bigint[]))
    )
    UPDATE stock_cells c SET account = r.account, drift = r.drift, in_review = r.in_review,
        reported = r.reported, check_due_at = r.check_due_at, wanted_version = c.wanted_version + 1,
        dirty_since = coalesce(c.dirty_since, :at)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r (id bigint, account int, drift int, in_review boolean, reported int, check_due_at timestamptz)
    WHERE c.id = r.id
    """
)
_SAVE = text(
    f"""
    UPDATE stock_cells c SET {", ".join(f"{name} = r.{name}" for name in _SAVED)}
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r (id bigint, {", ".join(f"{name} {kind}" for name, kind in _SAVED.items())})
    WHERE c.id = r.id
    """  # noqa: S608  (names from the table above)
)
OF_LISTING = "s.connection_id = l.connection_id AND s.external_stock_id = l.external_stock_id"
"""Whether a cell `s` is one of a listing `l`."""
FIRST_OF_LISTING = f"""
    LEFT JOIN LATERAL (SELECT s.* FROM stock_cells s WHERE {OF_LISTING} ORDER BY s.id LIMIT 1) c ON true
"""  # noqa: S608  (a constant)
"""Joins a listing `l` to one of its cells: all of them are of the same variant."""
PLACES = """ARRAY(
    SELECT c.location_id
    UNION SELECT m.location_id FROM connection_locations m
    WHERE m.connection_id = c.connection_id AND m.external_location_id = c.external_location_id
        AND m.location_id IS NOT NULL
)"""
"""Our locations that a cell `c` stands for: one, or several where the shop knows no locations."""
IS_MAPPED = """EXISTS (
    SELECT 1 FROM connection_locations m
    WHERE m.connection_id = c.connection_id AND m.external_location_id = c.external_location_id
        AND m.location_id IS NOT NULL
)"""
"""Whether the place of a cell `c` is one of ours at all."""
RULES = """
    CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(i.paused), false) AS paused,
            coalesce(min(coalesce(i.share_percent, n.share_percent)), n.share_percent) AS share_percent,
            coalesce(max(coalesce(i.buffer, n.buffer)), n.buffer) AS buffer,
            coalesce(min(coalesce(i.cap, n.cap)), n.cap) AS cap,
            CASE WHEN bool_and(i.fixed_quantity IS NOT NULL) THEN min(i.fixed_quantity) END AS fixed_quantity
        FROM listings i
        WHERE i.connection_id = c.connection_id AND i.external_stock_id = c.external_stock_id
    ) r
"""
"""Joins a cell `c` of a connection `n` to what its listings are to show of what is available."""
# One row for each component of a bundle, one for any other variant. Of a bundle that is sold from several
# places each place counts for the sets that can be made there. What is short anywhere else has to come from
# here; of a bundle, what is short at one of its places from the others. Falls of channels' numbers, and
# orders that cannot be read yet, hold what they name and what that is made of; a shop that sold a bundle
# lowered the bundle's number itself, and not that of its components.
_PUBLISHED = text(
    f"""
    SELECT c.id, p.units, l.available - a.safety_stock AS available, h.holds, r.*
    FROM stock_cells c
    JOIN connections n ON n.id = c.connection_id
    JOIN accounts a ON a.id = c.account_id
    CROSS JOIN LATERAL (SELECT {PLACES} AS here) w
    CROSS JOIN LATERAL (
        SELECT b.component_id AS variant_id, b.quantity AS units FROM bundle_components b
        WHERE b.bundle_id = c.variant_id
        UNION ALL
        SELECT c.variant_id, 1
        WHERE NOT EXISTS (SELECT 1 FROM bundle_components b WHERE b.bundle_id = c.variant_id)
    ) p
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p.variant_id <> c.variant_id AND cardinality(w.here) > 1 THEN p.units * (
                SELECT CAST(sum(sets.number) AS bigint) FROM unnest(w.here) AS place (id) CROSS JOIN LATERAL (
                    SELECT greatest(min(there.units / b.quantity), 0) AS number
                    FROM bundle_components b CROSS JOIN LATERAL (
                        SELECT coalesce(sum(CASE
                            WHEN x.location_id = place.id THEN x.on_hand - x.committed
                            ELSE least(x.on_hand - x.committed, 0)
                        END), 0) AS units
                        FROM stock_levels x WHERE x.variant_id = b.component_id
                    ) there
                    WHERE b.bundle_id = c.variant_id
                ) sets
            ) ELSE coalesce(sum(CASE
                WHEN s.location_id = ANY(w.here) THEN s.on_hand - s.committed
                ELSE least(s.on_hand - s.committed, 0)
            END), 0)
            END AS available
        FROM stock_levels s WHERE s.variant_id = p.variant_id
    ) l
    CROSS JOIN LATERAL (
        SELECT sum(t.units * (
            coalesce((
                SELECT sum(-o.drift * o.factor) FROM stock_cells o
                WHERE NOT (:decided AND o.in_review)
                    AND o.variant_id = t.variant_id AND o.drift < 0 AND o.state = 'active' AND (
                    o.location_id = ANY(w.here) OR EXISTS (
                        SELECT 1 FROM connection_locations m
                        WHERE m.connection_id = o.connection_id AND m.location_id = ANY(w.here)
                            AND m.external_location_id = o.external_location_id
                    )
                )
            ), 0) + coalesce((
                SELECT sum(orders.units) FROM (
                    SELECT max(u.quantity) AS units FROM order_holds u
                    WHERE u.variant_id = t.variant_id AND u.location_id = ANY(w.here)
                        AND (u.connection_id <> c.connection_id OR u.variant_id <> c.variant_id)
                    GROUP BY u.connection_id, u.order_external_id
                ) orders
            ), 0)
        )) AS holds
        FROM (
            SELECT p.variant_id, 1 AS units
            UNION ALL
            SELECT b.bundle_id, b.quantity FROM bundle_components b WHERE b.component_id = p.variant_id
        ) t
    ) h
    {RULES}
    WHERE c.id = ANY(CAST(:cells AS bigint[]))
    """  # noqa: S608  (a constant)
)
_PLACES_OF = text(
    """
    SELECT c.id, m.location_id
    FROM stock_cells c JOIN connection_locations m USING (connection_id, external_location_id)
    WHERE c.id = ANY(CAST(:cells AS bigint[])) AND m.location_id IS NOT NULL
    ORDER BY c.id, m.priority, m.id
    """
)
_PUBLISHED_AS_PROPOSED = text(f"{AS_PROPOSED} {_PUBLISHED.text}")
_UNREAD_IN_OWN_SHOP = text(
    """
    SELECT c.id AS cell_id, CAST(sum(h.quantity) AS bigint) AS quantity
    FROM stock_cells c JOIN order_holds h ON h.variant_id = c.variant_id AND h.location_id = c.location_id
        AND h.connection_id = c.connection_id
    WHERE c.id = ANY(CAST(:cells AS bigint[]))
    GROUP BY c.id
    """
)
_NOTE_REPORTS = text(
    """
    WITH news AS (
        SELECT c.id, r.quantity
        FROM unnest(CAST(:stock_ids AS text[]), CAST(:location_ids AS text[]), CAST(:quantities AS int[]))
            AS r (stock_id, location_id, quantity)
        JOIN stock_cells c ON c.connection_id = :connection_id
            AND c.external_stock_id = r.stock_id AND c.external_location_id = r.location_id
        WHERE c.account IS NOT NULL AND (
            (c.state = 'failed' AND c.error = ANY(:unreadable))
            OR (c.account + c.drift <> r.quantity AND NOT EXISTS (
                SELECT 1 FROM push_attempts a
                WHERE a.cell_id = c.id AND a.outcome IN ('open', 'unknown') AND a.to_quantity = r.quantity
            ))
        )
        ORDER BY c.id
        FOR NO KEY UPDATE OF c
    )
    UPDATE stock_cells c SET
        reported = CASE
            WHEN c.state <> 'failed' AND (c.check_due_at IS NULL OR c.reported IS NOT NULL) THEN n.quantity
        END,
        check_due_at = coalesce(c.check_due_at, clock_timestamp() + :settle)
    FROM news n WHERE c.id = n.id
    RETURNING c.id
    """
)
_DROP_EXPLAINED = text(
    """
    WITH explained AS (
        SELECT id FROM stock_cells
        WHERE connection_id = :connection_id AND check_due_at IS NOT NULL AND reported = account + drift
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE stock_cells c SET check_due_at = NULL, reported = NULL, wanted_version = wanted_version + 1,
        dirty_since = coalesce(dirty_since, clock_timestamp())
    FROM explained e WHERE c.id = e.id
    RETURNING c.id
    """
)
