"""What a Shopify order says about each unit."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.orders import ChannelEffect, LinePart, PartKind, channel_total, ledger_effect
from app.platforms.base import OrderState, PaymentState
from app.platforms.shopify.order_mapper import customer_key, to_order
from tests.platforms.shopify.samples import (
    CREATED,
    LATER,
    LATEST,
    fulfillment,
    line,
    money,
    order,
    page,
    refund,
)

CREATED_AT = datetime(2026, 10, 1, 10, tzinfo=UTC)
LATER_AT = datetime(2026, 10, 2, 10, tzinfo=UTC)
LATEST_AT = datetime(2026, 10, 3, 10, tzinfo=UTC)


def parts_of(raw: dict[str, Any]) -> dict[PartKind, int]:
    found = dict.fromkeys(PartKind, 0)
    for part in to_order(raw).lines[0].parts:
        found[part.kind] += part.quantity
    return {kind: quantity for kind, quantity in found.items() if quantity}


def effects_of(raw: dict[str, Any]) -> tuple[int, int, int]:
    """(committed, on_hand, what the channel did to its number)"""
    mapped = to_order(raw).lines[0]
    ledger = ledger_effect(mapped.parts, holds_stock=True)
    return ledger.committed, ledger.on_hand, channel_total(mapped.channel_effects)


def test_a_new_order_takes_its_units_when_it_is_created() -> None:
    mapped = to_order(order())
    assert mapped.lines[0].parts == (LinePart(PartKind.ORDERED, 3, CREATED_AT),)
    assert mapped.lines[0].channel_effects == (ChannelEffect(-3, CREATED_AT),)
    assert effects_of(order()) == (3, 0, -3)


def test_amounts_names_and_times_are_taken_over() -> None:
    mapped = to_order(order())
    assert (mapped.external_id, mapped.number, mapped.currency) == ("450789469", "#1001", "EUR")
    assert (mapped.state, mapped.payment) == (OrderState.OPEN, PaymentState.PAID)
    assert (mapped.created_at, mapped.updated_at) == (CREATED_AT, LATEST_AT)
    assert (mapped.total_minor, mapped.subtotal_minor, mapped.tax_minor) == (3597, 2997, 200)
    assert (mapped.shipping_minor, mapped.discount_minor, mapped.refunded_minor) == (500, 100, 0)
    first = mapped.lines[0]
    assert (first.external_id, first.listing_external_id, first.sku) == ("1", "77", "MUG-R")
    assert (first.title, first.unit_price_minor, first.discount_minor) == ("Mug - Red", 999, 100)


def test_the_sums_of_an_order_add_up_also_after_it_was_cancelled_and_refunded() -> None:
    gone = line(currentQuantity=0, unfulfilledQuantity=0)
    refunded = {"refunds": [refund(3, "CANCEL")], "totalRefundedSet": money("35.97")}
    for mapped in (to_order(order()), to_order(order(gone, cancelledAt=LATEST, **refunded))):
        before_tax = mapped.subtotal_minor - mapped.discount_minor + mapped.shipping_minor
        assert before_tax + mapped.tax_minor == mapped.total_minor == 3597


def test_the_customer_is_known_by_a_hash_of_the_address() -> None:
    assert to_order(order()).customer_key == hashlib.sha256(b"ada@example.com").hexdigest()
    assert to_order(order(email=None)).customer_key == "8"
    assert to_order(order(email=None, customer=None)).customer_key is None
    assert customer_key("ADA@example.com", None) == customer_key("ada@EXAMPLE.com ", "9")


def test_a_yen_order_has_no_cents() -> None:
    raw = order(currencyCode="JPY", totalPriceSet={"shopMoney": {"amount": "1200.0"}})
    assert to_order(raw).total_minor == 1200


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("PENDING", PaymentState.PENDING),
        ("AUTHORIZED", PaymentState.AUTHORIZED),
        ("EXPIRED", PaymentState.FAILED),
        ("VOIDED", PaymentState.VOIDED),
        ("REFUNDED", PaymentState.REFUNDED),
        (None, PaymentState.PENDING),
        ("SOMETHING_NEW", PaymentState.PENDING),
    ],
)
def test_payment_states(status: str | None, state: PaymentState) -> None:
    assert to_order(order(displayFinancialStatus=status)).payment is state


def test_a_shipped_order_is_fulfilled_and_leaves_the_shelf_on_the_day_of_shipping() -> None:
    raw = order(
        line(unfulfilledQuantity=0), displayFulfillmentStatus="FULFILLED", fulfillments=[fulfillment(3)]
    )
    assert to_order(raw).state is OrderState.FULFILLED
    assert LinePart(PartKind.FULFILLED, 3, LATER_AT) in to_order(raw).lines[0].parts
    assert effects_of(raw) == (0, -3, -3)


@pytest.mark.parametrize("status", ["CANCELLED", "ERROR", "FAILURE"])
def test_a_fulfillment_that_failed_shipped_nothing(status: str) -> None:
    assert effects_of(order(fulfillments=[fulfillment(3, status=status)])) == (3, 0, -3)


def test_several_fulfillments_add_up() -> None:
    raw = order(line(unfulfilledQuantity=0), fulfillments=[fulfillment(1), fulfillment(2, LATEST)])
    assert effects_of(raw) == (0, -3, -3)


@pytest.mark.parametrize("restock_type", ["CANCEL", "LEGACY_RESTOCK", "RETURN"])
def test_units_never_shipped_that_are_restocked_are_free_again(restock_type: str) -> None:
    raw = order(line(currentQuantity=1, unfulfilledQuantity=1), refunds=[refund(2, restock_type)])
    assert parts_of(raw) == {PartKind.ORDERED: 3, PartKind.REMOVED_RESTOCKED: 2}
    assert to_order(raw).lines[0].channel_effects[-1] == ChannelEffect(2, LATEST_AT)
    assert effects_of(raw) == (1, 0, -1)


def test_units_never_shipped_that_are_not_restocked_are_lost() -> None:
    raw = order(line(currentQuantity=1, unfulfilledQuantity=1), refunds=[refund(2, "NO_RESTOCK")])
    assert parts_of(raw) == {PartKind.ORDERED: 3, PartKind.REMOVED_LOST: 2}
    assert effects_of(raw) == (1, -2, -3)


@pytest.mark.parametrize("restock_type", ["RETURN", "LEGACY_RESTOCK"])
def test_shipped_units_that_come_back_are_on_the_shelf_again(restock_type: str) -> None:
    raw = order(
        line(currentQuantity=2, unfulfilledQuantity=0),
        fulfillments=[fulfillment(3)],
        refunds=[refund(1, restock_type)],
    )
    assert parts_of(raw) == {
        PartKind.ORDERED: 3,
        PartKind.FULFILLED: 3,
        PartKind.RETURNED_RESTOCKED: 1,
    }
    assert effects_of(raw) == (0, -2, -2)


def test_shipped_units_refunded_without_a_return_move_nothing() -> None:
    raw = order(
        line(currentQuantity=2, unfulfilledQuantity=0),
        fulfillments=[fulfillment(3)],
        refunds=[refund(1, "NO_RESTOCK")],
    )
    assert parts_of(raw) == {PartKind.ORDERED: 3, PartKind.FULFILLED: 3}
    assert effects_of(raw) == (0, -3, -3)


@pytest.mark.parametrize(
    ("unfulfilled", "lost"),
    [(2, 0), (1, 1)],
    ids=["the_shipped_unit_was_refunded", "an_open_unit_was_refunded"],
)
def test_a_refund_of_a_half_shipped_line_goes_by_what_is_left_to_ship(unfulfilled: int, lost: int) -> None:
    raw = order(
        line(currentQuantity=2, unfulfilledQuantity=unfulfilled),
        fulfillments=[fulfillment(1)],
        refunds=[refund(1, "NO_RESTOCK")],
    )
    assert parts_of(raw).get(PartKind.REMOVED_LOST, 0) == lost
    assert effects_of(raw) == (2 - lost, -1 - lost, -3)


def test_units_refunded_before_others_were_shipped_were_never_shipped() -> None:
    raw = order(
        line(currentQuantity=1, unfulfilledQuantity=0),
        fulfillments=[fulfillment(1, LATEST)],
        refunds=[refund(2, "CANCEL", LATER)],
    )
    assert effects_of(raw) == (0, -1, -1)


def test_a_return_before_anything_was_shipped_speaks_of_units_never_shipped() -> None:
    raw = order(
        line(currentQuantity=2, unfulfilledQuantity=0),
        fulfillments=[fulfillment(2, LATEST)],
        refunds=[refund(1, "RETURN", LATER)],
    )
    assert effects_of(raw) == (0, -2, -2)


def test_a_cancelled_order_that_was_restocked_leaves_no_trace() -> None:
    raw = order(
        line(currentQuantity=0, unfulfilledQuantity=0), cancelledAt=LATEST, refunds=[refund(3, "CANCEL")]
    )
    assert to_order(raw).state is OrderState.CANCELLED
    assert effects_of(raw) == (0, 0, 0)


@pytest.mark.parametrize("unfulfilled", [0, 3])
def test_a_cancelled_order_without_restock_gives_nothing_back(unfulfilled: int) -> None:
    raw = order(line(currentQuantity=0, unfulfilledQuantity=unfulfilled), cancelledAt=LATER)
    assert LinePart(PartKind.REMOVED_LOST, 3, LATER_AT) in to_order(raw).lines[0].parts
    assert effects_of(raw) == (0, -3, -3)


def test_a_cancelled_order_keeps_what_was_shipped() -> None:
    raw = order(
        line(currentQuantity=0, unfulfilledQuantity=0),
        cancelledAt=LATEST,
        fulfillments=[fulfillment(1)],
        refunds=[refund(2, "CANCEL")],
    )
    assert effects_of(raw) == (0, -1, -1)


def test_units_edited_away_without_a_refund_line_are_not_given_back() -> None:
    raw = order(line(currentQuantity=1, unfulfilledQuantity=1), edited=True)
    assert effects_of(raw) == (1, -2, -3)


def test_units_of_an_edited_order_are_not_dated_before_they_may_have_come() -> None:
    assert to_order(order(edited=True)).lines[0].channel_effects == (ChannelEffect(-3, LATEST_AT),)
    shipped = to_order(order(edited=True, fulfillments=[fulfillment(1)]))
    assert shipped.lines[0].channel_effects == (ChannelEffect(-3, LATER_AT),)


def test_a_test_order_moves_nothing() -> None:
    mapped = to_order(order(test=True))
    assert mapped.is_test
    assert mapped.lines[0].parts == ()
    assert mapped.lines[0].channel_effects == ()


def test_a_line_of_a_deleted_variant_is_kept_unlinked() -> None:
    first = to_order(order(line(variant=None, sku=""))).lines[0]
    assert (first.listing_external_id, first.sku) == (None, None)


def test_lines_do_not_mix() -> None:
    raw = order(line(1), line(2, currentQuantity=0), refunds=[refund(3, "CANCEL", number=2)])
    first, second = to_order(raw).lines
    assert channel_total(first.channel_effects) == -3
    assert channel_total(second.channel_effects) == 0


def test_an_imported_refund_without_a_creation_time_takes_the_time_it_was_processed() -> None:
    odd = refund(1, "CANCEL", CREATED) | {"createdAt": None}
    assert to_order(order(refunds=[odd])).lines[0].channel_effects[-1].at == CREATED_AT


movements = st.lists(
    st.tuples(
        st.sampled_from(["SHIP", "CANCEL", "RETURN", "NO_RESTOCK", "LEGACY_RESTOCK"]),
        st.integers(1, 4),
        st.integers(1, 28),
    ),
    max_size=6,
)


@given(quantity=st.integers(1, 10), moved=movements, cancelled=st.booleans(), unfulfilled=st.integers(0, 10))
def test_no_history_makes_units_appear(
    quantity: int, moved: list[tuple[str, int, int]], cancelled: bool, unfulfilled: int
) -> None:
    """Whatever a shop claims: the kinds stay within the units ordered, and returns within shipments."""
    stamp = "2026-10-{:02d}T10:00:00Z".format
    raw = order(
        line(quantity=quantity, currentQuantity=0, unfulfilledQuantity=min(unfulfilled, quantity)),
        cancelledAt=LATEST if cancelled else None,
        fulfillments=[fulfillment(units, stamp(day)) for what, units, day in moved if what == "SHIP"],
        refunds=[refund(units, what, stamp(day)) for what, units, day in moved if what != "SHIP"],
    )
    found = parts_of(raw)
    shipped = found.get(PartKind.FULFILLED, 0)
    removed = found.get(PartKind.REMOVED_RESTOCKED, 0) + found.get(PartKind.REMOVED_LOST, 0)
    assert removed <= max(quantity - shipped, 0)
    assert found.get(PartKind.RETURNED_RESTOCKED, 0) <= shipped
    assert ledger_effect(to_order(raw).lines[0].parts, holds_stock=True).committed >= 0
    if cancelled:
        assert removed == max(quantity - shipped, 0)


def test_an_order_without_lines_is_an_order() -> None:
    assert to_order(order(lineItems=page())).lines == ()
