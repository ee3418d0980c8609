"""The shop's HTTP surface: the GraphQL endpoint, the OAuth screens and tokens, and bulk result files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from sandbox.core import current_call
from sandbox.shopify.engine import Operation, describe, idempotency_keys, is_throttled, oversized, pause
from sandbox.shopify.oauth import Refused
from sandbox.shopify.registry import Request
from sandbox.shopify.webhooks import API_VERSION

if TYPE_CHECKING:
    from sandbox.shopify.shop import ShopifyShop

VERSION = re.compile(r"20\d\d-(01|04|07|10)")
BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"  # noqa: S105
CONSENT_FIELDS = ("client_id", "scope", "redirect_uri", "state")


def make_api(shop: ShopifyShop) -> Flask:
    """Build the platform's WSGI app."""
    app = Flask("sandbox.shopify", root_path=str(Path(__file__).parent))
    _graphql_route(app, shop)
    _consent_routes(app, shop)

    @app.post("/admin/oauth/access_token")
    def access_token() -> Response:
        given = request.get_json(silent=True) if request.is_json else None
        fields = {str(k): str(v) for k, v in (given or request.form).items()}
        try:
            with shop.state.store.transaction():
                return _json(shop.oauth.grant(fields))
        except Refused as refused:
            return _json({"error": refused.error, "error_description": refused.description}, 400)

    @app.get("/storage/bulk/<int:number>/<secret>.jsonl")
    def bulk_file(number: int, secret: str) -> Response:
        with shop.state.store.transaction():
            body = shop.bulk.file(number, secret)
        return (
            Response(body, mimetype="application/jsonl")
            if body is not None
            else _json({"errors": "Not Found"}, 404)
        )

    @app.errorhandler(404)
    def not_found(_error: Exception) -> Response:
        return _json({"errors": "Not Found"}, 404)

    return app


def _graphql_route(app: Flask, shop: ShopifyShop) -> None:
    @app.post("/admin/api/<version>/graphql.json")
    def graphql(version: str) -> Response:
        """An older version falls forward to the only one served; a future or unknown one is not found."""
        if not VERSION.fullmatch(version) or version > API_VERSION:
            return _json({"errors": "Not Found"}, 404)
        with shop.state.store.transaction():
            scopes = shop.oauth.scopes(request.headers.get("X-Shopify-Access-Token"))
        if scopes is None:
            return _json({"errors": BAD_TOKEN}, 401)
        text, variables, name = _read()
        if text is None:
            return _json({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        return _json(_answer(shop, text, variables, name, scopes))


def _read() -> tuple[str | None, dict[str, Any], str | None]:
    if request.mimetype == "application/graphql":
        return request.get_data(as_text=True), {}, None
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        return None, {}, None
    variables = body.get("variables")
    return body["query"], variables if isinstance(variables, dict) else {}, body.get("operationName")


def _answer(
    shop: ShopifyShop, text: str, variables: dict[str, Any], name: str | None, scopes: frozenset[str]
) -> dict[str, Any]:
    compiled = shop.engine.compile(text)
    if compiled.errors:
        return {"errors": compiled.errors}
    operation = compiled.pick(name)
    if operation is None:
        return {
            "errors": [
                {"message": "An operation name is required" if not name else f"No operation named {name}"}
            ]
        }
    call = current_call(request.environ)
    if call is not None:
        describe(call, operation, variables)
    too_big = oversized(variables, [])
    if too_big is not None:
        return {"errors": [too_big]}
    answer = _run(shop, operation, variables, Request(shop, scopes, call_id=call.call_id if call else None))
    if call is not None:
        call.throttled = is_throttled(answer)
    return answer


def _run(
    shop: ShopifyShop, operation: Operation, variables: dict[str, Any], context: Request
) -> dict[str, Any]:
    keys = idempotency_keys(operation, variables)
    with shop.answers.claim(keys) as busy:
        context.busy = busy
        if keys and not busy:
            pause(shop.processing["mutation_ms"])
        with shop.state.store.transaction():
            return shop.engine.run(operation, variables, context, shop.bucket)


def _consent_routes(app: Flask, shop: ShopifyShop) -> None:
    @app.get("/admin/oauth/authorize")
    def consent() -> str:
        fields = _consent_fields(shop)
        return render_template(
            "consent.html",
            shop=shop.name,
            client_id=fields["client_id"],
            scopes=[scope for scope in fields["scope"].split(",") if scope],
            redirect_uri=fields["redirect_uri"],
            fields=fields.items(),
        )

    @app.post("/admin/oauth/authorize")
    def approve() -> BaseResponse:
        fields = _consent_fields(shop)
        with shop.state.store.transaction():
            target = shop.oauth.approve(
                scope=fields["scope"], redirect_uri=fields["redirect_uri"], state=fields["state"]
            )
        return redirect(target, code=302)


def _consent_fields(shop: ShopifyShop) -> dict[str, str]:
    fields = {name: request.values.get(name, "") for name in CONSENT_FIELDS}
    if fields["client_id"] != shop.client_id:
        abort(Response("Oauth error invalid_request: there is no application with this client_id", 400))
    target = urlsplit(fields["redirect_uri"])
    if target.scheme not in ("http", "https") or not target.netloc:
        abort(Response("Oauth error invalid_request: the redirect_uri is not whitelisted", 400))
    return fields


def _json(body: Any, status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    response.headers["X-Shopify-API-Version"] = API_VERSION
    return response
