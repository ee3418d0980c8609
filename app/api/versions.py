"""The headers ETag and If-Match on settings: nobody overwrites what somebody else has changed meanwhile.

An ETag is the version of what can be set, not of the whole answer: counts and times beside it come and go.
That is why nothing is answered with a 304.
"""

from __future__ import annotations

from collections.abc import Collection

from flask import Response, request

ANY = "*"


def seen() -> Collection[str] | None:
    """The versions that the caller will change, by If-Match; None if any.

    A weak tag counts as well: proxies that compress make ours weak, and it is a version of no bytes.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == ANY:
        return None
    return request.if_match.as_set(include_weak=True)


def tag(version: str, response: Response) -> Response:
    """Tell the version of what is answered."""
    response.set_etag(version)
    return response
