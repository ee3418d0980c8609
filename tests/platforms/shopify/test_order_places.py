"""Which of a shop's locations each unit of an order is taken from."""

from __future__ import annotations

from typing import Any

from app.domain.orders import channel_total, ledger_effect
from app.platforms.shopify.order_mapper import to_order
from tests.platforms.shopify.samples import LATER, LATEST, fulfillment, line, order, refund, to_ship

NORTH, SOUTH = 71, 72


def effects_of(raw: dict[str, Any]) -> dict[str, tuple[int, int, int, int]]:
    """Location -> (quantity, committed, on_hand, what the channel did to its number there)"""
    found = {}
    for each in to_order(raw).lines:
        ledger = ledger_effect(each.parts, holds_stock=True)
        found[each.location_id] = (
            each.quantity,
            ledger.committed,
            ledger.on_hand,
            channel_total(each.channel_effects),
        )
    return found


def places(*fulfillment_orders: dict[str, Any]) -> dict[str, Any]:
    return {"fulfillmentOrders": {"nodes": list(fulfillment_orders)}}


def test_an_order_of_one_location_is_taken_from_there() -> None:
    assert effects_of(order(**places(to_ship(SOUTH)))) == {"72": (3, 3, 0, -3)}


def test_where_shopify_does_not_tell_it_is_not_told() -> None:
    assert effects_of(order()) == {"": (3, 3, 0, -3)}


def test_a_line_of_two_locations_is_two_lines_and_has_its_discount_once() -> None:
    raw = order(**places(to_ship(NORTH, 1), to_ship(SOUTH, 2)))
    assert effects_of(raw) == {"72": (2, 2, 0, -2), "71": (1, 1, 0, -1)}
    mapped = to_order(raw).lines
    assert {each.external_id for each in mapped} == {"1"}
    assert sum(each.discount_minor for each in mapped) == 100


def test_what_was_moved_is_taken_from_where_it_is_now() -> None:
    raw = order(**places(to_ship(NORTH, 3, status="CANCELLED"), to_ship(SOUTH, 3)))
    assert effects_of(raw) == {"72": (3, 3, 0, -3)}


def test_what_was_shipped_left_its_own_location() -> None:
    raw = order(
        line(unfulfilledQuantity=2),
        fulfillments=[fulfillment(1, place=SOUTH)],
        **places(to_ship(NORTH, 2), to_ship(SOUTH, 0, status="CLOSED")),
    )
    assert effects_of(raw) == {"71": (2, 2, 0, -2), "72": (1, 0, -1, -1)}


def test_what_comes_back_to_another_location_is_there() -> None:
    raw = order(
        line(unfulfilledQuantity=0, currentQuantity=2),
        fulfillments=[fulfillment(3, LATER, place=NORTH)],
        refunds=[refund(1, "RETURN", LATEST, place=SOUTH)],
        **places(to_ship(NORTH, status="CLOSED")),
    )
    assert effects_of(raw) == {"71": (3, 0, -3, -3), "72": (0, 0, 1, 1)}


def test_a_cancelled_line_comes_back_to_where_it_was() -> None:
    raw = order(
        line(unfulfilledQuantity=0, currentQuantity=0),
        cancelledAt=LATEST,
        refunds=[refund(3, "CANCEL", LATEST, place=SOUTH)],
        **places(to_ship(SOUTH, status="CANCELLED")),
    )
    assert effects_of(raw) == {"72": (3, 0, 0, 0)}


def test_what_is_written_off_is_lost_where_the_line_was() -> None:
    raw = order(
        line(unfulfilledQuantity=0, currentQuantity=0),
        cancelledAt=LATEST,
        refunds=[refund(3, "NO_RESTOCK", LATEST)],
        **places(to_ship(SOUTH, status="CANCELLED")),
    )
    assert effects_of(raw) == {"72": (3, 0, -3, -3)}


def test_more_units_than_the_line_has_are_believed_of_none() -> None:
    """The pages of an order are no snapshot: it was edited in between."""
    raw = order(**places(to_ship(NORTH, 2), to_ship(SOUTH, 4)))
    assert effects_of(raw) == {"72": (3, 3, 0, -3)}
