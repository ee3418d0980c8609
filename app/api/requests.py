"""What is logged of each request: an id, who asked, and one line with how it went. No query, no body."""

from __future__ import annotations

import re
import time
import uuid
from contextlib import ExitStack

import structlog
from flask import Flask, Request, Response, request
from structlog.contextvars import bind_contextvars, unbind_contextvars

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
BEGAN, ID, TRACED, SPAN = "syncflow.began", "syncflow.id", "syncflow.traced", "syncflow.span"
"""Where a request keeps what belongs to it, in its environ."""
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
    # Each use of Flask's proxies costs a microsecond, and this runs for every webhook.
    asked = request._get_current_object()  # type: ignore[attr-defined]  # the proxy's own
    environ = asked.environ
    environ[BEGAN] = time.perf_counter()
    environ[ID] = called = request_id(environ.get("HTTP_X_REQUEST_ID"))
    connection_id = (asked.view_args or {}).get("connection_id")
    if isinstance(connection_id, int):
        bind_contextvars(request_id=called, connection_id=connection_id)
    else:
        bind_contextvars(request_id=called)
    if tracing.is_on():
        traced = environ[TRACED] = ExitStack()
        name = f"{_method(asked)} {_route(asked)}"
        environ[SPAN] = traced.enter_context(tracing.span(name, kind="server"))


def _end(response: Response) -> Response:
    asked = request._get_current_object()  # type: ignore[attr-defined]  # the proxy's own
    environ, status = asked.environ, response.status_code
    response.headers[REQUEST_ID] = environ[ID]
    seconds = time.perf_counter() - environ[BEGAN]
    method, route = _method(asked), _route(asked)
    measures = meter()
    if measures.on:
        measures.count(REQUESTS, method, route, f"{status // 100}xx")
        measures.observe(REQUEST_SECONDS, seconds, method, route)
    if span := environ.get(SPAN):
        span.set("http.route", route)
        span.set("http.response.status_code", status)
    say = log.debug if status < 400 and asked.endpoint in QUIET else log.info
    say("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))
    return response


def _forget(_error: BaseException | None) -> None:
    unbind_contextvars(*BOUND)
    if traced := request.environ.pop(TRACED, None):
        traced.close()


def _method(asked: Request) -> str:
    return asked.method if asked.method in METHODS else OTHER


def _route(asked: Request) -> str:
    return asked.url_rule.rule if asked.url_rule else UNMATCHED
