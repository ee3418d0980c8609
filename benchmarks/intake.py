"""Durable webhook intake against the same gunicorn serving a constant JSON."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable, Mapping

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from benchmarks.load import Load, run
from benchmarks.server import server
from benchmarks.world import SECRET, make_account

CONNECTIONS = 32
BODY_BYTES = 4096
SECONDS = 4.0
MADE_BEFOREHAND = 20_000


def create_app() -> DispatcherMiddleware:
    """The product, and beside it in the same gunicorn what Flask costs without any work."""
    import app

    plain = Flask("constant")
    plain.add_url_rule("/", "constant", lambda: {"ok": True})
    return DispatcherMiddleware(app.create_app(), {"/constant": plain})


def measure(app: Flask, environ: Mapping[str, str]) -> Callable[[], dict[str, float]]:
    """Set up once; each call of the result is one round."""
    made = make_account(app, platforms=("woocommerce",), variants=1, stock=1)
    path = f"/webhooks/woocommerce/{made.public_ids[0]}"
    port = int(environ["PORT"])

    def round_() -> dict[str, float]:
        with server(environ, "benchmarks.intake:create_app()", ready="/constant/"):
            plain = run(port, _constant_request, connections=CONNECTIONS, seconds=SECONDS, warm_up_seconds=1)
            intake = run(port, _webhooks(path), connections=CONNECTIONS, seconds=SECONDS, warm_up_seconds=1)
        _all_good(plain, intake)
        return {
            "intake_ratio": intake.requests_per_second / plain.requests_per_second,
            "intake_rps": intake.requests_per_second,
            "intake_p99_ms": intake.percentile(0.99),
            "constant_rps": plain.requests_per_second,
        }

    return round_


def _all_good(*loads: Load) -> None:
    for load in loads:
        if load.failures or not load.latencies_ms:
            raise RuntimeError(f"{load.failures} requests failed of {len(load.latencies_ms)}")


def _constant_request() -> bytes:
    return b"GET /constant/ HTTP/1.1\r\nHost: bench\r\n\r\n"


def _webhooks(path: str) -> Callable[[], bytes]:
    """Signed order webhooks of 4 KB, each with another id, so that none is a duplicate.

    Most are made beforehand: signing them is the shops' work, and shall not take the server's time.
    """
    counter = itertools.count(time.time_ns())
    filler = "x" * (BODY_BYTES - 60)

    def make() -> bytes:
        number = next(counter)
        body = json.dumps({"id": number, "note": filler}).encode()
        signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"X-WC-Webhook-Topic: order.updated\r\nX-WC-Webhook-Resource: order\r\n"
            f"X-WC-Webhook-Event: updated\r\nX-WC-Webhook-Delivery-ID: {number}\r\n"
            f"X-WC-Webhook-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    made = [make() for _ in range(MADE_BEFOREHAND)]
    return lambda: made.pop() if made else make()
