"""Which parcels of an order are ours, and what leaves from which location."""

from __future__ import annotations

from typing import Any

import pytest

from app.platforms.base import Fulfilled, Shipment, ShipmentShown
from app.platforms.errors import Permanent, Transient
from app.platforms.http import OutcomeUnknown
from app.platforms.shopify.documents import IDS_PER_CALL
from app.platforms.shopify.fulfillments import OpenRow, Parcel, fulfill, ours_of, plan, shipment_shown
from tests.platforms.misbehaving import answer

SHIPMENT = Shipment("1", "9", {"11": 2, "12": 1}, tracking_number="T", known_before=frozenset({"5"}))
NOTHING = ShipmentShown(frozenset(), {}, Fulfilled(()), whole=False)
FAR = 1e12


def row(location: str, line: str, remaining: int, number: int = 1) -> OpenRow:
    return OpenRow(location, f"fo-{location}", f"{location}-{line}-{number}", line, remaining)


def planned(rows: list[OpenRow], missing: dict[str, int]) -> list[dict[str, int]]:
    return [{each.row_id: units for each, units in parcel} for parcel in plan(rows, missing)]


def test_one_location_that_has_it_all_ships_it_all() -> None:
    rows = [row("A", "11", 1), row("B", "11", 1), row("B", "11", 1, 2), row("B", "12", 5)]
    assert planned(rows, {"11": 2, "12": 1}) == [{"B-11-1": 1, "B-11-2": 1, "B-12-1": 1}]


def test_else_each_location_ships_what_it_has() -> None:
    rows = [row("A", "11", 1), row("B", "12", 1), row("B", "11", 2)]
    assert planned(rows, {"11": 3, "12": 1}) == [{"A-11-1": 1}, {"B-12-1": 1, "B-11-1": 2}]


def test_each_location_ships_what_is_said_to_have_left_it() -> None:
    rows = [row("A", "11", 2), row("B", "11", 3), row("B", "12", 1)]
    told = {"11": {"A": 1, "B": 2}, "12": {"B": 1}}
    planned_as_told = [{r.row_id: n for r, n in parcel} for parcel in plan(rows, {"11": 3, "12": 1}, told)]
    assert planned_as_told == [{"A-11-1": 1}, {"B-11-1": 2, "B-12-1": 1}]


def test_what_is_said_to_have_left_a_location_that_has_none_leaves_another() -> None:
    """It was moved in the shop since."""
    rows = [row("A", "11", 2)]
    assert [[n for _row, n in parcel] for parcel in plan(rows, {"11": 2}, {"11": {"B": 2}})] == [[2]]


def test_fewer_open_units_than_missing_ships_none() -> None:
    with pytest.raises(Permanent, match="1 units fewer"):
        plan([row("A", "11", 1), row("B", "11", 1)], {"11": 3})


def test_no_call_names_more_rows_than_shopify_takes() -> None:
    rows = [row("A", str(n), 1) for n in range(IDS_PER_CALL + 1)]
    assert [len(parcel) for parcel in plan(rows, {r.line_id: 1 for r in rows})] == [IDS_PER_CALL, 1]


@pytest.mark.parametrize(
    ("parcels", "ours"),
    [
        ([{"11": 2, "12": 1}], ["0"]),
        ([{"11": 1}, {"11": 1, "12": 1}], ["0", "1"]),
        ([{"11": 2}, {"11": 1}], ["0"]),
        ([{"13": 1}, {"11": 3}, {"11": 1, "13": 1}, {}], []),
    ],
)
def test_a_parcel_is_ours_as_far_as_it_fits(parcels: list[dict[str, int]], ours: list[str]) -> None:
    found = ours_of(SHIPMENT, [Parcel(str(n), units) for n, units in enumerate(parcels)][::-1])
    assert [parcel.id for parcel in found] == ours


def fulfillments(*each: tuple[int, str]) -> dict[str, Any]:
    listed = [{"id": f"gid://shopify/Fulfillment/{number}", "status": status} for number, status in each]
    return {"order": {"cancelledAt": None, "fulfillments": listed}}


def trackings(*each: tuple[int, str | None]) -> dict[str, Any]:
    nodes = [
        {
            "id": f"gid://shopify/Fulfillment/{number}",
            "trackingInfo": [{"number": tracking}] if tracking else [],
        }
        for number, tracking in each
    ]
    return {"nodes": nodes}


def units(**by_line: int) -> dict[str, Any]:
    nodes = [
        {"quantity": quantity, "lineItem": {"id": f"gid://shopify/LineItem/{line.removeprefix('l')}"}}
        for line, quantity in by_line.items()
    ]
    page = {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": nodes}
    return {"node": {"fulfillmentLineItems": page}}


def test_only_new_parcels_with_our_tracking_are_looked_into(scripted: Any) -> None:
    shop = scripted(
        fulfillments((5, "SUCCESS"), (6, "SUCCESS"), (7, "ERROR"), (8, "CANCELLED"), (9, "SUCCESS")),
        trackings((6, "other"), (8, "T"), (9, "T")),
        units(l11=2),
        units(l12=1),
    )
    shown = shipment_shown(shop.client, SHIPMENT)
    assert (shown.whole, shown.found.ids, dict(shown.units)) == (True, ("8", "9"), {"11": 2, "12": 1})
    assert shop.asked()[1][1]["ids"] == [f"gid://shopify/Fulfillment/{n}" for n in (6, 8, 9)]


def test_without_tracking_only_parcels_without_any_are_ours(scripted: Any) -> None:
    shop = scripted(
        fulfillments((6, "SUCCESS"), (7, "SUCCESS")), trackings((6, "T"), (7, None)), units(l11=1)
    )
    shipment = Shipment("1", "9", {"11": 1}, known_before=frozenset())
    assert shipment_shown(shop.client, shipment).found.ids == ("7",)


def open_order(remaining: int) -> list[dict[str, Any]]:
    info = {"hasNextPage": False, "endCursor": None}
    place = {"location": {"id": "gid://shopify/Location/3"}}
    listed = {
        "id": "gid://shopify/FulfillmentOrder/4",
        "assignedLocation": place,
        "supportedActions": [{"action": "CREATE_FULFILLMENT"}],
    }
    line = {"id": "row", "remainingQuantity": remaining, "lineItem": {"id": "gid://shopify/LineItem/11"}}
    return [
        {"order": {"fulfillmentOrders": {"pageInfo": info, "nodes": [listed]}}},
        {"fulfillmentOrder": {"lineItems": {"pageInfo": info, "nodes": [line]}}},
    ]


ONE = Shipment("1", "9", {"11": 1}, carrier="DHL", tracking_number="T", notify_customer=True)


def test_the_mutation_says_what_left_and_is_sent_once(scripted: Any) -> None:
    done = {"fulfillmentCreate": {"fulfillment": {"id": "gid://shopify/Fulfillment/77"}, "userErrors": []}}
    shop = scripted(*open_order(3), done)
    assert fulfill(shop.client, ONE, NOTHING, deadline=FAR) == Fulfilled(("77",))
    rows = [
        {
            "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/4",
            "fulfillmentOrderLineItems": [{"id": "row", "quantity": 1}],
        }
    ]
    assert shop.asked()[-1] == (
        "Fulfill",
        {
            "fulfillment": {
                "lineItemsByFulfillmentOrder": rows,
                "notifyCustomer": True,
                "trackingInfo": {"company": "DHL", "number": "T"},
            }
        },
    )


def test_user_errors_are_permanent_and_lost_answers_are_not_repeated(scripted: Any) -> None:
    refused = {"fulfillmentCreate": {"fulfillment": None, "userErrors": [{"field": None, "message": "No."}]}}
    with pytest.raises(Permanent, match=r"Shopify refused: No\."):
        fulfill(scripted(*open_order(3), refused).client, ONE, NOTHING, deadline=FAR)
    shop = scripted(*open_order(3), answer(502, b"<html>"))
    with pytest.raises(OutcomeUnknown):
        fulfill(shop.client, ONE, NOTHING, deadline=FAR)
    assert len(shop.requests) == 3
    shop = scripted(answer(502))
    with pytest.raises(Transient) as fault:  # nothing was written by what only reads
        fulfill(shop.client, ONE, NOTHING, deadline=FAR)
    assert not isinstance(fault.value, OutcomeUnknown)


def test_nothing_is_sent_after_the_deadline(scripted: Any) -> None:
    shop = scripted(*open_order(3))
    with pytest.raises(Transient):
        fulfill(shop.client, ONE, NOTHING, deadline=0.0)
    assert [name for name, _variables in shop.asked()] == ["FulfillmentOrders", "FulfillmentOrderLines"]
