"""Who may do what: one table over every route of the application. What is not in it is refused.

Its first part holds what only people may do, the rest is open to API keys as well. A key needs the scope of
the route, which follows from the route: `stock:read` is every GET of the blueprint `stock`, `stock:write` the
rest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import IntEnum
from functools import partial
from typing import Any

from flask import Flask, Response, after_this_request, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_jwt_extended import get_jwt, get_jwt_identity, verify_jwt_in_request
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError
from structlog.contextvars import bind_contextvars

from app.api.errors import Forbidden, MissingScope, NotSignedIn, SampleAccount
from app.api.languages import language
from app.api.limits import limit_key, limit_visit
from app.api.schemas.base import LARGEST_ID
from app.errors import InvalidInput, NotFound
from app.services import api_keys, auth
from app.services.api_keys import KeyHolder
from app.services.auth import Person, Principal
from app.services.staff import visits
from app.services.staff.visits import Visitor
from app.services.workplace.members import Member


class Access(IntEnum):
    """What a route asks of its caller; each role may do what those before it may."""

    PUBLIC = 0
    """Nothing, or a signature that the route checks itself."""
    VIEWER = 1
    STAFF = 2
    ADMIN = 3
    OWNER = 4


Guard = Callable[[], ResponseReturnValue | None]
GUARDS = "guards"
"""The application's extension that has the guards of endpoints that the table leaves to others."""
FOR_PEOPLE_ONLY = "API keys cannot do this. Sign in."
RANKS = {"viewer": Access.VIEWER, "staff": Access.STAFF, "admin": Access.ADMIN, "owner": Access.OWNER}

FOR_PEOPLE: dict[str, Access] = {
    # oneself, and what the app keeps for oneself
    "auth.me": Access.VIEWER,
    "auth.logout": Access.VIEWER,
    "auth.logout_everywhere": Access.VIEWER,
    "auth.switch_account": Access.VIEWER,
    "passwords.change_password": Access.VIEWER,
    "sessions.list_sessions": Access.VIEWER,
    "sessions.end_session": Access.VIEWER,
    "second_factor.get_second_factor": Access.VIEWER,
    "second_factor.enrol_second_factor": Access.VIEWER,
    "second_factor.confirm_second_factor": Access.VIEWER,
    "second_factor.disable_second_factor": Access.VIEWER,
    "second_factor.renew_recovery_codes": Access.VIEWER,
    "workplace.list_dashboards": Access.VIEWER,
    "workplace.get_default_dashboard": Access.VIEWER,
    "workplace.get_dashboard": Access.VIEWER,
    "workplace.create_dashboard": Access.VIEWER,
    "workplace.change_dashboard": Access.VIEWER,
    "workplace.reset_dashboard": Access.VIEWER,
    "workplace.delete_dashboard": Access.VIEWER,
    "workplace.list_saved_views": Access.VIEWER,
    "workplace.get_saved_view": Access.VIEWER,
    "workplace.create_saved_view": Access.VIEWER,
    "workplace.change_saved_view": Access.VIEWER,
    "workplace.delete_saved_view": Access.VIEWER,
    "workplace.get_preferences": Access.VIEWER,
    "workplace.set_preferences": Access.VIEWER,
    "workplace.record_web_vitals": Access.VIEWER,
    "first_steps.get_first_steps": Access.VIEWER,
    "first_steps.dismiss": Access.VIEWER,
    # lasts as long as a session
    "live.stream": Access.VIEWER,
    # who else acts for the account, and leaving
    "api_keys.list_api_keys": Access.ADMIN,
    "api_keys.list_scopes": Access.ADMIN,
    "api_keys.create_api_key": Access.ADMIN,
    "api_keys.revoke_api_key": Access.ADMIN,
    "members.list_members": Access.VIEWER,
    "members.get_member": Access.VIEWER,
    "members.change_role": Access.ADMIN,
    "members.remove_member": Access.ADMIN,
    "members.leave": Access.VIEWER,
    "members.transfer_ownership": Access.OWNER,
    "leaving.export_account": Access.OWNER,
    "leaving.list_exports": Access.OWNER,
    "leaving.get_export": Access.OWNER,
    "leaving.download_export": Access.OWNER,
    "leaving.delete_account": Access.OWNER,
    "leaving.keep_account": Access.OWNER,
    "sample_data.get_sample_data": Access.VIEWER,
    "sample_data.make_sample_data": Access.ADMIN,
    "sample_data.remove_sample_data": Access.ADMIN,
    "sandbox_shops.list_sandbox_shops": Access.VIEWER,
    "sandbox_shops.connect": Access.ADMIN,
    "invitations.list_invitations": Access.ADMIN,
    "invitations.invite": Access.ADMIN,
    "invitations.resend_invitation": Access.ADMIN,
    "invitations.revoke_invitation": Access.ADMIN,
}
"""Endpoint -> what it asks of a user who is signed in. API keys are refused."""

POLICY: dict[str, Access] = FOR_PEOPLE | {
    # pages and documents
    "web_app.home": Access.PUBLIC,
    "web_app.asset": Access.PUBLIC,
    "pages.health": Access.PUBLIC,
    "pages.ready": Access.PUBLIC,
    "pages.docs": Access.PUBLIC,
    "plans.list_plans": Access.PUBLIC,
    "api-docs.openapi_json": Access.PUBLIC,
    # platforms call these; signatures and one-time states are checked there
    "webhooks.receive": Access.PUBLIC,
    "webhooks.receive_for_app": Access.PUBLIC,
    "connect.callback": Access.PUBLIC,
    "connect.ask": Access.PUBLIC,
    "connect.confirm": Access.PUBLIC,
    "connect.done": Access.PUBLIC,
    # passwords, codes and tokens are checked there
    "metrics.show": Access.PUBLIC,
    "auth.login": Access.PUBLIC,
    "auth.refresh": Access.PUBLIC,
    "registration.register": Access.PUBLIC,
    "registration.resend_verification": Access.PUBLIC,
    "registration.verify_email": Access.PUBLIC,
    "passwords.request_reset": Access.PUBLIC,
    "passwords.confirm_reset": Access.PUBLIC,
    "invitations.show_invitation": Access.PUBLIC,
    "invitations.accept_invitation": Access.PUBLIC,
    # reading
    "platforms.list_platforms": Access.VIEWER,
    "connections.list_connections": Access.VIEWER,
    "connections.get_connection": Access.VIEWER,
    "connections.list_listings": Access.VIEWER,
    "connections.get_first_sync": Access.VIEWER,
    "connections.get_first_sync_totals": Access.VIEWER,
    "connections.list_webhook_days": Access.VIEWER,
    "connection_care.get_health": Access.VIEWER,
    "listings.get_listing": Access.VIEWER,
    "listings.list_suggestions": Access.VIEWER,
    "listings.explain_listing": Access.VIEWER,
    "listings.search_listings": Access.VIEWER,
    "listings.export_listings": Access.VIEWER,
    "products.list_products": Access.VIEWER,
    "products.get_product": Access.VIEWER,
    "products.list_product_variants": Access.VIEWER,
    "variants.list_variants": Access.VIEWER,
    "variants.get_variant": Access.VIEWER,
    "variants.export_variants": Access.VIEWER,
    "imports.list_imports": Access.VIEWER,
    "imports.get_import": Access.VIEWER,
    "imports.list_import_rows": Access.VIEWER,
    "prices.list_base_prices": Access.VIEWER,
    "prices.get_price_rule": Access.VIEWER,
    "prices.list_price_preview": Access.VIEWER,
    "prices.get_price_summary": Access.VIEWER,
    "stock.list_stock": Access.VIEWER,
    "stock.count_stock": Access.VIEWER,
    "stock.get_stock_history": Access.VIEWER,
    "stock.list_movements": Access.VIEWER,
    "stock.list_all_movements": Access.VIEWER,
    "stock.list_stock_as_of": Access.VIEWER,
    "stock.explain_stock": Access.VIEWER,
    "stock.export_stock": Access.VIEWER,
    "stock.export_movements": Access.VIEWER,
    "locations.list_locations": Access.VIEWER,
    "locations.get_location": Access.VIEWER,
    "locations.list_shop_locations": Access.VIEWER,
    "counts.list_counts": Access.VIEWER,
    "counts.get_count": Access.VIEWER,
    "counts.list_count_lines": Access.VIEWER,
    "orders.list_orders": Access.VIEWER,
    "orders.get_order": Access.VIEWER,
    "orders.get_order_totals": Access.VIEWER,
    "orders.get_order_timeline": Access.VIEWER,
    "orders.export_orders": Access.VIEWER,
    "fulfillments.list_fulfillments": Access.VIEWER,
    "fulfillments.get_fulfillment": Access.VIEWER,
    "account.get_account": Access.VIEWER,
    "bundles.list_bundles": Access.VIEWER,
    "bundles.get_bundle": Access.VIEWER,
    "publishing.preview_rules": Access.VIEWER,
    "reviews.list_reviews": Access.VIEWER,
    "reviews.get_review": Access.VIEWER,
    "events.list_events": Access.VIEWER,
    "sync.list_runs": Access.VIEWER,
    "sync.get_run": Access.VIEWER,
    "sync.list_run_items": Access.VIEWER,
    "sync.export_run_items": Access.VIEWER,
    "sync.preview_sync": Access.VIEWER,
    "sync.total_preview": Access.VIEWER,
    "sync.list_brakes": Access.VIEWER,
    "event_log.list_happenings": Access.VIEWER,
    "status.get_status": Access.VIEWER,
    "dashboard.get_overview": Access.VIEWER,
    "dashboard.get_shop_status": Access.VIEWER,
    "dashboard.get_order_report": Access.VIEWER,
    "dashboard.get_stock_report": Access.VIEWER,
    "dashboard.get_sync_report": Access.VIEWER,
    "dashboard.get_reporting": Access.VIEWER,
    # what a member keeps for themselves
    # day-to-day work
    "connections.pause": Access.STAFF,
    "connections.resume": Access.STAFF,
    "connections.import_again": Access.STAFF,
    "connection_care.try_connection": Access.STAFF,
    "connection_care.renew_webhooks": Access.STAFF,
    "listings.configure_listing": Access.STAFF,
    "reviews.decide": Access.STAFF,
    "reviews.decide_all": Access.STAFF,
    "sync.start_run": Access.STAFF,
    "bundles.define_bundle": Access.STAFF,
    "account.stop_writes": Access.STAFF,
    "stock.set_threshold": Access.STAFF,
    "stock_changes.adjust": Access.STAFF,
    "stock_changes.receive": Access.STAFF,
    "stock_changes.transfer": Access.STAFF,
    "fulfillments.fulfill": Access.STAFF,
    "fulfillments.retry_fulfillment": Access.STAFF,
    "fulfillments.cancel_fulfillment": Access.STAFF,
    "counts.begin_count": Access.STAFF,
    "counts.record_counted": Access.STAFF,
    "counts.record_count_sheet": Access.STAFF,
    "counts.finish_count": Access.STAFF,
    "counts.cancel_count": Access.STAFF,
    "listings.link_listing": Access.STAFF,
    "listings.unlink_listing": Access.STAFF,
    "listings.make_variants": Access.STAFF,
    "listings.link_listings": Access.STAFF,
    "listings.unlink_listings": Access.STAFF,
    "listings.reopen_listings": Access.STAFF,
    "variants.create_variant": Access.STAFF,
    "variants.change_variant": Access.STAFF,
    "variants.archive_variant": Access.STAFF,
    "variants.restore_variant": Access.STAFF,
    "imports.upload_catalog": Access.STAFF,
    "imports.upload_counts": Access.STAFF,
    "imports.apply_import": Access.STAFF,
    "imports.cancel_import": Access.STAFF,
    "prices.set_base_price": Access.STAFF,
    "prices.set_base_prices": Access.STAFF,
    "prices.fix_listing_price": Access.STAFF,
    "prices.decide_listing_price": Access.STAFF,
    # what changes how the shops are run
    "connections.start_connecting": Access.ADMIN,
    "connection_care.reconnect": Access.ADMIN,
    "connections.configure": Access.ADMIN,
    "locations.create_location": Access.ADMIN,
    "locations.rename_location": Access.ADMIN,
    "locations.map_locations": Access.ADMIN,
    "connections.release_brake": Access.ADMIN,
    "connections.undo_changes": Access.ADMIN,
    "sync.undo_run": Access.ADMIN,
    "events.get_event": Access.ADMIN,
    "counts.undo_count": Access.ADMIN,
    "variants.delete_variant": Access.ADMIN,
    "connections.approve_first_sync": Access.ADMIN,
    "connections.disconnect": Access.ADMIN,
    "prices.set_price_rule": Access.ADMIN,
    "prices.apply_price_rule": Access.ADMIN,
    "prices.release_price_brake": Access.ADMIN,
    # addresses may hold a receiver's secrets
    "webhook_subscriptions.list_subscriptions": Access.ADMIN,
    "webhook_subscriptions.get_subscription": Access.ADMIN,
    "webhook_subscriptions.subscribe": Access.ADMIN,
    "webhook_subscriptions.change_subscription": Access.ADMIN,
    "webhook_subscriptions.remove_subscription": Access.ADMIN,
    "webhook_subscriptions.rotate_secret": Access.ADMIN,
    "webhook_subscriptions.ping": Access.ADMIN,
    "webhook_subscriptions.replay_failed": Access.ADMIN,
    "webhook_subscriptions.list_deliveries": Access.ADMIN,
    "webhook_subscriptions.get_delivery": Access.ADMIN,
    "webhook_subscriptions.replay": Access.ADMIN,
    "audit.list_audit_entries": Access.ADMIN,
    "account.configure_account": Access.ADMIN,
    "dashboard.set_reporting": Access.ADMIN,
    "account.allow_writes": Access.ADMIN,
}
"""Endpoint -> what it asks."""
NOT_FOR_SUPPORT = frozenset(
    {
        "listings.export_listings",
        "variants.export_variants",
        "stock.export_stock",
        "stock.export_movements",
        "orders.export_orders",
        "sync.export_run_items",
    }
)
"""What staff who visit an account may not read, beside all of FOR_PEOPLE and what asks for more than a
viewer's role: nothing is to be carried away whole."""
MEGABYTE = 1024 * 1024
WITH_SECRETS = frozenset(
    {
        "api_keys.create_api_key",
        "leaving.delete_account",
        "webhook_subscriptions.subscribe",
        "webhook_subscriptions.rotate_secret",
    }
)
"""Endpoints beside those of `/auth/` whose bodies hold a password, or whose answers a secret that is shown
once: nothing of them is kept."""
FOR_REAL_ACCOUNTS = frozenset(
    {
        # shops
        "connections.start_connecting",
        "sandbox_shops.connect",
        "connections.pause",
        "connections.resume",
        "connections.import_again",
        "connections.approve_first_sync",
        "connections.disconnect",
        "connection_care.reconnect",
        "connection_care.try_connection",
        "connection_care.renew_webhooks",
        "sync.start_run",
        "prices.apply_price_rule",
        "fulfillments.fulfill",
        # people, programs and other systems
        "invitations.invite",
        "invitations.resend_invitation",
        "api_keys.create_api_key",
        "webhook_subscriptions.subscribe",
        # a sample is removed by itself
        "leaving.delete_account",
        "leaving.keep_account",
    }
)
"""Endpoints that would let a sample account reach a shop or the outside: refused there, whatever the role."""
MOST_BYTES = {
    "counts.record_count_sheet": 16 * MEGABYTE,
    "imports.upload_catalog": 256 * MEGABYTE,
    "imports.upload_counts": 256 * MEGABYTE,
}
"""Endpoint -> the longest body that it takes, where that is more than `MAX_CONTENT_LENGTH`."""


def enforce(app: Flask) -> None:
    """Check every request against the table before its view runs."""
    app.extensions[GUARDS] = {}
    app.before_request(_check)


def leave_to(app: Flask, guard: Guard, endpoints: Collection[str]) -> None:
    """Have `guard` check the requests to these endpoints, which are not the API's, in place of the table:
    what it returns is the answer, None lets the request in."""
    if known := sorted(set(endpoints) & set(POLICY)):
        raise ValueError(f"{known[0]} is in the policy")
    app.extensions[GUARDS] |= dict.fromkeys(endpoints, guard)


def principal() -> Principal | KeyHolder:
    """Who is calling; there in every view whose policy is not PUBLIC."""
    caller: Principal | KeyHolder = g.principal
    return caller


def signed_in() -> Principal:
    """The user who is calling, in views of FOR_PEOPLE."""
    caller = principal()
    if isinstance(caller, KeyHolder):
        raise Forbidden(FOR_PEOPLE_ONLY)
    return caller


def member() -> Member:
    """The same, as whose things the web app keeps."""
    return Member(signed_in().account_id, signed_in().user_id)


def person() -> Person:
    """The signed-in user who is calling. Raises Forbidden for a caller without a session of their own."""
    caller = signed_in()
    if caller.session_id is None:
        raise Forbidden("Only a user who signed in can do this.")
    return Person(caller.user_id, caller.email, caller.account_id, caller.session_id, language())


def scope_of(endpoint: str, method: str) -> str | None:
    """What an API key needs for a route; None where it needs nothing, or nothing helps."""
    if POLICY.get(endpoint, Access.PUBLIC) is Access.PUBLIC or endpoint in FOR_PEOPLE:
        return None
    return f"{endpoint.partition('.')[0]}:{'read' if method in ('GET', 'HEAD') else 'write'}"


def scopes() -> frozenset[str]:
    """All that there are."""
    found = {
        scope_of(rule.endpoint, method)
        for rule in current_app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    return frozenset(scope for scope in found if scope)


def require_scopes(wanted: Collection[str]) -> None:
    """Raises InvalidInput for one that does not exist."""
    if unknown := sorted(set(wanted) - scopes()):
        raise InvalidInput(f"There is no scope {unknown[0]}.")


def security_of(endpoint: str, method: str) -> list[dict[str, Any]]:
    """How a caller may prove who they are, for the API's document."""
    if POLICY.get(endpoint) is Access.PUBLIC:
        return []
    scope = scope_of(endpoint, method)
    return [{"token": []}, *([{"key": [scope]}] if scope else [])]


def _check() -> ResponseReturnValue | None:
    endpoint = request.endpoint
    if endpoint is None or request.method == "OPTIONS":
        return (
            None  # no such route, and 404 or 405 follows; or a browser asks what it may send, without a token
        )
    guards: dict[str, Guard] = current_app.extensions[GUARDS]
    if endpoint in guards:
        return guards[endpoint]()
    if endpoint in MOST_BYTES:
        request.max_content_length = MOST_BYTES[endpoint]
    asked = POLICY.get(endpoint)
    if asked is Access.PUBLIC:
        return None
    caller = _caller()
    bind_contextvars(account_id=caller.account_id)
    if isinstance(caller, Visitor):
        _check_visit(caller, endpoint)
    elif isinstance(caller, KeyHolder):
        _check_key(caller, endpoint)
    if asked is None or RANKS[caller.role] < asked:
        raise Forbidden(f"Your role, {caller.role}, does not allow this.")
    if isinstance(caller, Principal) and caller.is_sample and endpoint in FOR_REAL_ACCOUNTS:
        raise SampleAccount()
    if any(isinstance(part, int) and part > LARGEST_ID for part in (request.view_args or {}).values()):
        raise NotFound("Nothing has such an id.")
    g.principal = caller
    return None


def _check_visit(caller: Visitor, endpoint: str) -> None:
    limit_visit(caller.key_id)
    if caller.use_is_news:
        after_this_request(partial(_note, partial(visits.note_use, caller.key_id)))
    if request.method not in ("GET", "HEAD") or endpoint in FOR_PEOPLE or endpoint in NOT_FOR_SUPPORT:
        raise Forbidden("Support only looks, and not at everything.")


def _check_key(caller: KeyHolder, endpoint: str) -> None:
    limit_key(caller.key_id)
    if caller.use_is_news:
        after_this_request(partial(_note, partial(api_keys.note_use, caller.key_id)))
    if endpoint in FOR_PEOPLE:
        raise Forbidden(FOR_PEOPLE_ONLY)
    scope = scope_of(endpoint, request.method)
    if scope not in caller.scopes:
        raise MissingScope(f"This key lacks the scope {scope}.")


def _note(use: Callable[[], None], response: Response) -> Response:
    """Once the answer is out: the caller does not wait for it."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own

    def note() -> None:
        with app.app_context():
            use()

    response.call_on_close(note)
    return response


def _caller() -> Principal | KeyHolder:
    """Who the token in the Authorization header belongs to."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.startswith(visits.PREFIX):
        visitor = visits.visitor_of(token.strip())
        if visitor is None:
            raise NotSignedIn()
        return visitor
    if scheme.lower() == "bearer" and token.startswith(api_keys.PREFIX):
        return _key_holder(token.strip())
    return _user()


def _key_holder(secret: str) -> KeyHolder:
    holder = api_keys.holder_of(secret)
    if holder is None:
        raise NotSignedIn()
    return holder


def _user() -> Principal:
    """The token's user, if their session lasts and they still are a member of its account."""
    try:
        verify_jwt_in_request()
        user_id, claims = int(get_jwt_identity()), get_jwt()
        session_id, account_id = int(claims["session_id"]), int(claims["account_id"])
    except (JWTExtendedException, PyJWTError, KeyError, ValueError) as err:
        raise NotSignedIn() from err
    found = auth.caller(session_id=session_id, user_id=user_id, account_id=account_id)
    if found is None:
        raise NotSignedIn()
    return found
