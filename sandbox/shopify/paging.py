"""Relay connections over sorted keys: keyset cursors, so that a page costs its own size, not the shop's."""

from __future__ import annotations

import base64
import json
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

Key = tuple[Any, int]
MAX_PAGE = 250
UNPAGED: ContextVar[bool] = ContextVar("unpaged", default=False)
"""True inside a bulk operation, whose connections need no page size."""


@dataclass
class Edge:
    node: Any
    cursor: str


@dataclass
class Page:
    """One page of a connection; the resolvers of every `*Connection` type read it."""

    nodes: list[Any]
    keys: list[Key]
    has_next: bool
    has_previous: bool

    @property
    def edges(self) -> list[Edge]:
        return [Edge(node, encode_cursor(key)) for node, key in zip(self.nodes, self.keys, strict=True)]

    @property
    def start_cursor(self) -> str | None:
        return encode_cursor(self.keys[0]) if self.keys else None

    @property
    def end_cursor(self) -> str | None:
        return encode_cursor(self.keys[-1]) if self.keys else None


class MovingIndex:
    """Ids sorted by the whole second of their last change, then by id: the real grain of `updated_at`.

    What changes within a second that was read already may so land before a cursor. A move is a binary search.
    """

    def __init__(self) -> None:
        self._values: dict[int, int] = {}
        self.keys: list[Key] = []

    def put(self, record_id: int, at: float) -> None:
        value, old = int(at), self._values.get(record_id)
        if old == value:
            return
        if old is not None:
            self._cut((old, record_id))
        self._values[record_id] = value
        key = (value, record_id)
        if not self.keys or self.keys[-1] < key:
            self.keys.append(key)
        else:
            insort(self.keys, key)

    def discard(self, record_id: int) -> None:
        if record_id in self._values:
            self._cut((self._values.pop(record_id), record_id))

    def since(self, at: float) -> list[Key]:
        """Keys of what changed at or after a moment."""
        return self.keys[bisect_left(self.keys, (at, -1)) :]

    def _cut(self, key: Key) -> None:
        del self.keys[bisect_left(self.keys, key)]


def encode_cursor(key: Key) -> str:
    return base64.b64encode(json.dumps({"last_value": key[0], "last_id": key[1]}).encode()).decode()


def decode_cursor(cursor: str) -> Key:
    """Raises GraphQLError for a cursor that isn't ours."""
    try:
        raw = json.loads(base64.b64decode(cursor, validate=True))
        return raw["last_value"], raw["last_id"]
    except (ValueError, KeyError, TypeError) as err:
        raise GraphQLError(f"Invalid cursor for current pagination sort: {cursor}") from err


def paginate(
    keys: Sequence[Key],
    load: Callable[[int], Any],
    args: dict[str, Any],
    *,
    accept: Callable[[Any], bool] = lambda _row: True,
) -> Page:
    """Cut a page out of ascending `keys`; `args`: the connection's first, after, last, before, reverse."""
    size, from_end = _size(args, len(keys))
    reverse = bool(args.get("reverse"))
    after, before = args.get("after"), args.get("before")
    low, high = _window(keys, after, before, reverse=reverse)
    taken: list[tuple[Key, Any]] = []
    more = False
    for key in _walk(keys, low, high, backwards=from_end != reverse):
        row = load(key[1])
        if row is None or not accept(row):
            continue
        if len(taken) == size:
            more = True
            break
        taken.append((key, row))
    if from_end:
        taken.reverse()
    return Page(
        nodes=[row for _, row in taken],
        keys=[key for key, _ in taken],
        has_next=before is not None if from_end else more,
        has_previous=more if from_end else after is not None,
    )


def page_of_list(rows: Iterable[Any], args: dict[str, Any]) -> Page:
    """Page rows that have an `id` and keep their own order."""
    listed = list(rows)
    return paginate([(n, n) for n in range(len(listed))], listed.__getitem__, args)


def _size(args: dict[str, Any], everything: int) -> tuple[int, bool]:
    """How many rows are wanted, and whether counted from the end. Raises GraphQLError."""
    first, last = args.get("first"), args.get("last")
    size = first if first is not None else last
    if size is None and UNPAGED.get():
        return everything, False
    if size is None:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    if not 0 <= size <= MAX_PAGE:
        message = f"first and last are between 0 and {MAX_PAGE}"
        raise GraphQLError(message, extensions={"code": "BAD_REQUEST"})
    return size, first is None


def _window(keys: Sequence[Key], after: str | None, before: str | None, *, reverse: bool) -> tuple[int, int]:
    above, below = (before, after) if reverse else (after, before)
    try:
        low = bisect_right(keys, decode_cursor(above)) if above is not None else 0
        high = bisect_left(keys, decode_cursor(below)) if below is not None else len(keys)
    except TypeError as err:
        raise GraphQLError("Invalid cursor for current pagination sort") from err
    return low, high


def _walk(keys: Sequence[Key], low: int, high: int, *, backwards: bool) -> Iterator[Key]:
    positions = range(high - 1, low - 1, -1) if backwards else range(low, high)
    return (keys[position] for position in positions)
