"""What happened to an order, from the rows that tell of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.models import Connection
from tests.api.books import NOON, keep_books
from tests.api.conftest import Caller, execute
from tests.api.many_orders import counted


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id)


@pytest.fixture
def order_id(merchant: Caller, connection: Connection) -> int:
    """Of three units one was shipped and one cancelled, both in the shop; a webhook told of it. A person
    entered a shipment and took it back, and the shop was told of the number that the sale left."""
    [order_id] = keep_books(connection).order_ids
    given = {"order": order_id, "account": connection.account_id, "connection": connection.id, "noon": NOON}
    execute(
        """
        UPDATE orders SET fetched_at = now() + interval '1 hour', refunded_minor = 1200,
            payment = 'partially_refunded' WHERE id = :order
        """,
        **given,
    )
    execute(
        """
        UPDATE order_lines SET parts = jsonb_build_array(
            jsonb_build_array('ordered', 3, CAST(:noon AS timestamptz)),
            jsonb_build_array('fulfilled', 1, CAST(:noon AS timestamptz) + interval '1 hour'),
            jsonb_build_array('removed_restocked', 1, CAST(:noon AS timestamptz) + interval '1 hour'))
        WHERE order_id = :order
        """,
        **given,
    )
    execute(
        """
        INSERT INTO inbound_events (account_id, connection_id, topic, dedupe_key, body, state,
            order_external_id)
        VALUES (:account, :connection, 'orders/create', 'k', 'secret', 'done', 'o0'),
            (:account, :connection, 'orders/create', 'j', '', 'done', 'another')
        """,
        **given,
    )
    execute(
        """
        INSERT INTO push_attempts (account_id, connection_id, cell_id, batch_key, position, kind,
            from_quantity, to_quantity, wanted_version, outcome, started_at, deadline_at, closed_at,
            created_at)
        SELECT account_id, connection_id, id, gen_random_uuid(), 1, 'set', 10, 10 - n, n, 'applied',
            now(), now(), now() + n * interval '1 minute', now() + n * interval '1 minute'
        FROM stock_cells CROSS JOIN generate_series(1, 3) AS n WHERE connection_id = :connection
        """,
        **given,
    )
    shipment = merchant.post(
        f"/orders/{order_id}/fulfillments", {"key": "k", "carrier": "DHL", "tracking_number": "JD1"}
    ).json()
    assert merchant.post(f"/fulfillments/{shipment['id']}/cancel").status_code == 200
    return order_id


def test_a_timeline_tells_oldest_first_what_happened_and_who_did_it(merchant: Caller, order_id: int) -> None:
    lines = merchant.get(f"/orders/{order_id}/timeline")["items"]
    told = [(line["kind"], line["text"]) for line in lines]
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert told[:3] == [
        ("placed", "placed at Shop as #1000"),
        ("shop", "1 of CUP-0 left the house"),
        ("shop", "1 of CUP-0 cancelled or refunded before it left, back on the shelf"),
    ]
    assert {
        ("stored", "first known here"),
        ("webhook", "Shop told of it, done"),
        ("stock", "2 units reserved for order #1000 at Shop (Main)"),
        ("write", "Shop was told to show 9 instead of 10: done"),
    } <= set(told)
    assert told[-1] == ("fetched", "read last from Shop: open, partially refunded, 12.00 EUR refunded")
    entered, taken_back = (line for line in lines if line["kind"] in ("shipment", "action"))
    assert (entered["text"], entered["made_by"]) == ("shipment of 1 entered (DHL JD1)", merchant.email)
    assert entered["tracking_number"] == "JD1"
    assert (taken_back["text"], taken_back["made_by"]) == ("shipment cancelled", merchant.email)
    assert [kind for kind, _text in told].count("webhook") == 1
    assert [kind for kind, _text in told].count("write") == 1


def test_pages_of_a_timeline_neither_repeat_nor_skip_a_line(merchant: Caller, order_id: int) -> None:
    path = f"/orders/{order_id}/timeline"
    whole = merchant.get(path)
    assert whole["next"] is None
    for limit in (1, 2, 4):
        seen, cursor = [], None
        while True:
            answer = merchant.get(path, limit=limit, cursor=cursor)
            seen += answer["items"]
            cursor = answer["next"]
            if cursor is None:
                break
        assert seen == whole["items"]
    for wrong in ("W10", "x", "WyJ4IiwxLDEsMV0"):
        assert merchant.call("GET", path, params={"cursor": wrong}).status_code == 422


def test_a_timeline_takes_as_many_statements_whatever_happened(
    merchant: Caller, connection: Connection, order_id: int
) -> None:
    execute(
        """
        INSERT INTO orders (account_id, connection_id, external_id, placed_at)
        SELECT account_id, id, 'bare', now() FROM connections
        """
    )
    [bare] = [order["id"] for order in merchant.get("/orders")["items"] if order["external_id"] == "bare"]
    assert [line["kind"] for line in merchant.get(f"/orders/{bare}/timeline")["items"]] == [
        "placed",
        "stored",
    ]
    assert counted(lambda: merchant.get(f"/orders/{bare}/timeline")) == counted(
        lambda: merchant.get(f"/orders/{order_id}/timeline")
    )


def test_an_order_of_a_bundle_shows_what_its_components_did(merchant: Caller, order_id: int) -> None:
    """Their movements have keys of their own."""
    execute(
        """
        UPDATE order_lines SET applied_components = jsonb_build_array(jsonb_build_array(
            applied_variant_id, 1), jsonb_build_array(-1, 1)), effect_seq = 2
        """
    )
    execute(
        """
        INSERT INTO stock_movements (account_id, level_id, variant_id, location_id, cause, source_key,
            on_hand_delta, committed_delta, on_hand_after, committed_after, occurred_at)
        SELECT l.account_id, s.id, s.variant_id, s.location_id, 'order',
            'line:' || l.id || ':2:' || s.variant_id, 0, 1, 10, 3, now()
        FROM order_lines l JOIN stock_levels s ON s.variant_id = l.applied_variant_id
        """
    )
    [line] = merchant.get(f"/orders/{order_id}")["lines"]
    assert [movement["committed_delta"] for movement in line["movements"]] == [2, 1]
    shown = merchant.get(f"/orders/{order_id}/timeline")["items"]
    assert [line["committed_delta"] for line in shown if line["kind"] == "stock"] == [2, 1]
