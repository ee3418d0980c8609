"""What a merchant does to stock by hand: adjust, receive, transfer. Counting is in `counts.py`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.stock import Movement
from app.errors import Conflict, InvalidInput, NotFound
from app.models.stock_changes import REASONS
from app.services import cells as cell_store
from app.services import ledger
from app.services.audit import audit_subject
from app.services.uow import UnitOfWork, unit_of_work

MOST_VARIANTS = 1000
"""In one change: one transaction holds the locks of them all."""
MOST_NOTE_CHARACTERS = 500
MOST_KEY_CHARACTERS = 200
_AUDITED: Mapping[str, AuditAction] = {
    "adjustment": "stock.adjustment",
    "receipt": "stock.receipt",
    "transfer": "stock.transfer",
}


@dataclass(frozen=True, slots=True)
class Moved:
    """One movement of a change, and its level's balances right after it."""

    variant_id: int
    location_id: int
    on_hand_delta: int
    on_hand_after: int
    committed_after: int


@dataclass(frozen=True, slots=True)
class Change:
    """A change as it was booked. `reason` is None for a transfer."""

    id: int
    kind: str
    reason: str | None
    note: str
    actor: str
    created_at: datetime
    movements: Sequence[Moved]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    account_id: int
    kind: str
    location_id: int
    to_location_id: int | None = None
    quantities: Mapping[int, int]
    reason: str | None = None
    note: str
    actor: str
    key: str

    @property
    def deltas(self) -> list[tuple[str, int, int, int]]:
        """(the end of the source key, variant, location, delta) of each movement."""
        if self.to_location_id is None:
            return [(f"{v}", v, self.location_id, units) for v, units in self.quantities.items()]
        ends = (("out", self.location_id, -1), ("in", self.to_location_id, 1))
        return [
            (f"{v}:{end}", v, location, sign * units)
            for v, units in self.quantities.items()
            for end, location, sign in ends
        ]


def adjust(
    account_id: int,
    variant_id: int,
    location_id: int,
    delta: int,
    *,
    reason: str,
    note: str = "",
    actor: str,
    key: str,
) -> Change:
    """Move what is on hand of a variant by `delta` units, for one of `REASONS`.

    Safe to repeat: a call with the same `key` (of the account) changes nothing and returns the first
    outcome. Raises NotFound, InvalidInput, and Conflict if the key belongs to another change.
    """
    return _change(
        _Asked(
            account_id=account_id,
            kind="adjustment",
            location_id=location_id,
            quantities={variant_id: delta},
            reason=_known(reason),
            note=note,
            actor=actor,
            key=key,
        )
    )


def receive(
    account_id: int,
    location_id: int,
    quantities: Mapping[int, int],
    *,
    reason: str = "received",
    note: str = "",
    actor: str,
    key: str,
) -> Change:
    """Put units on the shelf, all or none: variant id -> units that came, as in a delivery.

    Safe to repeat and raises as `adjust`.
    """
    _require_positive(quantities)
    return _change(
        _Asked(
            account_id=account_id,
            kind="receipt",
            location_id=location_id,
            quantities=quantities,
            reason=_known(reason),
            note=note,
            actor=actor,
            key=key,
        )
    )


def transfer(
    account_id: int,
    from_location_id: int,
    to_location_id: int,
    quantities: Mapping[int, int],
    *,
    note: str = "",
    actor: str,
    key: str,
) -> Change:
    """Move units from one of the account's locations to another, all or none: variant id -> units.

    More than the ledger has there may leave a location: what was carried, was carried. Safe to repeat and
    raises as `adjust`.
    """
    if from_location_id == to_location_id:
        raise InvalidInput("A transfer is between two different locations.")
    _require_positive(quantities)
    return _change(
        _Asked(
            account_id=account_id,
            kind="transfer",
            location_id=from_location_id,
            to_location_id=to_location_id,
            quantities=quantities,
            note=note,
            actor=actor,
            key=key,
        )
    )


def require_text(note: str, key: str) -> None:
    """Raises InvalidInput for a note or an idempotency key that cannot be kept."""
    if not key or len(key) > MOST_KEY_CHARACTERS:
        raise InvalidInput(f"The key has 1 to {MOST_KEY_CHARACTERS} characters.")
    if len(note) > MOST_NOTE_CHARACTERS:
        raise InvalidInput(f"A note has at most {MOST_NOTE_CHARACTERS} characters.")


def require_owned(
    session: Session, account_id: int, *, variant_ids: Collection[int] = (), location_ids: Collection[int]
) -> None:
    """Raises NotFound unless all of them are the account's, InvalidInput for a bundle."""
    variants, locations = list(set(variant_ids)), list(set(location_ids))
    params = {"account_id": account_id, "variants": variants, "locations": locations}
    found = session.execute(_OWNED, params).one()
    if found.locations < len(locations):
        raise NotFound("There is no such location.")
    if found.variants < len(variants):
        raise NotFound("There is no such variant.")
    if found.has_bundles:
        raise InvalidInput("A bundle has no stock of its own; its components have.")


def book_and_push(uow: UnitOfWork, account_id: int, entries: Sequence[ledger.Entry]) -> None:
    """Book the movements and have a push look at every cell of their variants."""
    ledger.book(uow.session, account_id, entries)
    locked, at = cell_store.lock_at(uow.session, variant_ids={entry.variant_id for entry in entries})
    cell_store.want(uow, locked.values(), at)


def _known(reason: str) -> str:
    if reason not in REASONS:
        raise InvalidInput(f"The reason is one of {', '.join(REASONS)}.")
    return reason


def _require_positive(quantities: Mapping[int, int]) -> None:
    if any(units <= 0 for units in quantities.values()):
        raise InvalidInput("Each quantity is at least 1.")


def _require_sane(asked: _Asked) -> None:
    require_text(asked.note, asked.key)
    if not 1 <= len(asked.quantities) <= MOST_VARIANTS:
        raise InvalidInput(f"A change is about 1 to {MOST_VARIANTS} variants.")
    if not all(asked.quantities.values()):
        raise InvalidInput("A change of 0 units changes nothing.")
    if any(abs(units) > cell_store.MOST_UNITS for units in asked.quantities.values()):
        raise InvalidInput(f"A quantity is at most {cell_store.MOST_UNITS}.")


def _change(asked: _Asked) -> Change:
    """One transaction. Of two calls with one key at a time the second waits for what becomes of the first."""
    _require_sane(asked)
    places = [place for place in (asked.location_id, asked.to_location_id) if place is not None]
    with unit_of_work() as uow:
        session = uow.session
        require_owned(session, asked.account_id, variant_ids=asked.quantities, location_ids=places)
        change_id = session.execute(_KEEP, _params(asked)).scalar_one_or_none()
        if change_id is None:
            return _outcome(session, asked)
        entries = _entries(asked, change_id, cell_store.now(session))
        _require_room(session, asked.account_id, entries)
        book_and_push(uow, asked.account_id, entries)
        audit_subject(
            session,
            asked.account_id,
            asked.actor,
            _AUDITED[asked.kind],
            f"stock_change:{change_id}",
            {
                "reason": asked.reason,
                "variants": len(asked.quantities),
                "units": sum(asked.quantities.values()),
            },
        )
        outcome = _outcome(session, asked)
        uow.commit()
    return outcome


def _params(asked: _Asked) -> dict[str, object]:
    names = ("account_id", "kind", "location_id", "to_location_id", "reason", "note", "actor", "key")
    return {name: getattr(asked, name) for name in names} | {"quantities": json.dumps(asked.quantities)}


def _entries(asked: _Asked, change_id: int, at: datetime) -> list[ledger.Entry]:
    cause = "transfer" if asked.kind == "transfer" else "adjustment"
    return [
        ledger.Entry(variant_id, location_id, Movement(on_hand=delta), cause, f"change:{change_id}:{end}", at)
        for end, variant_id, location_id, delta in asked.deltas
    ]


def _require_room(session: Session, account_id: int, entries: Sequence[ledger.Entry]) -> None:
    """Raises InvalidInput for a level that would become absurd. Leaves the levels locked."""
    places = [(entry.variant_id, entry.location_id) for entry in entries]
    levels = ledger.lock_levels(session, account_id, places).levels
    for entry in entries:
        level = levels[entry.variant_id, entry.location_id]
        if abs(level.on_hand + entry.movement.on_hand) > cell_store.MOST_UNITS:
            raise InvalidInput(f"No location can have more than {cell_store.MOST_UNITS} units on hand.")


def _outcome(session: Session, asked: _Asked) -> Change:
    """The change that has the key, which must be the one that is asked for."""
    row = session.execute(_KEPT, {"account_id": asked.account_id, "key": asked.key}).one()
    kept = (row.kind, row.reason, row.location_id, row.to_location_id)
    quantities = {int(variant): units for variant, units in row.quantities.items()}
    if (kept, quantities) != (
        (asked.kind, asked.reason, asked.location_id, asked.to_location_id),
        dict(asked.quantities),
    ):
        raise Conflict("This key belongs to another change.")
    keys = [f"change:{row.id}:{end}" for end, *_rest in asked.deltas]
    moved = session.execute(_MOVED, {"account_id": asked.account_id, "keys": keys})
    return Change(
        row.id, row.kind, row.reason, row.note, row.actor, row.created_at, [Moved(*line) for line in moved]
    )


_OWNED = text(
    """
    SELECT (
        SELECT count(*) FROM variants
        WHERE account_id = :account_id AND id = ANY(CAST(:variants AS bigint[]))
    ) AS variants, EXISTS (
        SELECT 1 FROM bundle_components WHERE bundle_id = ANY(CAST(:variants AS bigint[]))
    ) AS has_bundles, (
        SELECT count(*) FROM locations
        WHERE account_id = :account_id AND id = ANY(CAST(:locations AS bigint[]))
    ) AS locations
    """
)
_KEEP = text(
    """
    INSERT INTO stock_changes (account_id, kind, location_id, to_location_id, quantities, reason, note, actor,
        idempotency_key)
    VALUES (:account_id, :kind, :location_id, :to_location_id, CAST(:quantities AS jsonb), :reason, :note,
        :actor, :key)
    ON CONFLICT (account_id, idempotency_key) DO NOTHING
    RETURNING id
    """
)
_KEPT = text(
    """
    SELECT id, kind, location_id, to_location_id, quantities, reason, note, actor, created_at
    FROM stock_changes WHERE account_id = :account_id AND idempotency_key = :key
    """
)
_MOVED = text(
    """
    SELECT variant_id, location_id, on_hand_delta, on_hand_after, committed_after
    FROM stock_movements WHERE account_id = :account_id AND source_key = ANY(CAST(:keys AS text[]))
    ORDER BY id
    """
)
