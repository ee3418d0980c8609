"""Reading what a shop answered, within bounds and without trust."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

import requests


class TooLarge(Exception):
    """The answer is beyond the limit."""


@dataclass(frozen=True, slots=True)
class Response:
    """A 2xx or 4xx answer. `document` is its JSON; None for a 204, or a 4xx that is not JSON.

    `doubtful`: an earlier try of the same call may have had its effect, so that a refusal does not
    prove that nothing happened.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    document: Any
    doubtful: bool = False

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def read(answer: requests.Response, limit: int) -> bytes:
    """The whole body. Raises TooLarge beyond `limit` bytes, after decompression."""
    body = bytearray()
    for chunk in answer.iter_content(64 * 1024):
        body += chunk
        if len(body) > limit:
            raise TooLarge
    return bytes(body)


def split_lines(answer: requests.Response, limit: int) -> Iterator[bytes]:
    """The body's lines without the blank ones. Raises TooLarge beyond `limit` bytes."""
    rest, total = b"", 0
    for chunk in answer.iter_content(64 * 1024):
        total += len(chunk)
        if total > limit:
            raise TooLarge
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line for line in whole if line.strip())
    if rest.strip():
        yield rest


def parse(body: bytes) -> tuple[Any, bool]:
    """(the JSON document, whether it is one)"""
    try:
        return json.loads(body), True
    except (ValueError, RecursionError):
        return None, False


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header: a number (Shopify: "2.0") or a date."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        pass
    else:
        return max(0.0, min(seconds, 86400.0)) if isfinite(seconds) else None
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def host_of(location: str | None) -> str:
    """Scheme and host of a redirect's target, which may carry secrets further on."""
    try:
        parts = urlsplit(location or "")
    except ValueError:
        return "nowhere"
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else "another path"
