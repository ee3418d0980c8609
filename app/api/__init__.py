"""The REST API, the webhook routes, the few pages that need no front end, and the files of that."""

from __future__ import annotations

from flask import Flask
from flask_smorest import Api

from app.api.errors import register_errors

API_PREFIX = "/api/v1"
DESCRIPTION = """\
One ledger of stock for every shop a merchant sells in.

Sign in with `POST /api/v1/auth/login` and send the token as `Authorization: Bearer <token>`; it lasts 15 \
minutes, `POST /api/v1/auth/refresh` gives the next one. Programs send an API key there, `sf_live_...`, \
which needs the scope that an operation names. Quantities are whole units, money is in the smallest unit of \
the currency beside it, times are UTC. Lists come in pages: pass `next` of an answer as `cursor` to get what \
follows, or take the address in the header `Link`. Errors are problem+json documents (RFC 9457) with a \
stable `code`. A call that changes something may carry an `Idempotency-Key`: sent again within 24 hours it \
is answered as before, and done once. Settings have an `ETag`: send it as `If-Match` and nobody's change is \
overwritten unseen.
"""


def register_api(app: Flask, api: Api) -> None:
    """Bind every blueprint, the policy that guards them, and the answers to faults."""
    from app.api import (
        account,
        api_keys,
        audit,
        auth,
        bundles,
        connect,
        connection_care,
        connections,
        counts,
        dashboard,
        event_log,
        events,
        first_steps,
        fulfillments,
        imports,
        invitations,
        leaving,
        listings,
        live,
        locations,
        members,
        metrics,
        orders,
        pages,
        passwords,
        plans,
        platforms,
        policy,
        prices,
        products,
        publishing,
        registration,
        reviews,
        sample_data,
        sandbox_shops,
        second_factor,
        sessions,
        status,
        stock,
        stock_changes,
        sync,
        tokens,
        variants,
        webhook_subscriptions,
        workplace,
    )
    from app.api.document import Headers, Paths, Problems
    from app.api.document_schemas import BothWays
    from app.api.headers import guard_answers
    from app.api.idempotency import replay_calls
    from app.api.requests import observe_requests
    from app.api.schemas.base import ProblemSchema
    from app.api.web_app import register_web_app
    from app.api.webhooks import register_webhooks

    app.config.update(
        API_TITLE="SyncFlow",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=API_PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION},
            "components": {
                "securitySchemes": {
                    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                    "key": {
                        "type": "http",
                        "scheme": "bearer",
                        "bearerFormat": "sf_live_...",
                        "description": "An API key that has the scopes named here.",
                    },
                }
            },
            "security": [{"token": []}],
        },
        JWT_ACCESS_TOKEN_EXPIRES=tokens.TOKEN_LIFE,
    )
    api.DEFAULT_ERROR_RESPONSE_NAME = None  # each operation says how it can be refused
    api.ERROR_SCHEMA = ProblemSchema
    plugins = [Paths(), Headers(), Problems()]
    api.init_app(app, spec_kwargs={"marshmallow_plugin": BothWays(), "extra_plugins": plugins})
    for resource in (
        auth,
        registration,
        passwords,
        second_factor,
        sessions,
        account,
        leaving,
        sample_data,
        members,
        invitations,
        api_keys,
        audit,
        plans,
        platforms,
        connections,
        connection_care,
        sandbox_shops,
        listings,
        products,
        variants,
        imports,
        locations,
        stock,
        stock_changes,
        prices,
        counts,
        bundles,
        publishing,
        orders,
        fulfillments,
        reviews,
        events,
        event_log,
        sync,
        status,
        dashboard,
        first_steps,
        workplace,
        live,
        webhook_subscriptions,
    ):
        api.register_blueprint(resource.blp, url_prefix=API_PREFIX)
    app.register_blueprint(connect.connect)
    app.register_blueprint(pages.pages)
    app.register_blueprint(metrics.metrics)
    observe_requests(app)
    register_webhooks(app)
    live.register_live(app)
    policy.enforce(app)
    replay_calls(app)
    guard_answers(app)
    register_errors(app)
    register_web_app(app)
