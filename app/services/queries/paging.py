"""Pages by keyset: a cursor names the last row seen, so that a page costs the same however far it is."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause

from app.errors import SyncFlowError
from app.services.uow import unit_of_work

Row = dict[str, Any]
MOST = 250


class InvalidCursor(SyncFlowError):
    """The cursor is not one that this list gave out."""

    code = "invalid_cursor"


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is the cursor of the following page, None at the end."""

    items: Sequence[Row]
    next: str | None


def read(query: TextClause, **parameters: Any) -> list[Row]:
    """The query's rows, in a transaction of its own."""
    with unit_of_work() as uow:
        return [dict(row) for row in uow.session.execute(query, parameters).mappings()]


def page(rows: list[Row], limit: int, key: Callable[[Mapping[str, Any]], Sequence[Any]]) -> Page:
    """Make a page of up to `limit + 1` rows: the one too many tells that there are more."""
    if len(rows) <= limit:
        return Page(rows, None)
    kept = rows[:limit]
    return Page(kept, encode(key(kept[-1])))


def encode(key: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode().rstrip("=")


def decode(cursor: str | None, *kinds: type) -> list[Any] | None:
    """The key in a cursor, or None for the first page. Raises InvalidCursor."""
    if cursor is None:
        return None
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as err:
        raise InvalidCursor() from err
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise InvalidCursor()
    return key


def moment_of(value: str) -> datetime:
    """A moment in a cursor. Raises InvalidCursor."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as err:
        raise InvalidCursor() from err
    if moment.tzinfo is None:
        raise InvalidCursor()
    return moment
