"""What a connection's price rule would change at the shop, as far as we know what that shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.prices import Cannot, PriceRule, is_large
from app.errors import NotFound
from app.services.prices.plan import BASE_COLUMNS, Sync, Unwritable, sync_of, target_of
from app.services.uow import unit_of_work

LISTINGS_AT_A_TIME = 1000


class Change(StrEnum):
    RAISED = "raised"
    LOWERED = "lowered"
    UNCHANGED = "unchanged"
    CANNOT = "cannot"
    """Nothing is written; `problem` says why."""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A listing's price as it is and as it would be, in minor units of the shop's currency."""

    listing_id: int
    sku: str | None
    title: str
    variant_id: int
    shop_minor: int | None
    new_minor: int | None
    change: Change
    problem: str


@dataclass(frozen=True, slots=True)
class Summary:
    """How many listings; `large`: of those that change, how many by more than the brake's share."""

    raised: int
    lowered: int
    unchanged: int
    cannot: int
    large: int
    problems: dict[str, int]


def preview(
    account_id: int, connection_id: int, after: int, limit: int, *, change: Change | None = None
) -> list[PreviewRow]:
    """Linked listings (by id, after `after`) with what becomes of their prices; of a kind, or all. Raises
    NotFound where there is no rule."""
    found: list[PreviewRow] = []
    for rows in _pages(account_id, connection_id, after):
        found += [row for row in rows[1] if change in (None, row.change)]
        if len(found) >= limit:
            break
    return found[:limit]


def summary(account_id: int, connection_id: int) -> Summary:
    """Of all linked listings. Raises NotFound where there is no rule."""
    changes: Counter[Change] = Counter()
    problems: Counter[str] = Counter()
    large = 0
    for sync, rows in _pages(account_id, connection_id, 0):
        changes.update(row.change for row in rows)
        problems.update(row.problem for row in rows if row.problem)
        large += sum(
            row.new_minor is not None and is_large(row.shop_minor, row.new_minor, sync.brake_change_percent)
            for row in rows
        )
    counts = {change.value: changes[change] for change in Change}
    return Summary(large=large, problems=dict(problems), **counts)


def _pages(account_id: int, connection_id: int, after: int) -> Iterator[tuple[Sync, Sequence[PreviewRow]]]:
    while True:
        with unit_of_work() as uow:
            sync = sync_of(uow.session, connection_id)
            if sync is None or sync.account_id != account_id:
                raise NotFound("This connection has no price rule.")
            rows = _some(uow.session, sync, after)
        yield sync, [_preview_row(row, sync.rule) for row in rows]
        if len(rows) < LISTINGS_AT_A_TIME:
            return
        after = rows[-1].id


def _some(session: Session, sync: Sync, after: int) -> Sequence[Row[Any]]:
    params = {"connection_id": sync.connection_id, "after": after, "limit": LISTINGS_AT_A_TIME}
    return session.execute(_LISTINGS, params).all()


def _preview_row(row: Row[Any], rule: PriceRule) -> PreviewRow:
    target = target_of(row, rule)
    new: int | None = None
    change, problem = Change.CANNOT, ""
    if isinstance(target, Cannot):
        problem = target.value
    elif row.shop_minor is None:
        problem = Unwritable.NOT_PRICED.value
    elif target == row.shop_minor:
        new, change = target, Change.UNCHANGED
    else:
        new, change = target, Change.RAISED if target > row.shop_minor else Change.LOWERED
    return PreviewRow(row.id, row.sku, row.title, row.variant_id, row.shop_minor, new, change, problem)


# Where price sync is on, its own reading is the newest; else what the shop showed when its catalog was read.
_LISTINGS = text(
    f"""
    SELECT l.id, l.sku, l.title, l.variant_id, {BASE_COLUMNS},
        CASE WHEN s.state = 'on' AND p.id IS NOT NULL THEN p.shop_minor
            ELSE CAST(l.details ->> 'price_minor' AS bigint) END AS shop_minor
    FROM listings l
    JOIN price_syncs s ON s.connection_id = l.connection_id
    JOIN variants v ON v.id = l.variant_id
    LEFT JOIN listing_prices p ON p.listing_id = l.id
    WHERE l.connection_id = :connection_id AND l.id > :after
    ORDER BY l.id LIMIT :limit
    """  # noqa: S608  (a constant)
)
