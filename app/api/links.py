"""The header Link on lists: where the page after this one is."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, after_this_request, request

from app.services.queries.paging import Page

CURSOR = "cursor"


def link_next(found: Any) -> None:
    """If a page is answered that has one after it, link to that one (RFC 8288)."""
    if not (isinstance(found, Page) and found.next and request.method in ("GET", "HEAD")):
        return
    query = [(name, value) for name, value in request.args.items(multi=True) if name != CURSOR]
    # Relative to the address that was asked, whatever it is called from outside.
    target = f"{request.path}?{urlencode([*query, (CURSOR, found.next)])}"

    @after_this_request
    def link(response: Response) -> Response:
        response.headers["Link"] = f'<{target}>; rel="next"'
        return response
