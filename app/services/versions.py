"""Versions of settings: a change may depend on that nobody has changed them since they were read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence

from app.errors import SyncFlowError


class Outdated(SyncFlowError):
    """It has changed since you read it. Read it again, and decide anew."""

    code = "precondition_failed"


def version_of(thing: object, names: Sequence[str]) -> str:
    """Of these of its fields: the same as long as they are. `thing` is a row, of a query or a table."""
    values = [thing[name] if isinstance(thing, Mapping) else getattr(thing, name) for name in names]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:32]


def require(seen: Collection[str] | None, now: str) -> None:
    """Raises Outdated unless the version now is one of those that the caller has seen; None is any.

    To be called in the transaction that changes it, with its row locked.
    """
    if seen is not None and now not in seen:
        raise Outdated()
