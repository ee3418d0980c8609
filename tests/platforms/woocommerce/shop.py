"""A scripted shop over real HTTP: each route answers with what the test says, and every call is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.platforms.base import Shop
from app.platforms.http import Http, new_session
from app.platforms.woocommerce.channel import WooCommerceChannel

API = "/wp-json/wc/v3/"
KEYS = {"consumer_key": "ck_0123456789abcdef", "consumer_secret": "cs_fedcba9876543210"}


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    """Below the API's root."""
    query: Mapping[str, str]
    document: Any
    target: str


@dataclass(frozen=True)
class Answer:
    """`document` is sent as JSON unless `raw` is given; `hang` waits for the test's end instead."""

    document: Any = None
    status: int = 200
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False


Responder = Callable[[Call], Answer | Any]


def error(status: int, code: str, message: str = "No.") -> Answer:
    return Answer({"code": code, "message": message, "data": {"status": status}}, status)


NO_ROUTE = error(404, "rest_no_route", "No route was found matching the URL and request method.")
NOT_YOURS = error(401, "woocommerce_rest_authentication_error", "Consumer key is invalid.")


class ScriptedShop:
    """Routes are "METHOD path"; what is not scripted answers as a shop without that route."""

    def __init__(self, routes: Mapping[str, Responder | Answer | Any]) -> None:
        self.calls: list[Call] = []
        self._routes = routes
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.session = new_session(allow_private=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def http(self) -> Http:
        return Http(self.session, sleep=lambda _seconds: None, answer_seconds=10.0)

    def channel(self) -> WooCommerceChannel:
        return WooCommerceChannel(Shop(1, self.url, "EUR", FixedCredentials(), self.http(), {}))

    def paths(self, method: str = "GET") -> list[str]:
        return [call.path for call in self.calls if call.method == method]

    def __enter__(self) -> ScriptedShop:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self.session.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)

    def answer(self, call: Call) -> Answer:
        self.calls.append(call)
        responder = self._routes.get(f"{call.method} {call.path}", NO_ROUTE)
        found = responder(call) if callable(responder) else responder
        return found if isinstance(found, Answer) else Answer(found)

    def _handler(shop) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet, or the caller waits for its delayed ACK

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                parts = urlsplit(self.path)
                call = Call(
                    self.command,
                    parts.path.removeprefix(API),
                    dict(parse_qsl(parts.query, keep_blank_values=True)),
                    json.loads(body) if body else None,
                    self.path,
                )
                answer = shop.answer(call)
                if answer.hang:
                    shop._closing.wait(20)
                    self.close_connection = True
                    return
                sent = json.dumps(answer.document).encode() if answer.raw is None else answer.raw
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

            def log_message(self, *_: object) -> None: ...

        return Handler


class FixedCredentials:
    def current(self) -> Mapping[str, Any]:
        return KEYS

    def refresh(self, stale: Mapping[str, Any], renew: object) -> Mapping[str, Any]:
        raise AssertionError("WooCommerce's keys are never renewed")


def rows(*documents: Mapping[str, Any]) -> Responder:
    """A list as the shop serves it: by `include`, `orderby`, `modified_after`, `page` and `_fields`."""

    def respond(call: Call) -> Answer:
        return page_of(documents, call)

    return respond


def page_of(documents: Any, call: Call) -> Answer:
    query = call.query
    found = list(documents)
    if "include" in query:
        wanted = query["include"].split(",")
        found = [doc for doc in found if str(doc["id"]) in wanted]
    if "modified_after" in query:
        found = [doc for doc in found if doc["date_modified_gmt"] > query["modified_after"]]
    if query.get("orderby") == "modified":
        found.sort(key=lambda doc: (doc["date_modified_gmt"], doc["id"]))
    else:
        found.sort(key=lambda doc: doc["id"])
    size, page = int(query.get("per_page", 10)), int(query.get("page", 1))
    shown = found[(page - 1) * size : page * size]
    fields = query.get("_fields")
    if fields:
        shown = [{key: doc[key] for key in fields.split(",") if key in doc} for doc in shown]
    headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(-(-len(found) // size))}
    return Answer(shown, headers=headers)
