"""What is logged of each request: an id, who asked, and one line with how it went. No query, no body."""

from __future__ import annotations

import re
import time
import uuid
from contextlib import ExitStack

import structlog
from flask import Flask, Response, g, request

from app import tracing
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
    app.teardown_request(_forget)


def request_id(told: str | None) -> str:
    """The caller's, if it is sane, so that their logs and ours can be laid side by side."""
    return told if told and SANE_ID.fullmatch(told) else uuid.uuid4().hex


def _begin() -> None:
    g.began = time.perf_counter()
    route = request.url_rule.rule if request.url_rule else UNMATCHED
    g.traced = ExitStack()
    g.span = g.traced.enter_context(tracing.span(f"{_method()} {route}", kind="server"))
    g.request_id = request_id(request.headers.get(REQUEST_ID))
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    connection_id = (request.view_args or {}).get("connection_id")
    if isinstance(connection_id, int):
        structlog.contextvars.bind_contextvars(connection_id=connection_id)


def _method() -> str:
    return request.method if request.method in METHODS else OTHER


def _forget(_error: BaseException | None) -> None:
    structlog.contextvars.unbind_contextvars(*BOUND)
    if traced := g.pop("traced", None):
        traced.close()


def _end(response: Response) -> Response:
    response.headers[REQUEST_ID] = g.request_id
    seconds = time.perf_counter() - g.began
    method = _method()
    route = request.url_rule.rule if request.url_rule else UNMATCHED
    meter().count(REQUESTS, method, route, f"{response.status_code // 100}xx")
    meter().observe(REQUEST_SECONDS, seconds, method, route)
    g.span.set("http.route", route)
    g.span.set("http.response.status_code", response.status_code)
    fine = response.status_code < 400
    say = log.debug if fine and request.endpoint in QUIET else log.info
    say("request", method=method, route=route, status=response.status_code, ms=round(seconds * 1000, 1))
    return response
