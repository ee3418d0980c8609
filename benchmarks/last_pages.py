"""How much more the last page of a list costs than its first."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import text

from app.services.queries.order_lists import NEWEST
from app.services.queries.paging import encode
from app.services.uow import unit_of_work
from benchmarks.big_account import progress

TIMES = 40
"""That the first and the last page are asked for, in turns; medians are compared."""
FULL = 50

Get = Callable[..., Any]
"""A path below /api/v1 and its query -> the answer's document."""


def ratios(get: Get, account_id: int) -> dict[str, float]:
    """By list. Where the last page begins is looked up for the longest lists, and walked to in the others."""
    begin = {
        "orders": lambda: _cursor(_ORDERS, account_id, lambda at, row_id: NEWEST.key(at, row_id)),
        "movements": lambda: _cursor(_MOVEMENTS, account_id, lambda at, row_id: [at.isoformat(), row_id]),
        "stock": lambda: _walked(get, "/stock"),
        "variants": lambda: _walked(get, "/variants"),
    }
    paths = {"orders": "/orders", "movements": "/stock/movements", "stock": "/stock", "variants": "/variants"}
    found = {}
    with progress("last pages", len(paths)) as bar:
        for name, path in paths.items():
            found[f"{name}_last_page_ratio"] = _ratio(get, path, begin[name]())
            bar.update()
    return found


def _ratio(get: Get, path: str, cursor: str) -> float:
    first, last = [], []
    for _ in range(TIMES):
        first.append(_timed(lambda: get(path, limit=FULL)))
        last.append(_timed(lambda: get(path, limit=FULL, cursor=cursor)))
    return statistics.median(last) / statistics.median(first)


def _timed(ask: Callable[[], Any]) -> float:
    started = time.perf_counter()
    if len(ask()["items"]) < FULL:
        raise RuntimeError("the page is not full")
    return time.perf_counter() - started


def _walked(get: Get, path: str) -> str:
    """Of the last page but one: the last may not be full."""
    cursors = [get(path, limit=250)["next"]]
    while cursors[-1] is not None:
        cursors.append(get(path, limit=250, cursor=cursors[-1])["next"])
    if len(cursors) < 3:
        raise RuntimeError(f"{path} is too short: ask for 1,000 variants at least")
    found: str = cursors[-3]
    return found


def _cursor(near_the_end: str, account_id: int, key: Callable[[Any, int], Sequence[Any]]) -> str:
    with unit_of_work() as uow:
        row = uow.session.execute(text(near_the_end), {"a": account_id}).one()
    return encode(key(row.at, row.id))


_ORDERS = """
    SELECT placed_at AS at, id FROM orders WHERE account_id = :a ORDER BY placed_at, id OFFSET 60 LIMIT 1
"""
_MOVEMENTS = """
    SELECT created_at AS at, id FROM stock_movements WHERE account_id = :a
    ORDER BY created_at, id OFFSET 60 LIMIT 1
"""
