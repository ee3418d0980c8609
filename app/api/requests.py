"""What is logged of each request: an id, who asked, and one line with how it went. No query, no body."""

from __future__ import annotations

import re
import time
import uuid

import structlog
from flask import Flask, Response, g, request

from app.measures.catalogue import REQUEST_SECONDS, REQUESTS
from app.measures.current import meter

log = structlog.get_logger(__name__)

REQUEST_ID = "X-Request-ID"
SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
"""What a caller may call a request; anything else is given an id of ours."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER, UNMATCHED = "other", "unmatched"
QUIET = frozenset({"pages.health", "pages.ready", "metrics.show"})
"""Asked every few seconds by machines: logged at debug while all is well."""
BOUND = ("request_id", "account_id", "connection_id", "user_id")


def observe_requests(app: Flask) -> None:
    """To be called before other hooks are registered: it starts first and ends last."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(lambda _error: structlog.contextvars.unbind_contextvars(*BOUND))


def request_id(told: str | None) -> str:
    """The caller's, if it is sane, so that their logs and ours can be laid side by side."""
    return told if told and SANE_ID.fullmatch(told) else uuid.uuid4().hex


def _begin() -> None:
    g.began = time.perf_counter()
    g.request_id = request_id(request.headers.get(REQUEST_ID))
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    connection_id = (request.view_args or {}).get("connection_id")
    if isinstance(connection_id, int):
        structlog.contextvars.bind_contextvars(connection_id=connection_id)


def _end(response: Response) -> Response:
    response.headers[REQUEST_ID] = g.request_id
    seconds = time.perf_counter() - g.began
    method = request.method if request.method in METHODS else OTHER
    route = request.url_rule.rule if request.url_rule else UNMATCHED
    meter().count(REQUESTS, method, route, f"{response.status_code // 100}xx")
    meter().observe(REQUEST_SECONDS, seconds, method, route)
    fine = response.status_code < 400
    say = log.debug if fine and request.endpoint in QUIET else log.info
    say("request", method=method, route=route, status=response.status_code, ms=round(seconds * 1000, 1))
    return response
