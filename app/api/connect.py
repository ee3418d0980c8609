"""Where platforms and browsers come back to after a merchant said yes, or no."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from app.api.errors import OK, STATUSES
from app.api.pages import seal
from app.errors import SyncFlowError
from app.platforms.base import CallbackRequest
from app.platforms.registry import platform as platform_by_slug
from app.services.connecting import finish_connecting

connect = Blueprint("connect", __name__, url_prefix="/connect", template_folder="templates")
connect.after_request(seal)


@connect.route("/<platform>/callback", methods=["GET", "POST"])
def callback(platform: str) -> Response | tuple[str, int]:
    """The platform's answer: in the browser's query, or posted by the shop's server.

    The one-time state is `state` in the query, or `state` or `user_id` in a posted JSON document.
    """
    name = platform_by_slug(platform).name
    answer = CallbackRequest(
        method=request.method,
        query=request.args.to_dict(),
        raw_query=request.query_string.decode("latin-1"),
        body=request.get_data(cache=True),
    )
    try:
        finish_connecting(platform, _state(), answer)
    except SyncFlowError as err:
        if request.method == "POST" or err.code not in STATUSES:
            raise
        return _page(name, connected=False, detail=str(err)), STATUSES[err.code]
    if request.method == "POST":
        return Response("connected", status=OK, mimetype="text/plain")
    return _page(name, connected=True), OK


@connect.get("/<platform>/done")
def done(platform: str) -> tuple[str, int]:
    """Where a shop sends the browser after its server has posted its answer to `callback`."""
    declined = request.args.get("success") == "0"
    detail = "The shop's owner said no." if declined else ""
    return _page(platform_by_slug(platform).name, connected=not declined, detail=detail), OK


def _state() -> str:
    document: Any = request.get_json(silent=True, force=True) if request.method == "POST" else None
    posted = document if isinstance(document, dict) else {}
    return str(request.args.get("state") or posted.get("state") or posted.get("user_id") or "")


def _page(platform: str, *, connected: bool, detail: str = "") -> str:
    return render_template("connected.html", platform=platform, connected=connected, detail=detail)
