"""Pages for people and probes: what this is, whether it is well, and the API's documentation."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template

from app.api.docs_page import marked, resources
from app.api.errors import OK, UNAVAILABLE
from app.extensions import api
from app.services.health import check

pages = Blueprint("pages", __name__, template_folder="templates")


@pages.after_request
def seal(response: Response) -> Response:
    """Pages run no script, ask no other host for anything, and tell none where they were."""
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@pages.get("/healthz")
def health() -> Response:
    """Whether this process lives. It asks nobody else: who restarts processes would restart them in vain."""
    return jsonify(status="ok")


@pages.get("/readyz")
def ready() -> tuple[Response, int]:
    """Whether requests can be answered: database and Redis answer, the migrations are applied. It also says
    which queue nobody works on, or too slowly; that makes no web process unready."""
    found = check(current_app.extensions["settings"])
    return jsonify(found.as_document()), OK if found.well else UNAVAILABLE


@pages.get("/api/docs")
def docs() -> str:
    """The OpenAPI document as a page, made on the server: no script, nothing from other hosts."""
    return _docs()


@cache
def _docs() -> str:
    """Made once: the document follows from the code, and anybody may ask for it as often as they like."""
    document: dict[str, Any] = api.spec.to_dict()
    return render_template("docs.html", document=document, resources=resources(document), marked=marked)
