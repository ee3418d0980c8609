"""Tells of low and of oversold stock, once, when a booking takes a variant there; and when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain.event_log import EventKind
from app.domain.stock import OVERSOLD, Band, low_stock
from app.services.event_log import Happening, Subject, clear_events, raise_events


@dataclass(frozen=True, slots=True)
class Change:
    """What a transaction did to a variant, in units available over all its locations.

    `before` is None where it had no level. All its levels are locked. `threshold`: its own or
    the account's.
    """

    before: int | None
    after: int
    threshold: int


def tell(session: Session, account_id: int, changes: Mapping[int, Change]) -> None:
    """Raise and clear what the changes, by variant, begin and end. Costs nothing where they do neither."""
    begun: list[Happening] = []
    ended: list[tuple[EventKind, Subject]] = []
    for variant_id, change in changes.items():
        subject = Subject(account_id, variant_id=variant_id)
        for kind, band in _bands(change.threshold):
            if band.begins(change.before, change.after):
                detail = {"available": change.after}
                if kind is EventKind.LOW_STOCK:
                    detail["threshold"] = band.at_most
                begun.append(Happening(kind, subject, detail))
            elif band.ends(change.before, change.after):
                ended.append((kind, subject))
    raise_events(session, begun)
    clear_events(session, ended)


def _bands(threshold: int) -> tuple[tuple[EventKind, Band], ...]:
    return (EventKind.LOW_STOCK, low_stock(threshold)), (EventKind.OVERSOLD, OVERSOLD)
