"""Where platforms and browsers come back to after a merchant said yes, or no."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, render_template, request

from app.api.errors import OK, STATUSES
from app.api.pages import seal
from app.errors import SyncFlowError
from app.platforms.base import CallbackRequest
from app.platforms.registry import platform as platform_by_slug
from app.services.connecting import begun, decline, finish_connecting

connect = Blueprint("connect", __name__, url_prefix="/connect", template_folder="templates")
connect.after_request(seal)


@connect.post("/<platform>/callback")
def callback(platform: str) -> Response:
    """The keys that a shop's server hands over; its consent page has named the account. The one-time state
    is `state` in the query, or `state` or `user_id` in the document."""
    answer = CallbackRequest(
        method="POST",
        query=request.args.to_dict(),
        raw_query=request.query_string.decode("latin-1"),
        body=request.get_data(cache=True),
    )
    finish_connecting(platform, _posted_state(), answer)
    return Response("connected", status=OK, mimetype="text/plain")


@connect.get("/<platform>/callback")
def ask(platform: str) -> tuple[str, int]:
    """The platform's answer in the browser of the shop's owner, who is told to which account it would go:
    the link may have come from anybody."""
    name = platform_by_slug(platform).name
    try:
        found = begun(platform, request.args.get("state", ""))
    except SyncFlowError as err:
        return _refused(name, err)
    answer = request.query_string.decode("latin-1")
    return render_template("confirm.html", platform=name, begun=found, answer=answer), OK


@connect.post("/<platform>/confirm")
def confirm(platform: str) -> tuple[str, int]:
    """The owner's word on what `ask` showed. `answer` is the platform's query as it came."""
    name = platform_by_slug(platform).name
    raw = request.form.get("answer", "")
    query = dict(parse_qsl(raw, keep_blank_values=True))
    state = query.get("state", "")
    try:
        if request.form.get("decision") != "connect":
            decline(platform, state)
            return _page(name, connected=False, detail="You said no."), OK
        connection_id = finish_connecting(platform, state, CallbackRequest("GET", query, raw, b""))
    except SyncFlowError as err:
        return _refused(name, err)
    return _page(name, connected=True, back=f"/connections/{connection_id}"), OK


@connect.get("/<platform>/done")
def done(platform: str) -> tuple[str, int]:
    """Where a shop sends the browser after its server has posted its answer to `callback`."""
    declined = request.args.get("success") == "0"
    detail = "The shop's owner said no." if declined else ""
    return _page(platform_by_slug(platform).name, connected=not declined, detail=detail), OK


def _posted_state() -> str:
    document: Any = request.get_json(silent=True, force=True)
    posted = document if isinstance(document, dict) else {}
    return str(request.args.get("state") or posted.get("state") or posted.get("user_id") or "")


def _refused(platform: str, err: SyncFlowError) -> tuple[str, int]:
    """A page for a fault that is told to people; raises the others."""
    if err.code not in STATUSES:
        raise err
    return _page(platform, connected=False, detail=str(err)), STATUSES[err.code]


def _page(platform: str, *, connected: bool, detail: str = "", back: str = "/connections") -> str:
    """`back`: where in the web app it goes on."""
    return render_template("connected.html", platform=platform, connected=connected, detail=detail, back=back)
