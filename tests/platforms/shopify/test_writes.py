"""The outcome of every number written, whatever Shopify answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from app.platforms.base import CellRef, StockWrite, WriteKind, WriteOutcome, WriteResult
from app.platforms.errors import AuthExpired, Transient
from app.platforms.http import Http, OutcomeUnknown, new_session
from app.platforms.shopify.client import ShopifyClient
from app.platforms.shopify.writes import withdraw, write_levels
from tests.platforms.misbehaving import MisbehavingShop, Step, answer, raw, silence
from tests.platforms.shopify.test_client import UNAUTHORIZED, failing, says, throttled

WRITES = [StockWrite(CellRef(str(n), "9"), from_quantity=10 + n, to_quantity=n) for n in range(3)]
HANG_UP = raw(b"")


def errors(*found: tuple[str, list[str] | None], root: str = "inventorySetQuantities") -> Step:
    listed = [{"code": code, "field": field, "message": "no"} for code, field in found]
    return says({"data": {root: {"userErrors": listed}}})


def at(index: int) -> list[str]:
    return ["input", "quantities", str(index), "quantity"]


APPLIED = errors()


@pytest.fixture
def shop() -> Any:
    opened: list[MisbehavingShop] = []

    def start(*steps: Step) -> MisbehavingShop:
        opened.append(MisbehavingShop(*steps))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


Open = Callable[..., MisbehavingShop]


def write(
    server: MisbehavingShop, kind: WriteKind = WriteKind.SET, *, seconds: float = 20.0, expired: bool = False
) -> list[WriteResult]:
    def renewed(stale: str) -> str:
        if expired:
            raise AuthExpired
        return "new"

    http = Http(new_session(allow_private=True), sleep=lambda _: None, answer_seconds=5.0)
    client = ShopifyClient(http, server.url, token=lambda: "t", renewed=renewed, sleep=lambda _: None)
    return write_levels(
        client,
        WRITES,
        kind=kind,
        key="attempt:7/1",
        deadline=time.monotonic() + seconds,
        sleep=lambda _: None,
    )


ROOTS = {WriteKind.SET: "inventorySetQuantities", WriteKind.DELTA: "inventoryAdjustQuantities"}


def call_off(server: MisbehavingShop, kind: WriteKind = WriteKind.SET) -> list[WriteResult]:
    http = Http(new_session(allow_private=True), sleep=lambda _: None, answer_seconds=5.0)
    client = ShopifyClient(http, server.url, token=lambda: "t", renewed=lambda _: "t", sleep=lambda _: None)
    return withdraw(client, WRITES, kind=kind, key="attempt:7/1")


def outcomes(results: list[WriteResult]) -> list[WriteOutcome]:
    assert [result.ref for result in results] == [each.ref for each in WRITES]
    return [result.outcome for result in results]


def sent(server: MisbehavingShop, index: int = 0) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(server.requests[index].partition(b"\r\n\r\n")[2])
    return body


def test_a_set_says_the_number_it_expects_and_carries_the_key(shop: Open) -> None:
    server = shop(APPLIED)
    assert outcomes(write(server)) == [WriteOutcome.APPLIED] * 3
    assert "@idempotent(key: $key)" in sent(server)["query"]
    variables = sent(server)["variables"]
    assert variables["key"] == "attempt:7/1"
    assert variables["input"]["name"] == "available"
    assert variables["input"]["quantities"][1] == {
        "inventoryItemId": "gid://shopify/InventoryItem/1",
        "locationId": "gid://shopify/Location/9",
        "quantity": 1,
        "changeFromQuantity": 11,
    }


def test_a_delta_opts_out_of_compare_and_set_in_so_many_words(shop: Open) -> None:
    server = shop(errors(root="inventoryAdjustQuantities"))
    assert outcomes(write(server, WriteKind.DELTA)) == [WriteOutcome.APPLIED] * 3
    change = sent(server)["variables"]["input"]["changes"][2]
    assert change["delta"] == -10
    assert change["changeFromQuantity"] is None


def test_one_stale_number_keeps_the_whole_call_from_being_written(shop: Open) -> None:
    results = write(shop(errors(("CHANGE_FROM_QUANTITY_STALE", at(1)))))
    assert outcomes(results) == [WriteOutcome.NOT_APPLIED, WriteOutcome.STALE, WriteOutcome.NOT_APPLIED]
    assert results[1].code == "CHANGE_FROM_QUANTITY_STALE"


@pytest.mark.parametrize(
    "code",
    ["INVALID_QUANTITY_NEGATIVE", "NON_MUTABLE_INVENTORY_ITEM", "INVALID_INVENTORY_ITEM", "INVALID_LOCATION"],
)
def test_a_number_that_can_never_be_written_is_rejected_alone(shop: Open, code: str) -> None:
    results = write(shop(errors((code, at(0)), ("CHANGE_FROM_QUANTITY_STALE", at(2)))))
    assert outcomes(results) == [WriteOutcome.REJECTED, WriteOutcome.NOT_APPLIED, WriteOutcome.STALE]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [("CHANGE_FROM_QUANTITY_STALE", WriteOutcome.STALE), ("INVALID_REASON", WriteOutcome.REJECTED)],
)
def test_an_error_that_names_no_number_is_everybodys(shop: Open, code: str, outcome: WriteOutcome) -> None:
    assert outcomes(write(shop(errors((code, None))))) == [outcome] * 3


@pytest.mark.parametrize(
    "code", ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "SERVICE_UNAVAILABLE", "ADJUST_QUANTITIES_FAILED"]
)
def test_a_failed_call_may_be_tried_anew(shop: Open, code: str) -> None:
    assert outcomes(write(shop(errors((code, None))))) == [WriteOutcome.NOT_APPLIED] * 3


def test_a_key_that_was_used_up_keeps_its_call_from_being_written(shop: Open) -> None:
    mismatch = "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
    assert outcomes(write(shop(errors((mismatch, None))))) == [WriteOutcome.NOT_APPLIED] * 3
    assert outcomes(write(shop(failing(mismatch)))) == [WriteOutcome.NOT_APPLIED] * 3


def test_a_call_still_running_elsewhere_is_asked_again(shop: Open) -> None:
    server = shop(errors(("IDEMPOTENCY_CONCURRENT_REQUEST", None)), APPLIED)
    assert outcomes(write(server)) == [WriteOutcome.APPLIED] * 3


@pytest.mark.parametrize(
    "running",
    [errors(("IDEMPOTENCY_CONCURRENT_REQUEST", None)), failing("IDEMPOTENCY_CONCURRENT_REQUEST")],
)
def test_a_call_that_goes_on_running_is_unknown(shop: Open, running: Step) -> None:
    assert outcomes(write(shop(running))) == [WriteOutcome.UNKNOWN] * 3


@pytest.mark.parametrize(
    "lost",
    [HANG_UP, answer(502), answer(200, b"<html>"), answer(200, b'{"da'), failing("INTERNAL_SERVER_ERROR")],
)
class TestLostAnswers:
    def test_are_asked_for_again_with_the_identical_call(self, shop: Open, lost: Step) -> None:
        server = shop(lost, APPLIED)
        assert outcomes(write(server)) == [WriteOutcome.APPLIED] * 3
        assert sent(server, 0) == sent(server, 1)

    def test_that_stay_lost_are_unknown(self, shop: Open, lost: Step) -> None:
        assert outcomes(write(shop(lost))) == [WriteOutcome.UNKNOWN] * 3

    @pytest.mark.parametrize(
        "then",
        [
            UNAUTHORIZED,
            throttled(),
            answer(429, b"", "Retry-After: 60"),
            answer(403),
            failing("ACCESS_DENIED"),
        ],
    )
    def test_stay_unknown_whatever_refuses_the_repeat(self, shop: Open, lost: Step, then: Step) -> None:
        assert outcomes(write(shop(lost, then))) == [WriteOutcome.UNKNOWN] * 3
        assert outcomes(write(shop(lost, then), expired=True)) == [WriteOutcome.UNKNOWN] * 3


class TestWithdrawing:
    def test_sends_what_cannot_take_effect_under_the_key(self, shop: Open) -> None:
        for kind, changes in ((WriteKind.SET, "quantities"), (WriteKind.DELTA, "changes")):
            server = shop(errors(("CHANGE_FROM_QUANTITY_STALE", at(0)), root=ROOTS[kind]))
            assert outcomes(call_off(server, kind)) == [WriteOutcome.NOT_APPLIED] * 3
            variables = sent(server)["variables"]
            assert variables["key"] == "attempt:7/1"
            assert [c["changeFromQuantity"] for c in variables["input"][changes]] == [-2_000_000_000]

    @pytest.mark.parametrize(
        ("told", "outcome"),
        [((), WriteOutcome.APPLIED), (("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED",), WriteOutcome.NOT_APPLIED)],
    )
    def test_a_call_that_came_through_tells_what_it_did(
        self, shop: Open, told: tuple[str, ...], outcome: WriteOutcome
    ) -> None:
        server = shop(
            errors(("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", None)), errors(*((code, None) for code in told))
        )
        assert outcomes(call_off(server)) == [outcome] * 3
        assert len(sent(server, 1)["variables"]["input"]["quantities"]) == len(WRITES)

    def test_an_answer_without_an_error_is_that_of_the_call_itself(self, shop: Open) -> None:
        assert outcomes(call_off(shop(APPLIED))) == [WriteOutcome.APPLIED] * 3

    @pytest.mark.parametrize(
        "told", [errors(("IDEMPOTENCY_CONCURRENT_REQUEST", None)), failing("INTERNAL_SERVER_ERROR")]
    )
    def test_stays_unknown_while_nobody_can_tell(self, shop: Open, told: Step) -> None:
        assert outcomes(call_off(shop(told))) == [WriteOutcome.UNKNOWN] * 3


def test_silence_ends_with_the_deadline_as_unknown(shop: Open) -> None:
    server = shop(silence)
    assert outcomes(write(server, seconds=0.3)) == [WriteOutcome.UNKNOWN] * 3
    assert len(server.requests) == 1


@pytest.mark.parametrize("refused", [throttled(), answer(429, b"", "Retry-After: 60"), answer(402)])
def test_a_call_that_was_turned_away_wrote_nothing(shop: Open, refused: Step) -> None:
    with pytest.raises(Transient) as caught:
        write(shop(refused))
    assert not isinstance(caught.value, OutcomeUnknown)


def test_dead_credentials_wrote_nothing(shop: Open) -> None:
    with pytest.raises(AuthExpired):
        write(shop(UNAUTHORIZED))
    with pytest.raises(AuthExpired):
        write(shop(UNAUTHORIZED), expired=True)


def test_nothing_is_sent_after_the_deadline(shop: Open) -> None:
    server = shop(APPLIED)
    with pytest.raises(Transient):
        write(server, seconds=-1)
    assert server.requests == []
