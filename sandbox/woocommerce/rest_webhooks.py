"""``/webhooks``. Source: WC_REST_Webhooks_V1_Controller (v3 inherits it)."""

import re
import secrets

import requests
from flask import Flask, Response

from sandbox.core.store import Document
from sandbox.woocommerce.dates import gmt, local
from sandbox.woocommerce.errors import RestError
from sandbox.woocommerce.hooks import TOPIC_HOOKS, USER_AGENT
from sandbox.woocommerce.listing import list_rows
from sandbox.woocommerce.php import is_true
from sandbox.woocommerce.rest import ROOT, Store, answer, arguments, body_object, run_batch

PING_TIMEOUT_S = 5
_URL = re.compile(r"^https?://[^\s/]+")


def add_webhook_routes(app: Flask, store: Store) -> None:
    base = f"{ROOT}/webhooks"

    @app.get(base)
    def list_webhooks() -> Response:
        args = arguments()
        status = args.get("status", "all")
        with store.core.store.transaction():
            rows = [w for w in store.hooks.table.values() if status in ("all", w["status"])]
            page = list_rows(rows, args, url=store.url("webhooks"))
            bodies = [_view(store, row) for row in page.rows]
        return answer(bodies, headers=page.headers)

    @app.get(f"{base}/<int:webhook_id>")
    def show_webhook(webhook_id: int) -> Response:
        with store.core.store.transaction():
            return answer(_view(store, _webhook(store, webhook_id)))

    @app.post(base)
    def create_webhook() -> Response:
        body = _create(store, body_object())
        return answer(body, status=201, headers={"Location": store.url(f"webhooks/{body['id']}")})

    @app.route(f"{base}/<int:webhook_id>", methods=["PUT", "PATCH", "POST"])
    def update_webhook(webhook_id: int) -> Response:
        return answer(_update(store, webhook_id, body_object()))

    @app.delete(f"{base}/<int:webhook_id>")
    def delete_webhook(webhook_id: int) -> Response:
        return answer(_delete(store, webhook_id, force=is_true(arguments().get("force", False))))

    @app.route(f"{base}/batch", methods=["POST", "PUT", "PATCH"])
    def batch_webhooks() -> Response:
        result = run_batch(
            body_object(),
            create=lambda item: _create(store, item),
            update=lambda webhook_id, item: _update(store, webhook_id, item),
            delete=lambda webhook_id: _delete(store, webhook_id, force=True),
        )
        return answer(result)


def _create(store: Store, item: Document) -> Document:
    """Store the webhook, then ping its address, still inside the creating call; whatever comes of it."""
    topic = _topic(item.get("topic"), "Webhook topic is required and must be valid.")
    url = _delivery_url(item.get("delivery_url"))
    with store.core.store.transaction():
        webhook = store.hooks.add(
            {
                "name": str(item.get("name") or f"Webhook created on {topic}"),
                "topic": topic,
                "delivery_url": url,
                "secret": str(item.get("secret") or secrets.token_urlsafe(37)),
                "status": _status(item.get("status") or "active"),
            }
        )
        body = _view(store, webhook)
    _ping(url, webhook["id"])
    return body


def _update(store: Store, webhook_id: int, item: Document) -> Document:
    """The count of failures in a row stays, whatever changes: a re-activated webhook dies at the next."""
    with store.core.store.transaction():
        webhook = _webhook(store, webhook_id)
        changes: Document = {}
        if item.get("topic"):
            changes["topic"] = _topic(item["topic"], "Webhook topic must be valid.")
        if item.get("delivery_url"):
            changes["delivery_url"] = _delivery_url(item["delivery_url"])
        if item.get("status"):
            changes["status"] = _status(item["status"])
        changes |= {name: str(item[name]) for name in ("name", "secret") if item.get(name)}
        webhook.update(changes)
        store.hooks.table.save(webhook_id)
        return _view(store, webhook)


def _delete(store: Store, webhook_id: int, *, force: bool) -> Document:
    if not force:
        raise RestError("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", 501)
    with store.core.store.transaction():
        webhook = store.hooks.table.get(webhook_id)
        if webhook is None:
            raise RestError("woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.", 404)
        body = _view(store, webhook)
        del store.hooks.table[webhook_id]
    return body


def _ping(url: str, webhook_id: int) -> None:
    try:
        requests.post(
            url,
            data=f"webhook_id={webhook_id}",
            headers={"Content-Type": "application/x-www-form-urlencoded", "User-Agent": USER_AGENT},
            timeout=PING_TIMEOUT_S,
        )
    except requests.RequestException:
        return  # WooCommerce does not look at the ping's outcome either


def _webhook(store: Store, webhook_id: int) -> Document:
    webhook = store.hooks.table.get(webhook_id)
    if webhook is None:
        raise RestError("woocommerce_rest_shop_webhook_invalid_id", "ID is invalid.", 400)
    return webhook


def _topic(value: object, message: str) -> str:
    topic = str(value or "").lower()
    if topic not in TOPIC_HOOKS:
        raise RestError("woocommerce_rest_shop_webhook_invalid_topic", message, 400)
    return topic


def _delivery_url(value: object) -> str:
    if not _URL.match(str(value or "")):
        raise RestError(
            "woocommerce_rest_shop_webhook_invalid_delivery_url",
            "Webhook delivery URL must be a valid URL starting with http:// or https://.",
            400,
        )
    return str(value)


def _status(value: object) -> str:
    if value not in ("active", "paused", "disabled"):
        raise RestError("woocommerce_rest_shop_webhook_invalid_status", "Webhook status must be valid.", 400)
    return str(value)


def _view(store: Store, webhook: Document) -> Document:
    """The secret is never shown."""
    resource, event = webhook["topic"].split(".", 1)
    return {
        "id": webhook["id"],
        "name": webhook["name"],
        "status": webhook["status"],
        "topic": webhook["topic"],
        "resource": resource,
        "event": event,
        "hooks": TOPIC_HOOKS[webhook["topic"]],
        "delivery_url": webhook["delivery_url"],
        "date_created": local(webhook["created"]),
        "date_created_gmt": gmt(webhook["created"]),
        "date_modified": local(webhook["modified"]),
        "date_modified_gmt": gmt(webhook["modified"]),
        "_links": {
            "self": [{"href": store.url(f"webhooks/{webhook['id']}")}],
            "collection": [{"href": store.url("webhooks")}],
        },
    }
