"""Shipping in a shop that keeps no shipments: a note, and being completed."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.platforms.base import Fulfilled, Shipment
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.platforms.http import OutcomeUnknown
from tests.platforms.woocommerce.payloads import line, order
from tests.platforms.woocommerce.shop import NOT_YOURS, Answer, Call, ScriptedShop, error, rows

SHIPMENT = Shipment("7", "101", {"1": 2}, carrier="DHL", tracking_number="T", known_before=frozenset())


def routes(**changed: Any) -> dict[str, Any]:
    """A shop with one order of two mugs that takes what it is told."""
    return {
        "GET orders": rows(order(101, line_items=[line(1, quantity=2)])),
        "GET orders/101/notes": [],
        "POST orders/101/notes": Answer({"id": 5}, 201),
        "PUT orders/101": {"id": 101, "status": "completed"},
        "GET products": [],
    } | changed


def tell(shop: ScriptedShop, shipment: Shipment = SHIPMENT) -> Fulfilled:
    channel = shop.channel()
    shown = channel.shipment_shown(shipment)
    assert not shown.whole
    return channel.fulfill(shipment, shown, deadline=time.monotonic() + 10)


def test_a_note_and_the_state_tell_the_whole_of_it() -> None:
    with ScriptedShop(routes()) as shop:
        assert tell(shop) == Fulfilled(("5",))
        note, state = (call for call in shop.calls if call.method != "GET")
        assert note.document["note"].startswith("Shipment 7: 2 x ")
        assert note.document["customer_note"] is False
        assert state.document == {"status": "completed"}


def test_what_earlier_notes_told_counts_as_shipped() -> None:
    with ScriptedShop(routes()) as shop:
        part = Shipment("8", "101", {"1": 1}, known_before=frozenset())
        assert tell(shop, part) == Fulfilled(("5",), only_noted=True)
        rest = Shipment("9", "101", {"1": 1}, noted={"1": 1}, known_before=frozenset())
        assert tell(shop, rest) == Fulfilled(("5",))
        assert shop.paths("PUT") == ["orders/101"]


@pytest.mark.parametrize(
    ("said", "whole"),
    [("<p>Shipment 7: 2 x Mug &amp; Saucer</p>", True), ("Shipment 17: 2 x Mug", False), (None, False)],
)
def test_a_note_is_found_by_its_reference(said: str | None, whole: bool) -> None:
    done = rows(order(101, status="completed", line_items=[line(1, quantity=2)]))
    with ScriptedShop(
        routes(**{"GET orders": done, "GET orders/101/notes": [{"id": 3, "note": said}]})
    ) as shop:
        shown = shop.channel().shipment_shown(SHIPMENT)
        assert (shown.whole, shown.found.ids) == (whole, ("3",) if whole else ())


def test_a_plugin_that_keeps_the_order_from_being_completed_is_told_of() -> None:
    with (
        ScriptedShop(routes(**{"PUT orders/101": {"id": 101, "status": "packing"}})) as shop,
        pytest.raises(Permanent, match="left the order at packing"),
    ):
        tell(shop)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"POST orders/101/notes": error(500, "x")}, OutcomeUnknown),
        ({"POST orders/101/notes": error(400, "x", "No notes.")}, Permanent),
        ({"POST orders/101/notes": NOT_YOURS, "GET products": NOT_YOURS}, AuthExpired),
        ({"POST orders/101/notes": Answer(raw=b"<html>", status=200)}, OutcomeUnknown),
        # After the note nothing is certain to have had no effect.
        ({"PUT orders/101": error(429, "slow")}, OutcomeUnknown),
        ({"GET orders": rows()}, Permanent),
        ({"GET orders": rows(order(101, status="cancelled", line_items=[line(1, quantity=2)]))}, Permanent),
    ],
)
def test_what_each_fault_means(changed: dict[str, Any], fault: type[Exception]) -> None:
    with ScriptedShop(routes(**changed)) as shop, pytest.raises(fault) as raised:
        tell(shop)
    assert raised.type is fault or not issubclass(raised.type, Transient)


def test_a_lost_reading_before_the_first_write_had_no_effect() -> None:
    asked = 0

    def once(call: Call) -> Any:
        nonlocal asked
        asked += 1
        return rows(order(101, line_items=[line(1, quantity=2)]))(call) if asked == 1 else error(500, "x")

    with ScriptedShop(routes(**{"GET orders": once})) as shop, pytest.raises(Transient) as raised:
        tell(shop)
    assert not isinstance(raised.value, OutcomeUnknown)
    assert shop.paths("POST") == []
