"""Settings that two people change at a time: ETag says which were read, If-Match that they still are so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Response, after_this_request, json, request
from marshmallow import Schema

from app.api.policy import principal
from app.errors import SyncFlowError
from app.services.turns import turn

Read = Callable[..., Mapping[str, Any]]


class PreconditionFailed(SyncFlowError):
    """It has changed since you read it. Read it again, and decide anew."""

    code = "precondition_failed"


def tagged(settings: type[Schema]) -> Callable[[Read], Read]:
    """Have what a view returns carry the ETag of its settings: of the fields that `settings` takes, so that
    nothing else that changes by itself makes them look changed."""

    def decorate(view: Read) -> Read:
        @wraps(view)
        def wrapped(*args: Any, **path: Any) -> Mapping[str, Any]:
            found = view(*args, **path)
            _show(_tag(found, settings))
            return found

        return wrapped

    return decorate


def if_unchanged(read: Read, settings: type[Schema]) -> Callable[[Read], Read]:
    """Have a view change settings only if they still are as If-Match says; without it, as they come.

    `read` takes the path's arguments and tells how they are now. Those who send If-Match take turns.
    """

    def decorate(view: Read) -> Read:
        @wraps(view)
        def wrapped(*args: Any, **path: Any) -> Mapping[str, Any]:
            if not request.if_match:
                return view(*args, **path)
            with turn(f"settings:{principal().account_id}:{request.path}"):
                if not request.if_match.contains(_tag(read(**path), settings)):
                    raise PreconditionFailed()
                return view(*args, **path)

        return tagged(settings)(wrapped)

    return decorate


def _tag(found: Mapping[str, Any], settings: type[Schema]) -> str:
    shown = {name: found.get(name) for name in sorted(settings().fields)}
    return hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _show(tag: str) -> None:
    @after_this_request
    def set_tag(response: Response) -> Response:
        response.set_etag(tag)
        return response
