"""What happened, told to people: English here, and a code with its values by which a program says it in
another language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.fault_texts import said_of
from app.domain.money import from_minor

SENTENCES: Mapping[str, str] = {
    # The ledger moved.
    "reserved": "{units} reserved for {of_order}",
    "freed": "{units} of {of_order} free again",
    "shipped": "{units} of {of_order} left the shelf",
    "settled": "{of_order}: {deltas}",
    "returned": "{units} of {of_order} came back to the shelf",
    "changed_at_shop": "the number at {shop} was changed there by {change:+d}",
    "open_before": "{of_order} was open when counting began: {deltas}",
    "first_sync": "set by {shop}'s number at its first sync: {change:+d}",
    "counting_began": "counting began with {units} from {shop}",
    "taken_back": "what had been changed by {change:+d} was taken back",
    "became_bundle": "it became a bundle: {change:+d} of its own stock",
    "moved_from_another": "moved from another location at {shop}: {change:+d}",
    "moved_to_another": "moved to another location at {shop}: {change:+d}",
    "moved_from": "{units} moved from {location} by {who}",
    "moved_to": "{units} moved to {location} by {who}",
    "received": "{units} received by {who}",
    "received_as": "{units} received ({reason}) by {who}",
    "added": "{units} added ({reason}) by {who}",
    "taken_off": "{units} taken off ({reason}) by {who}",
    "counted": "{units} counted by {who} where the ledger had {before}",
    "other": "{cause}: {deltas}",
    # A shop was told.
    "set_applied": "{shop} was told to show {to} instead of {from}: done",
    "set_stale": "{shop} was told to show {to} instead of {from}: it showed another number by then",
    "set_open": "{shop} was told to show {to} instead of {from}: no answer yet",
    "set_rejected": "{shop} was told to show {to} instead of {from}: refused ({answer})",
    "set_failed": "{shop} was told to show {to} instead of {from}: not done ({answer})",
    "set_not_done": "{shop} was told to show {to} instead of {from}: not done",
    "delta_applied": "{shop} was told to change its number by {change:+d}: done",
    "delta_stale": "{shop} was told to change its number by {change:+d}: it showed another number by then",
    "delta_open": "{shop} was told to change its number by {change:+d}: no answer yet",
    "delta_rejected": "{shop} was told to change its number by {change:+d}: refused ({answer})",
    "delta_failed": "{shop} was told to change its number by {change:+d}: not done ({answer})",
    "delta_not_done": "{shop} was told to change its number by {change:+d}: not done",
    # A shop showed what nothing explains.
    "drift_pending": "{shop} showed a change of {change:+d} that no order or write explains: being looked at",
    "drift_review": "{shop} showed a change of {change:+d} that no order or write explains:"
    " waits for you to decide",
    "drift_booked": "{shop} showed a change of {change:+d} that no order or write explains:"
    " taken over into the ledger",
    "drift_overwritten": "{shop} showed a change of {change:+d} that no order or write explains:"
    " overwritten with the ledger's number",
    "drift_reversed": "{shop} showed a change of {change:+d} that no order or write explains at first:"
    " explained since",
    # An order.
    "placed": "placed at {shop} as {order}",
    "known": "first known here",
    "read": "read last from {shop}: {state}, {payment}",
    "read_refunded": "read last from {shop}: {state}, {payment}, {refunded} refunded",
    "line_ordered": "{count} of {what} added to the order",
    "line_removed_restocked": "{count} of {what} cancelled or refunded before it left, back on the shelf",
    "line_removed_lost": "{count} of {what} cancelled or refunded before it left, not put back",
    "line_fulfilled": "{count} of {what} left the house",
    "line_returned_restocked": "{count} of {what} came back to the shelf",
    "told": "{shop} told of it, {progress}",
    "told_verdict": "{shop} told of it, {progress}: {verdict}",
    "shipment": "shipment of {count} entered",
    "shipment_by": "shipment of {count} entered ({carrier})",
    "shipment_told": "{shop} has the shipment",
    "shipment_noted": "{shop} was told of the shipment in a note",
    "shipment_retried": "shipment retried",
    "shipment_cancelled": "shipment cancelled",
}
"""Code -> English. Codes are stable, and so is what their values are called: `count` units, a `change` with
its sign, and what else the braces name. `units`, `of_order`, `deltas` and `refunded` are made of `count`, of
`order` and `shop`, of `on_hand_change` and `reserved_change`, and of `refunded_minor` and `currency`. A
`note` and a `place` stand behind whatever it is, where there are any. What a shop told has the platform's own
`topic` among its values."""
FAULTS_IN_THEM = {"answer", "verdict"}
"""Values that are texts of faults: what those say, where it is known, stands beside them (`answer_said`)."""


@dataclass(frozen=True, slots=True)
class Sentence:
    code: str
    values: Mapping[str, Any]

    @property
    def text(self) -> str:
        """In English."""
        words = SENTENCES[self.code].format_map({**self.values, **_made_of(self.values)})
        note, place = self.values.get("note"), self.values.get("place")
        return f"{words}{f': {note}' if note else ''}{f' ({place})' if place else ''}"

    def columns(self) -> dict[str, Any]:
        """As rows of lists carry it. Values that do not apply are left out."""
        values = {name: value for name, value in self.values.items() if value not in (None, "")}
        for name in FAULTS_IN_THEM & values.keys():
            if said := said_of(values[name]):
                values[f"{name}_said"] = said
        return {"text": self.text, "code": self.code, "values": values}


def say(code: str, **values: Any) -> Sentence:
    return Sentence(code, values)


def _made_of(values: Mapping[str, Any]) -> dict[str, str]:
    count, order, shop = values.get("count"), values.get("order"), values.get("shop")
    parts = [(values.get("on_hand_change"), "on hand"), (values.get("reserved_change"), "reserved")]
    return {
        "units": "1 unit" if count == 1 else f"{count} units",
        "of_order": f"order {order} at {shop}" if order else f"an order at {shop}",
        "deltas": ", ".join(f"{change:+d} {name}" for change, name in parts if change),
        **{name: values[name].replace("_", " ") for name in ("state", "payment") if name in values},
        **_refunded(values),
    }


def _refunded(values: Mapping[str, Any]) -> dict[str, str]:
    minor, currency = values.get("refunded_minor"), values.get("currency")
    return (
        {} if minor is None or currency is None else {"refunded": f"{from_minor(minor, currency)} {currency}"}
    )
