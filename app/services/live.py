"""An account's recent events as a stream that can be read on from any place in it.

A stream is a hint and may be lost; what happened is in the tables. Who cannot be told all that happened since
they last listened is told to look again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from app.services.outward import STREAM_SECONDS, stream_key

Position = tuple[int, int]
"""Of an event in its stream: a moment in milliseconds by Redis' clock, and a number in it."""
_POSITION = re.compile(r"(\d{1,15})-(\d{1,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hint:
    """An event in an account's stream. `body` is its JSON document, one line; `kind` is empty where a stream
    begins."""

    account_id: int
    position: Position
    kind: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Start:
    """Where to read on. `gap`: not all that happened since the position asked for is there any more."""

    position: Position
    gap: bool


def text_of(position: Position) -> str:
    return f"{position[0]}-{position[1]}"


def position_of(words: str) -> Position | None:
    """None for what is no position."""
    found = _POSITION.fullmatch(words)
    return (int(found[1]), int(found[2])) if found else None


def start(client: redis.Redis, account_id: int, last_seen: str | None) -> Start:
    """Where a listener begins: after what it saw last, or with what comes now. Raises redis.RedisError."""
    key = stream_key(account_id)
    with client.pipeline(transaction=False) as pipe:
        pipe.xrange(key, count=1)
        pipe.xrevrange(key, count=1)
        first, last = pipe.execute()
    end = _position(last[0][0]) if last else _begin(client, key)
    if last_seen is None:
        return Start(end, gap=False)
    asked = position_of(last_seen)
    if asked is None or not first or not _position(first[0][0]) <= asked <= end:
        return Start(end, gap=True)
    return Start(asked, gap=False)


def _begin(client: redis.Redis, key: str) -> Position:
    """The place of an event without a kind, which nobody is told of: a place to read on from."""
    nothing: dict[Any, Any] = {"kind": "", "body": ""}
    entry_id: Any = client.xadd(key, nothing)
    client.expire(key, STREAM_SECONDS)
    return _position(entry_id)


def read(client: redis.Redis, after: Mapping[int, Position], *, wait_ms: int) -> Sequence[Hint]:
    """What came after the accounts' positions; waits for a while where there is nothing. Raises
    redis.RedisError."""
    accounts = {stream_key(account_id).encode(): account_id for account_id in after}
    streams: dict[Any, Any] = {stream_key(a): text_of(position) for a, position in after.items()}
    answer: Any = client.xread(streams, block=wait_ms) or []
    pairs = answer.items() if isinstance(answer, dict) else answer
    return [
        Hint(accounts[key], _position(entry_id), fields[b"kind"].decode(), fields[b"body"])
        for key, entries in pairs
        for entry_id, fields in _flat(entries)
    ]


def between(client: redis.Redis, account_id: int, after: Position, until: Position) -> Sequence[Hint]:
    """What came after one position, up to another and with it. Raises redis.RedisError."""
    entries: Any = client.xrange(stream_key(account_id), f"({text_of(after)}", text_of(until))
    return [
        Hint(account_id, _position(entry_id), fields[b"kind"].decode(), fields[b"body"])
        for entry_id, fields in entries
    ]


def _flat(entries: Any) -> Any:
    """redis-py wraps a stream's entries in one more list under RESP3."""
    return entries[0] if entries and isinstance(entries[0], list) else entries


def _position(entry_id: bytes) -> Position:
    moment, _, number = entry_id.partition(b"-")
    return int(moment), int(number)
