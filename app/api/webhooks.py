"""Where platforms send their events. Generic: every platform has the same two routes."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, request

from app.api.errors import ACCEPTED, OK
from app.services.intake import Intake, Receipt, intake
from app.services.waker import Waker

webhooks = Blueprint("webhooks", __name__, url_prefix="/webhooks")

_STATUS = {
    Receipt.STORED: ACCEPTED,
    Receipt.DUPLICATE: ACCEPTED,
    Receipt.HANDSHAKE: OK,
    Receipt.UNKNOWN_SHOP: OK,
}


def register_webhooks(app: Flask) -> None:
    app.extensions["intake"] = Intake(app.extensions["settings"], Waker(app).wake)
    app.register_blueprint(webhooks)


@webhooks.post("/<platform>/<public_id>")
def receive(platform: str, public_id: str) -> Response:
    """An event of one connection: stored before it is answered. The body may have 2 MB."""
    return _answer(intake().receive(platform, public_id, _headers(), request.get_data(cache=False)))


@webhooks.post("/<platform>")
def receive_for_app(platform: str) -> Response:
    """An event for the whole app; its headers name the shop (Shopify's privacy topics)."""
    return _answer(intake().receive_for_app(platform, _headers(), request.get_data(cache=False)))


def _headers() -> dict[str, str]:
    """The request's headers with lower-case names."""
    return {
        name[5:].replace("_", "-").lower(): value
        for name, value in request.environ.items()
        if name.startswith("HTTP_")
    }


def _answer(receipt: Receipt) -> Response:
    return Response(receipt.value, status=_STATUS[receipt], mimetype="text/plain")
