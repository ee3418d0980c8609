"""Where platforms send their events. Generic: every platform has the same two routes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app.api.errors import ACCEPTED, OK
from app.errors import SyncFlowError
from app.measures.catalogue import WEBHOOKS
from app.measures.current import meter
from app.platforms.registry import platforms
from app.services.figures import platform_label
from app.services.intake import Intake, Receipt, intake
from app.services.waker import Waker

MOST_BYTES = 2 * 1024 * 1024
REFUSED = ("invalid_signature", "not_found")
"""Codes that the webhook's sender is to blame for."""

webhooks = Blueprint("webhooks", __name__, url_prefix="/webhooks")

_STATUS = {
    Receipt.STORED: ACCEPTED,
    Receipt.DUPLICATE: ACCEPTED,
    Receipt.HANDSHAKE: OK,
    Receipt.UNKNOWN_SHOP: OK,
}


def register_webhooks(app: Flask) -> None:
    platforms()  # imported now, not while the first webhook waits
    app.extensions["intake"] = Intake(app.extensions["settings"], Waker(app).wake)
    app.register_blueprint(webhooks)


@webhooks.post("/<platform>/<public_id>")
def receive(platform: str, public_id: str) -> Response:
    """An event of one connection: stored before it is answered. The body may have 2 MB."""
    with counted(platform) as outcome:
        outcome.receipt = intake().receive(platform, public_id, _headers(), _body())
    return _answer(outcome.receipt)


@webhooks.post("/<platform>")
def receive_for_app(platform: str) -> Response:
    """An event for the whole app; its headers name the shop (Shopify's privacy topics)."""
    with counted(platform) as outcome:
        outcome.receipt = intake().receive_for_app(platform, _headers(), _body())
    return _answer(outcome.receipt)


@dataclass(slots=True)
class _Outcome:
    receipt: Receipt = Receipt.UNKNOWN_SHOP


@contextmanager
def counted(platform: str) -> Iterator[_Outcome]:
    """Count what becomes of a webhook, also where that is a fault."""
    outcome, name = _Outcome(), "failed"
    try:
        yield outcome
        name = outcome.receipt.value
    except SyncFlowError as err:
        name = err.code if err.code in REFUSED else name
        raise
    except HTTPException:
        name = "refused"
        raise
    finally:
        measures = meter()
        if measures.on:
            measures.count(WEBHOOKS, platform_label(platform), name)


def _body() -> bytes:
    """The raw body, refused unread if it says that it is too long.

    One that does not say (chunked) would be cut off in silence, hence the one byte more.
    """
    request.max_content_length = MOST_BYTES + 1
    said = request.content_length or 0
    raw = request.get_data(cache=False) if said <= MOST_BYTES else b""
    if max(said, len(raw)) > MOST_BYTES:
        raise RequestEntityTooLarge()
    return raw


def _headers() -> dict[str, str]:
    """The request's headers with lower-case names."""
    return {_header_name(name): value for name, value in request.environ.items() if name.startswith("HTTP_")}


@lru_cache(maxsize=256)
def _header_name(variable: str) -> str:
    return variable.removeprefix("HTTP_").replace("_", "-").lower()


def _answer(receipt: Receipt) -> Response:
    return Response(receipt.value, status=_STATUS[receipt], mimetype="text/plain")
