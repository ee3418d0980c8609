"""The first sync of a shop: whose numbers are the truth, what that would change, and the start of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Any, cast

from sqlalchemy import Row, text

from app.domain.effects import WRITTEN, effect
from app.domain.stock import Movement
from app.errors import Conflict, NotFound
from app.services import brakes, drifts, ledger
from app.services import cells as cell_store
from app.services.audit import audit
from app.services.connections import AGREED_FOR, tell_state
from app.services.nudge import Drain, nudge
from app.services.runs import sync_run
from app.services.uow import unit_of_work

CELLS_AT_A_TIME = 1000


class Source(StrEnum):
    """Whose number is right where the shop and the ledger differ."""

    SYNCFLOW = "syncflow"
    """The ledger's: the shop is written."""
    CHANNEL = "channel"
    """The shop's: the ledger is set by it, and with it every other shop."""
    HIGHEST = "highest"
    LOWEST = "lowest"


EFFECTS = (*WRITTEN, "stock_raised", "stock_lowered")
"""What a first sync does where the two differ: to the shop's number, or else to the stock."""


@dataclass(frozen=True, slots=True)
class Why:
    """What a shop's number follows from. `by_rules`: by the rules for what it shows it is not simply what is
    available; `is_bundle`: it is what the components are enough for."""

    on_hand: int
    committed: int
    is_bundle: bool
    by_rules: bool


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One number of the shop: what it would show, by how many units the ledger would change, and why the two
    differ. `effect` is one of EFFECTS, or `unchanged` where they do not."""

    cell_id: int
    variant_id: int
    sku: str | None
    title: str
    channel_quantity: int
    target: int
    stock_change: int
    effect: str
    why: Why
    causes: Sequence[str]


def first_sync_diff(
    account_id: int,
    connection_id: int,
    after: int,
    limit: int,
    *,
    source: Source = Source.SYNCFLOW,
    wanted: Callable[[DiffRow], bool] = lambda _row: True,
) -> list[DiffRow]:
    """Those `wanted` of the cells (by id, after `after`) whose number is not what they should show, with the
    causes."""
    numbers = all_numbers(account_id, connection_id, after, source=source)
    return list(islice((row for row in numbers if row.effect != "unchanged" and wanted(row)), limit))


def all_numbers(account_id: int, connection_id: int, after: int = 0, *, source: Source) -> Iterator[DiffRow]:
    """Every number of the shop that is followed, by cell, those that agree too. They are read some at a time,
    as far as they are asked for."""
    params = {"account_id": account_id, "connection_id": connection_id, "limit": CELLS_AT_A_TIME}
    while True:
        with unit_of_work() as uow:
            rows = uow.session.execute(_TRACKED, {**params, "after": after}).all()
            # `targets` reads no more of a cell than these rows have.
            targets = cell_store.targets(uow.session, cast("Sequence[cell_store.Cell]", rows))
        for row in rows:
            yield _diff_row(row, targets.get(row.id), source)
        if len(rows) < CELLS_AT_A_TIME:
            return
        after = rows[-1].id


def approve(account_id: int, connection_id: int, source: Source, *, actor: str) -> None:
    """The merchant has seen the first-sync diff and says yes. Raises NotFound, Conflict."""
    with unit_of_work() as uow:
        row = uow.session.execute(_OWN, {"account_id": account_id, "id": connection_id}).one_or_none()
        if row is None:
            raise NotFound("There is no such connection.")
        if row.state != "review":
            raise Conflict(f"A connection that is {row.state} cannot be started.")
        audit(
            uow.session,
            account_id,
            actor,
            "connection.first_sync_approved",
            connection_id,
            {"source": source.value},
        )
        uow.commit()
    with sync_run(account_id, connection_id, "first_sync", trigger="person") as run:
        run.looked_at, run.changed = start_syncing(connection_id, source=source)


def start_syncing(connection_id: int, *, source: Source = Source.SYNCFLOW) -> tuple[int, int]:
    """Make the shop's cells follow the ledger from now on.

    Where the shop's numbers are the truth the ledger takes them first, some at a time; should it end in the
    middle, the same call goes on. Returns how many cells follow, and by how many the ledger was changed.
    Raises Conflict.
    """
    taken_over = 0
    with unit_of_work() as uow:
        row = uow.session.execute(_IN_REVIEW, {"id": connection_id}).one_or_none()
    if row is None:
        raise Conflict("This connection has nothing to start.")
    if source is not Source.SYNCFLOW:
        after: int | None = 0
        while after is not None:
            after, changed = _take_over(row.account_id, connection_id, after, source)
            taken_over += changed
    with unit_of_work() as uow:
        started = uow.session.execute(_START, {"id": connection_id, "agreed_for": AGREED_FOR}).first()
        if started is None:
            raise Conflict("This connection has nothing to start.")
        following = len(uow.session.execute(_ACTIVATE_CELLS, {"id": connection_id}).all())
        tell_state(uow.session, row.account_id, connection_id, "active")
        for drain in (Drain.PUSH, Drain.RECONCILE, Drain.INTAKE):
            uow.after_commit(partial(nudge, drain, connection_id))
        uow.commit()
    return following, taken_over


def _take_over(account_id: int, connection_id: int, after: int, source: Source) -> tuple[int | None, int]:
    """Set the ledger by the shop's next numbers, where these say simply what there is. Returns the last
    cell's id, None at the end, and how many changed the ledger."""
    params = {"account_id": account_id, "connection_id": connection_id, "limit": CELLS_AT_A_TIME}
    with unit_of_work() as uow:
        session = uow.session
        brakes.agree(session, account_id)
        tracked = session.execute(_TRACKED, {**params, "after": after}).all()
        ids = [row.id for row in tracked]
        rows = {row.id: row for row in tracked if row.is_simple}
        locked_levels = ledger.lock_levels(
            session, account_id, {(r.variant_id, r.location_id) for r in rows.values()}
        )
        locked = cell_store.lock(session, variant_ids={r.variant_id for r in rows.values()}, cell_ids=ids)
        places = cell_store.places(session, [locked[i] for i in rows])
        targets = cell_store.targets(session, [locked[i] for i in rows])
        at = cell_store.now(session)
        entries = []
        for cell_id, row in rows.items():
            cell = locked[cell_id]
            change = 0
            if _differs(cell.belief.expected, targets.get(cell_id)):
                available = locked_levels.available(row.variant_id, places[cell_id])
                change = _stock_change(cell.belief.expected, available - row.withheld, source)
            entries.append(
                ledger.Entry(
                    variant_id=row.variant_id,
                    location_id=locked_levels.place_hit(row.variant_id, places[cell_id], change),
                    movement=Movement(on_hand=change),
                    cause="import",
                    source_key=f"first_sync:{cell_id}:{cell.version}",
                    occurred_at=at,
                )
            )
        ledger.book(session, account_id, entries)
        for cell_id in rows:
            locked[cell_id].version += 1
        cell_store.save(session, locked.values())
        cell_store.want(uow, locked.values(), at)
        uow.commit()
    changed = sum(entry.movement.on_hand != 0 for entry in entries)
    return ids[-1] if len(ids) == CELLS_AT_A_TIME else None, changed


def _differs(shown: int, target: int | None) -> bool:
    return target is not None and max(shown, 0) != target


def _stock_change(shown: int, ours: int, source: Source) -> int:
    """`ours`: what the ledger has for the shop, below 0 where more was sold than there is."""
    change = max(shown, 0) - ours
    match source:
        case Source.SYNCFLOW:
            return 0
        case Source.HIGHEST:
            return max(change, 0)
        case Source.LOWEST:
            return min(change, 0)
        case Source.CHANNEL:
            return change


def _diff_row(row: Row[Any], target: int | None, source: Source) -> DiffRow:
    shown = max(row.expected, 0)
    change, shown_then, words = 0, shown, list[str]()
    if target is not None and _differs(row.expected, target):
        ours = row.on_hand - row.committed - row.withheld
        change = _stock_change(row.expected, ours, source) if row.is_simple else 0
        shown_then = shown if change else target
        words = causes(row, target)
    return DiffRow(
        cell_id=row.id,
        variant_id=row.variant_id,
        sku=row.sku,
        title=row.title,
        channel_quantity=row.expected,
        target=shown_then,
        stock_change=change,
        effect=_stock_effect(change) if change else effect(shown, shown_then),
        why=why(row, shown if target is None else target),
        causes=words,
    )


def _stock_effect(change: int) -> str:
    return "stock_raised" if change > 0 else "stock_lowered"


def why(row: Row[Any], target: int) -> Why:
    """What `target` follows from. `row` has the columns of `IN_WORDS`."""
    available = max(row.on_hand - row.committed, 0)
    return Why(
        on_hand=row.on_hand,
        committed=row.committed,
        is_bundle=row.is_bundle,
        by_rules=not row.is_bundle and target * row.factor != available,
    )


def causes(row: Row[Any], target: int) -> list[str]:
    """Why a shop's number is to be another one, in words. `row` has the columns of `IN_WORDS`."""
    of_it = why(row, target)
    if of_it.is_bundle:
        return [f"its components are enough for {target}, the shop shows {row.expected}"]
    found = [f"the ledger has {row.on_hand} on hand, the shop shows {row.expected}"]
    if row.committed:
        found.append(f"open orders hold {row.committed}")
    if of_it.by_rules:
        found.append(f"by the rules for what it shows, {target} are shown")
    return found


_OWN = text("SELECT state FROM connections WHERE account_id = :account_id AND id = :id FOR NO KEY UPDATE")
_IN_REVIEW = text("SELECT account_id FROM connections WHERE id = :id AND state = 'review'")
_START = text(
    """
    UPDATE connections SET state = 'active', levels_swept_at = now(),
        brakes_off_until = clock_timestamp() + CAST(:agreed_for AS interval)
    WHERE id = :id AND state = 'review'
    RETURNING id
    """
)
# A number that was followed before shows something else by a new mapping.
_ACTIVATE_CELLS = text(
    """
    WITH ready AS (
        SELECT id FROM stock_cells
        WHERE connection_id = :id AND account IS NOT NULL AND variant_id IS NOT NULL
            AND state IN ('waiting', 'active')
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE stock_cells c SET state = 'active', wanted_version = wanted_version + 1,
        dirty_since = coalesce(dirty_since, clock_timestamp())
    FROM ready WHERE c.id = ready.id
    RETURNING c.id
    """
)
IN_WORDS = """
    c.factor, c.account + c.drift AS expected, coalesce(l.on_hand, 0) AS on_hand,
    coalesce(l.committed, 0) AS committed,
    EXISTS (SELECT 1 FROM bundle_components b WHERE b.bundle_id = c.variant_id) AS is_bundle
"""
LEVELS = f"""
    CROSS JOIN LATERAL (
        SELECT CAST(sum(s.on_hand) AS bigint) AS on_hand, CAST(sum(s.committed) AS bigint) AS committed
        FROM stock_levels s WHERE s.variant_id = c.variant_id AND s.location_id = ANY({cell_store.PLACES})
    ) l
"""  # noqa: S608  (a constant)
"""Joins a cell `c` to what there is of its variant where it stands for."""
_TRACKED = text(
    f"""
    SELECT c.id, c.variant_id, c.location_id, v.sku, v.title, {IN_WORDS},
        {drifts.IS_IDENTITY} AS is_simple, a.safety_stock + r.buffer AS withheld
    FROM stock_cells c
    JOIN variants v ON v.id = c.variant_id
    JOIN connections n ON n.id = c.connection_id
    JOIN accounts a ON a.id = c.account_id
    {cell_store.RULES}
    {LEVELS}
    WHERE c.account_id = :account_id AND c.connection_id = :connection_id AND c.id > :after
        AND c.account IS NOT NULL
    ORDER BY c.id LIMIT :limit
    """  # noqa: S608  (constants)
)
