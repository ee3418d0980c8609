"""What happened is told in English, and by a code with its values."""

from __future__ import annotations

import pytest

from app.domain.sentences import say


@pytest.mark.parametrize(
    ("code", "values", "text"),
    [
        ("reserved", {"count": 1, "order": "1001", "shop": "Web"}, "1 unit reserved for order 1001 at Web"),
        ("shipped", {"count": 2, "order": None, "shop": "Web"}, "2 units of an order at Web left the shelf"),
        (
            "open_before",
            {"order": "7", "shop": "Web", "on_hand_change": 0, "reserved_change": 3},
            "order 7 at Web was open when counting began: +3 reserved",
        ),
        (
            "received",
            {"count": 12, "who": "ben@example.com", "note": "delivery 4711", "place": "Main"},
            "12 units received by ben@example.com: delivery 4711 (Main)",
        ),
        (
            "read_refunded",
            {
                "shop": "Web",
                "state": "open",
                "payment": "partially_refunded",
                "refunded_minor": 500,
                "currency": "EUR",
            },
            "read last from Web: open, partially refunded, 5.00 EUR refunded",
        ),
    ],
)
def test_a_sentence_reads_as_people_write(code: str, values: dict[str, object], text: str) -> None:
    assert say(code, **values).text == text


def test_values_that_do_not_apply_are_left_out() -> None:
    told = say("reserved", count=1, order=None, shop="Web", note="").columns()
    assert (told["code"], told["values"]) == ("reserved", {"count": 1, "shop": "Web"})


def test_a_fault_that_a_sentence_speaks_of_is_told_to_programs_too() -> None:
    verdict = "order not applied: shop.example cannot be reached."
    told = say(
        "told_verdict", shop="Web", topic="order.updated", progress="retrying", verdict=verdict
    ).columns()
    assert told["values"]["verdict"] == verdict
    assert told["values"]["verdict_said"] == {
        "code": "order_not_applied",
        "values": {
            "problem": "shop.example cannot be reached.",
            "problem_said": {"code": "not_reached", "values": {"host": "shop.example"}},
        },
    }
    refused = {"shop": "Web", "from": 2, "to": 3, "answer": "Product is archived."}
    assert "answer_said" not in say("set_rejected", **refused).columns()["values"]
