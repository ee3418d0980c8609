from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.orders import (
    ChannelEffect,
    LinePart,
    PartKind,
    channel_changes,
    channel_total,
    ledger_effect,
)
from app.domain.stock import Movement
from app.platforms.base import ExternalOrderLine, OrderState, PaymentState
from app.platforms.woocommerce import PLATFORM
from app.platforms.woocommerce.order_mapper import is_draft, order_from
from tests.platforms.woocommerce.payloads import line, order, refund, refund_stub

CREATED = datetime(2026, 3, 22, 19, 28, 2, tzinfo=UTC)
PAID = datetime(2026, 3, 22, 19, 28, 6, tzinfo=UTC)
MODIFIED = datetime(2026, 3, 22, 19, 28, 8, tzinfo=UTC)
COMPLETED = datetime(2026, 3, 24, 8, 0, 0, tzinfo=UTC)
BEFORE, AFTER = "2026-03-23T09:00:00", "2026-03-25T09:00:00"
COMPLETED_TEXT = "2026-03-24T08:00:00"


def the_line(refunds: tuple[dict[str, Any], ...] = (), **changes: Any) -> ExternalOrderLine:
    stubs = [refund_stub(found["id"]) for found in refunds]
    return order_from(order(**({"refunds": stubs} | changes)), refunds).lines[0]


def effect(found: ExternalOrderLine, *, holds: bool) -> Movement:
    return ledger_effect(found.parts, holds_stock=holds)


def kinds(found: ExternalOrderLine) -> dict[PartKind, int]:
    return {part.kind: part.quantity for part in found.parts}


def test_a_paid_order_with_its_money() -> None:
    found = order_from(order(), ())
    assert (found.external_id, found.number, found.currency) == ("727", "727-A", "EUR")
    assert (found.state, found.payment) == (OrderState.OPEN, PaymentState.PAID)
    assert (found.created_at, found.updated_at) == (CREATED, MODIFIED)
    assert (found.total_minor, found.subtotal_minor, found.tax_minor) == (3808, 3000, 608)
    assert (found.shipping_minor, found.discount_minor, found.refunded_minor) == (500, 300, 0)
    assert found.is_test is False
    (sold,) = found.lines
    assert (sold.external_id, sold.listing_external_id, sold.sku) == ("315", "93", "WOO-1")
    assert (sold.quantity, sold.unit_price_minor) == (3, 1000)
    assert (sold.tax_minor, sold.discount_minor) == (513, 300)
    assert sold.parts == (LinePart(PartKind.ORDERED, 3, CREATED),)
    assert sold.channel_effects == (ChannelEffect(-3, PAID),)


def test_a_variation_is_the_listing_and_a_deleted_product_none() -> None:
    assert the_line(line_items=[line(variation_id=94)]).listing_external_id == "94"
    assert the_line(line_items=[line(product_id=0)]).listing_external_id is None


@pytest.mark.parametrize(
    ("status", "payment", "state"),
    [
        ("pending", PaymentState.PENDING, OrderState.OPEN),
        ("on-hold", PaymentState.ON_HOLD, OrderState.OPEN),
        ("processing", PaymentState.PAID, OrderState.OPEN),
        ("completed", PaymentState.PAID, OrderState.FULFILLED),
        ("cancelled", PaymentState.VOIDED, OrderState.CANCELLED),
        ("refunded", PaymentState.REFUNDED, OrderState.CANCELLED),
        ("failed", PaymentState.FAILED, OrderState.CANCELLED),
    ],
)
def test_each_status_has_its_payment_and_state(status: str, payment: PaymentState, state: OrderState) -> None:
    found = order_from(order(status=status), ())
    assert (found.payment, found.state) == (payment, state)


def test_the_states_that_hold_stock_are_those_that_take_it_in_the_shop() -> None:
    holding = PLATFORM.capabilities.holding_payments
    assert {PaymentState.ON_HOLD, PaymentState.PAID, PaymentState.PARTIALLY_REFUNDED} <= holding
    assert not {PaymentState.PENDING, PaymentState.VOIDED, PaymentState.FAILED} & holding


def test_a_pending_order_took_nothing_from_the_shop() -> None:
    found = the_line(status="pending", date_paid_gmt=None, line_items=[line()])
    assert found.channel_effects == ()
    assert effect(found, holds=False) == Movement()


def test_an_on_hold_order_took_its_units_when_it_was_placed() -> None:
    assert the_line(status="on-hold").channel_effects == (ChannelEffect(-3, CREATED),)


def test_a_cancelled_order_gives_everything_back() -> None:
    found = the_line(status="cancelled", line_items=[line()])
    assert found.parts[1:] == (LinePart(PartKind.REMOVED_RESTOCKED, 3, MODIFIED),)
    assert effect(found, holds=True) == Movement()
    taken, given_back = found.channel_effects
    assert (taken.delta, given_back) == (-3, ChannelEffect(3, MODIFIED))
    unpaid = the_line(status="cancelled", date_paid_gmt=None, line_items=[line()])
    assert unpaid.channel_effects == ()


def test_cancelling_and_processing_again_books_each_change_once() -> None:
    placed, undone = the_line(), the_line(status="cancelled", line_items=[line()])
    known = placed.channel_effects
    back = channel_changes(undone.channel_effects, known=known, applied=-3, undated_at=MODIFIED)
    assert back == (ChannelEffect(3, MODIFIED),)
    known = undone.channel_effects
    again = channel_changes(placed.channel_effects, known=known, applied=0, undated_at=MODIFIED)
    assert sum(each.delta for each in again) == -3


def test_a_failed_order_keeps_what_the_shop_did_not_give_back() -> None:
    found = the_line(status="failed")
    assert effect(found, holds=False) == Movement()
    assert channel_total(found.channel_effects) == -3


def test_a_completed_order_left_the_house() -> None:
    found = the_line(status="completed", date_completed_gmt=COMPLETED_TEXT)
    assert found.parts[1:] == (LinePart(PartKind.FULFILLED, 3, COMPLETED),)
    assert effect(found, holds=True) == Movement(on_hand=-3, committed=0)


def test_an_order_stepped_back_from_completed_is_open_again() -> None:
    found = the_line(status="processing", date_completed_gmt=COMPLETED_TEXT)
    assert effect(found, holds=True) == Movement(on_hand=0, committed=3)


def test_a_refund_with_restock_before_shipping_releases_units() -> None:
    found = the_line((refund(1, BEFORE, {315: 1}),), line_items=[line(reduced=2, restocked=1)])
    assert found.parts[1].kind is PartKind.REMOVED_RESTOCKED
    assert found.parts[1].at == datetime(2026, 3, 23, 9, tzinfo=UTC)
    assert effect(found, holds=True) == Movement(on_hand=0, committed=2)
    known = the_line().channel_effects
    changed = channel_changes(found.channel_effects, known=known, applied=-3, undated_at=MODIFIED)
    assert changed == (ChannelEffect(1, datetime(2026, 3, 23, 9, tzinfo=UTC)),)


def test_a_refund_without_restock_before_shipping_loses_units() -> None:
    found = the_line((refund(1, BEFORE, {315: 1}),))
    assert kinds(found) == {PartKind.ORDERED: 3, PartKind.REMOVED_LOST: 1}
    assert effect(found, holds=True) == Movement(on_hand=-1, committed=2)
    assert channel_total(found.channel_effects) == -3


def test_refunds_before_and_after_shipping_are_told_apart() -> None:
    refunds = (refund(2, AFTER, {315: 1}), refund(1, BEFORE, {315: 1}))
    found = the_line(
        refunds,
        status="completed",
        date_completed_gmt=COMPLETED_TEXT,
        line_items=[line(reduced=1, restocked=2)],
    )
    assert kinds(found) == {
        PartKind.ORDERED: 3,
        PartKind.REMOVED_RESTOCKED: 1,
        PartKind.FULFILLED: 2,
        PartKind.RETURNED_RESTOCKED: 1,
    }
    assert effect(found, holds=True) == Movement(on_hand=-1, committed=0)
    assert channel_total(found.channel_effects) == -1


def test_a_refund_of_shipped_units_without_restock_moves_nothing() -> None:
    found = the_line((refund(1, AFTER, {315: 2}),), status="completed", date_completed_gmt=COMPLETED_TEXT)
    assert effect(found, holds=True) == Movement(on_hand=-3, committed=0)


def test_an_order_refunded_in_full_with_its_lines_restocked() -> None:
    found = the_line(
        (refund(1, BEFORE, {315: 3}),), status="refunded", line_items=[line(reduced=0, restocked=3)]
    )
    assert effect(found, holds=True) == Movement()
    assert channel_total(found.channel_effects) == 0


def test_an_order_whose_money_alone_was_refunded_keeps_its_units_lost() -> None:
    money_only = {"id": 1, "date_created_gmt": BEFORE, "line_items": []}
    found = the_line((money_only,), status="refunded")
    assert found.parts[1:] == (LinePart(PartKind.REMOVED_LOST, 3, datetime(2026, 3, 23, 9, tzinfo=UTC)),)
    assert effect(found, holds=True) == Movement(on_hand=-3, committed=0)


def test_a_shipped_order_refunded_in_full_stays_shipped() -> None:
    money_only = {"id": 1, "date_created_gmt": AFTER, "line_items": []}
    changes: dict[str, Any] = {"status": "refunded", "date_completed_gmt": COMPLETED_TEXT}
    assert effect(the_line((money_only,), **changes), holds=True) == Movement(on_hand=-3)
    assert order_from(order(**changes), ()).state is OrderState.FULFILLED


def test_a_shipped_order_cancelled_afterwards_came_back() -> None:
    found = the_line(status="cancelled", date_completed_gmt=COMPLETED_TEXT, line_items=[line()])
    assert effect(found, holds=False) == Movement()


def test_a_partial_refund_shows_in_the_payment_and_the_money() -> None:
    found = order_from(order(refunds=[refund_stub(1, "-9.00"), refund_stub(2, "-1.50")]), ())
    assert (found.payment, found.refunded_minor) == (PaymentState.PARTIALLY_REFUNDED, 1050)


def test_a_refund_of_another_line_leaves_this_one() -> None:
    assert kinds(the_line((refund(1, BEFORE, {999: 1}),))) == {PartKind.ORDERED: 3}


@pytest.mark.parametrize(
    ("meta", "payment"),
    [
        ([{"key": "_wp_trash_meta_status", "value": "wc-processing"}], PaymentState.PAID),
        ([{"key": "_wp_trash_meta_status", "value": "wc-cancelled"}], PaymentState.VOIDED),
        ([], PaymentState.PAID),
    ],
)
def test_a_trashed_order_keeps_its_sale(meta: list[dict[str, str]], payment: PaymentState) -> None:
    found = order_from(order(status="trash", meta_data=meta), ())
    assert (found.state, found.payment) == (OrderState.TRASHED, payment)
    assert channel_total(found.lines[0].channel_effects) == -3


def test_a_trashed_order_of_forgotten_status_that_holds_nothing_in_the_shop_holds_nothing_here() -> None:
    found = order_from(order(status="trash", line_items=[line()]), ())
    assert found.payment not in PLATFORM.capabilities.holding_payments


@pytest.mark.parametrize(
    ("paid", "reduced", "payment"),
    [
        ("2026-03-22T19:28:06", 3, PaymentState.PAID),
        ("2026-03-22T19:28:06", None, PaymentState.PAID),
        (None, 3, PaymentState.ON_HOLD),
        (None, None, PaymentState.PENDING),
    ],
)
def test_a_plugins_status_is_judged_by_what_the_shop_did(
    paid: str | None, reduced: int | None, payment: PaymentState
) -> None:
    doc = order(status="awaiting-pickup", date_paid_gmt=paid, line_items=[line(reduced=reduced)])
    assert order_from(doc, ()).payment is payment
    assert order_from(doc, ()).state is OrderState.OPEN


def test_the_customer_is_a_hash_of_the_email_else_the_shops_id() -> None:
    assert order_from(order(), ()).customer_key == hashlib.sha256(b"ada@example.com").hexdigest()
    assert order_from(order(billing={"email": ""}, customer_id=26), ()).customer_key == "26"
    assert order_from(order(billing={}, customer_id=0), ()).customer_key is None


def test_a_basket_in_the_checkout_is_a_draft() -> None:
    assert is_draft(order(status="checkout-draft"))
    assert not is_draft(order())


def test_an_empty_line_costs_no_division() -> None:
    assert the_line(line_items=[line(quantity=0, subtotal="0.00", total="0.00")]).unit_price_minor == 0
