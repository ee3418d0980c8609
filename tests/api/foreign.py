"""Another merchant with one of everything that a route can be asked for by its id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.models import Connection
from app.services.imports.work import work_on
from app.services.uow import unit_of_work
from tests.api.books import drift, hear, keep_books
from tests.api.conftest import Caller

MARK = "Zebra of another merchant"
"""Stands in every text that could be shown."""


@dataclass(frozen=True)
class Foreign:
    """`ids`: by the name of a route's parameter, or of a field of a body or query."""

    caller: Caller
    ids: Mapping[str, int]

    def rows(self) -> dict[str, list[Any]]:
        """Everything that is stored of this account, table by table, but for what reading leaves behind."""
        found = {}
        with unit_of_work() as uow:
            for table in uow.session.execute(text(_TABLES)).scalars():
                query = text(f"SELECT to_jsonb(t) FROM {table} t WHERE account_id = :a ORDER BY 1")
                found[table] = list(uow.session.scalars(query, {"a": self.caller.account_id}))
        return found


def another_merchant(caller: Caller, connection: Connection) -> Foreign:
    """`connection` is a shop of the caller's account."""
    books = keep_books(connection, variants=3, orders=1)
    hear(connection, "orders/create")
    drift(connection, books.variant_ids[0], 3)
    with unit_of_work() as uow:
        account = {"a": caller.account_id}
        for table, column in (
            ("products", "title"),
            ("variants", "title"),
            ("listings", "title"),
            ("locations", "name"),
        ):
            uow.session.execute(
                text(f"UPDATE {table} SET {column} = '{MARK} ' || id WHERE account_id = :a"), account
            )
        uow.session.execute(
            text("UPDATE connections SET name = :mark WHERE account_id = :a"), {**account, "mark": MARK}
        )
        uow.session.execute(
            text("UPDATE orders SET number = :mark WHERE account_id = :a"), {**account, "mark": MARK}
        )
        uow.session.execute(
            text("UPDATE order_lines SET parts = CAST(:p AS jsonb) WHERE account_id = :a"),
            {**account, "p": _PARTS},
        )
        uow.session.execute(text(_IN_REVIEW), account)
        uow.session.execute(text(_PLACE), account)
        ids = {
            name: uow.session.execute(
                text(f"SELECT min(id) FROM {table} WHERE account_id = :a"), account
            ).scalar_one()
            for name, table in _STORED.items()
        }
        ids["to_location_id"] = uow.session.execute(text(_SECOND_LOCATION), account).scalar_one()
        uow.commit()
    for name, make in _MADE.items():
        ids[name] = make(caller, ids)
    return Foreign(caller, ids)


def _created(caller: Caller, path: str, document: Any) -> int:
    answer = caller.post(path, document)
    assert answer.status_code in (200, 201, 202), answer.text
    number: int = answer.json()["id"]
    return number


def _fulfillment(caller: Caller, ids: Mapping[str, int]) -> int:
    line = caller.get(f"/orders/{ids['order_id']}")["lines"][0]["id"]
    return _created(
        caller,
        f"/orders/{ids['order_id']}/fulfillments",
        {"key": "theirs", "lines": [{"order_line_id": line, "quantity": 1}]},
    )


def _delivery(caller: Caller, ids: Mapping[str, int]) -> int:
    answer = caller.post(f"/webhook-subscriptions/{ids['subscription_id']}/ping")
    assert answer.status_code < 300, answer.text
    number: int = caller.get(f"/webhook-subscriptions/{ids['subscription_id']}/deliveries")["items"][0]["id"]
    return number


_IN_REVIEW = "UPDATE drifts SET state = 'review', review_reason = 'policy' WHERE account_id = :a"


def _import(caller: Caller, _ids: Mapping[str, int]) -> int:
    answer = caller.call("POST", "/imports/catalog", data=f"sku,title\nA,{MARK}\n")
    assert answer.status_code == 202, answer.text
    work_on(answer.json()["id"])
    number: int = answer.json()["id"]
    return number


_PLACE = """
    INSERT INTO connection_locations (account_id, connection_id, external_location_id, name, active, priority)
    SELECT account_id, id, 'x', 'Theirs', true, 0 FROM connections WHERE account_id = :a
"""
_SECOND_LOCATION = "INSERT INTO locations (account_id, name) VALUES (:a, 'Second') RETURNING id"
_PARTS = '[["ordered", 2, "2026-11-20T12:00:00+00:00"]]'
_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
    ORDER BY c.relname
"""
_STORED = {
    "connection_id": "connections",
    "listing_id": "listings",
    "location_id": "locations",
    "variant_id": "variants",
    "product_id": "products",
    "order_id": "orders",
    "order_line_id": "order_lines",
    "review_id": "drifts",
    "event_id": "inbound_events",
}


_MADE: Mapping[str, Callable[[Caller, Mapping[str, int]], int]] = {
    "count_id": lambda caller, ids: _created(
        caller, "/counts", {"key": "theirs", "location_id": ids["location_id"]}
    ),
    "account_id": lambda caller, _ids: caller.account_id,
    "session_id": lambda caller, _ids: caller.get("/auth/sessions")["items"][0]["id"],
    "user_id": lambda caller, _ids: caller.user_id,
    "key_id": lambda caller, _ids: _created(caller, "/api-keys", {"name": MARK, "scopes": ["stock:read"]}),
    "invitation_id": lambda caller, _ids: _created(
        caller, "/invitations", {"email": "invited@example.com", "role": "viewer"}
    ),
    "export_id": lambda caller, _ids: _created(caller, "/account/exports", None),
    "fulfillment_id": _fulfillment,
    "import_id": _import,
    "dashboard_id": lambda caller, _ids: _created(caller, "/dashboards", {"name": MARK}),
    "subscription_id": lambda caller, _ids: _created(
        caller,
        "/webhook-subscriptions",
        {"url": "http://127.0.0.1:9/", "kinds": ["stock.changed"], "description": MARK},
    ),
    "delivery_id": _delivery,
    "run_id": lambda caller, ids: _created(caller, "/sync/runs", {"variant_id": ids["variant_id"]}),
    "view_id": lambda caller, _ids: _created(
        caller, "/saved-views", {"name": MARK, "resource": "stock", "filters": {}, "shared": True}
    ),
}
"""Parameter of a route -> the table that has such ids, or how one is made. A route whose parameter stands in
neither has nobody who tried it with another merchant's."""
