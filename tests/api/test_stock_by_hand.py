"""Adjusting, receiving, transferring and counting over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.api.policy import MOST_BYTES, POLICY, RANKS
from app.models import Connection
from tests.api.books import Books, keep_books
from tests.api.conftest import Caller, execute, rows


@pytest.fixture
def books(merchant: Caller, make_connection: Callable[..., Connection]) -> Books:
    """Three variants, ten of each."""
    return keep_books(make_connection(merchant.account_id), variants=3, orders=0)


@pytest.fixture
def counted_at() -> str:
    """A minute ago."""
    return str(rows("SELECT now() - interval '1 minute' AS at")[0].at.isoformat())


def attic(merchant: Caller) -> int:
    execute("INSERT INTO locations (account_id, name) VALUES (:a, 'Attic')", a=merchant.account_id)
    return int(rows("SELECT id FROM locations WHERE name = 'Attic'")[0].id)


def ok(answer: Any) -> Any:
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def begin(merchant: Caller, books: Books, key: str = "c") -> int:
    answer = merchant.post("/counts", {"location_id": books.location_id, "key": key})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def upload(merchant: Caller, count: int, content: bytes, counted_at: str, **options: Any) -> Any:
    return merchant.call(
        "POST", f"/counts/{count}/sheet", params={"counted_at": counted_at}, data=content, **options
    )


def test_an_adjustment_answers_with_what_it_did_and_is_told_among_the_movements(
    merchant: Caller, books: Books
) -> None:
    asked = {
        "variant_id": books.variant_ids[0],
        "location_id": books.location_id,
        "delta": -2,
        "reason": "theft",
        "note": "shelf 3",
        "key": "k1",
    }
    done = ok(merchant.post("/stock/adjustments", asked))
    assert ok(merchant.post("/stock/adjustments", asked)) == done
    (moved,) = done["movements"]
    assert (moved["on_hand_delta"], moved["on_hand_after"], moved["committed_after"]) == (-2, 8, 0)
    shown = merchant.get(f"/stock/{books.variant_ids[0]}/movements")["items"][0]
    assert shown["text"] == f"2 units taken off (theft) by {merchant.email}: shelf 3"
    assert (shown["reason"], shown["note"], shown["made_by"]) == ("theft", "shelf 3", merchant.email)
    assert refused(merchant.post("/stock/adjustments", asked | {"delta": -1})) == (409, "conflict")


def test_a_delivery_and_a_transfer(merchant: Caller, books: Books) -> None:
    lines = [{"variant_id": variant, "quantity": 5} for variant in books.variant_ids]
    given = {"location_id": books.location_id, "lines": lines, "key": "k1"}
    assert [m["on_hand_after"] for m in ok(merchant.post("/stock/receipts", given))["movements"]] == [15] * 3
    there = attic(merchant)
    given = {"from_location_id": books.location_id, "to_location_id": there, "lines": lines, "key": "k2"}
    assert len(ok(merchant.post("/stock/transfers", given))["movements"]) == 6
    assert [row["on_hand"] for row in merchant.get("/stock")["items"]] == [15] * 3
    assert [place["name"] for place in merchant.get("/locations")["items"]] == ["Main", "Attic"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"delta": 0},
        {"delta": 10**30},
        {"delta": "x"},
        {"delta": 1.9},
        {"delta": "1"},
        {"reason": "because"},
        {"key": ""},
        {"note": "x" * 501},
        {"note": "\0"},
        {"variant_id": 2**70},
    ],
)
def test_nonsense_is_refused(merchant: Caller, books: Books, wrong: dict[str, Any]) -> None:
    asked = {
        "variant_id": books.variant_ids[0],
        "location_id": books.location_id,
        "delta": -2,
        "reason": "theft",
        "key": "k1",
    }
    assert refused(merchant.post("/stock/adjustments", asked | wrong)) == (422, "invalid_input")
    assert rows("SELECT count(*) AS n FROM stock_movements")[0].n == 3


def test_a_variant_is_named_once(merchant: Caller, books: Books, counted_at: str) -> None:
    line = {"variant_id": books.variant_ids[0]}
    twice = [{**line, "quantity": 1}, {**line, "quantity": 2}]
    given = {"location_id": books.location_id, "lines": twice, "key": "k"}
    assert refused(merchant.post("/stock/receipts", given)) == (422, "invalid_input")
    counted = [{**line, "counted": 1}, {**line, "counted": 2}]
    answer = merchant.post(
        f"/counts/{begin(merchant, books)}/lines", {"lines": counted, "counted_at": counted_at}
    )
    assert refused(answer) == (422, "invalid_input")


def test_a_count_from_its_beginning_to_its_end(merchant: Caller, books: Books, counted_at: str) -> None:
    count = begin(merchant, books)
    assert begin(merchant, books) == count
    numbers = [{"variant_id": books.variant_ids[0], "counted": 7}]
    ok(merchant.post(f"/counts/{count}/lines", {"lines": numbers, "counted_at": counted_at}))
    shown = ok(upload(merchant, count, b"sku,counted\nCUP-1,12\nCUP-2,10\n", counted_at))
    assert (shown["state"], shown["variants"], shown["location"]) == ("open", 3, "Main")

    first = merchant.get(f"/counts/{count}/lines", limit=2)
    second = merchant.get(f"/counts/{count}/lines", limit=2, cursor=first["next"])
    assert second["next"] is None
    shown = [*first["items"], *second["items"]]
    assert [(line["sku"], line["on_hand_then"], line["correction"], line["booked_at"]) for line in shown] == [
        ("CUP-0", 10, -3, None),
        ("CUP-1", 10, 2, None),
        ("CUP-2", 10, 0, None),
    ]
    finished = ok(merchant.post(f"/counts/{count}/finish"))
    assert (finished["state"], finished["corrected"], finished["correction"]) == ("finished", 2, -1)
    assert ok(merchant.post(f"/counts/{count}/finish")) == finished
    assert [row["on_hand"] for row in merchant.get("/stock")["items"]] == [7, 12, 10]
    assert refused(merchant.post(f"/counts/{count}/cancel")) == (409, "conflict")


def test_counts_come_in_pages_newest_first_and_by_state(merchant: Caller, books: Books) -> None:
    made = [begin(merchant, books, key=str(number)) for number in range(3)]
    ok(merchant.post(f"/counts/{made[1]}/cancel"))
    first = merchant.get("/counts", limit=2)
    second = merchant.get("/counts", limit=2, cursor=first["next"])
    assert [row["id"] for row in (*first["items"], *second["items"])] == made[::-1]
    assert [row["id"] for row in merchant.get("/counts", state="cancelled")["items"]] == [made[1]]
    assert refused(merchant.call("GET", "/counts", params={"state": "lost"})) == (422, "invalid_input")


def test_a_sheets_faults_are_told_by_line(merchant: Caller, books: Books, counted_at: str) -> None:
    count = begin(merchant, books)
    answer = upload(merchant, count, b"sku,counted\nCUP-0,1\nCUP-9,1\nCUP-1,x\n", counted_at)
    assert refused(answer) == (422, "invalid_rows")
    assert answer.json()["errors"] == {
        "3": "There is no variant with the SKU 'CUP-9'.",
        "4": "'x' is not a whole number of units.",
    }
    assert merchant.get(f"/counts/{count}")["variants"] == 0


def test_a_sheet_may_be_longer_than_other_requests_but_not_endless(
    merchant: Caller, books: Books, counted_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = begin(merchant, books)
    three_megabytes = b"sku,counted,note\n" + b"CUP-0,1,%b\n" % (b"x" * 100_000) * 30
    ok(upload(merchant, count, three_megabytes, counted_at))
    monkeypatch.setitem(MOST_BYTES, "counts.record_count_sheet", 1000)
    for content in (b"x" * 1001, b"x" * 5000):
        answer = upload(merchant, count, content, counted_at)
        assert answer.status_code == 413, answer.text


def test_another_merchant_finds_nothing(
    merchant: Caller, make_merchant: Callable[[], Caller], books: Books, counted_at: str
) -> None:
    stranger, count = make_merchant(), begin(merchant, books)
    assert stranger.get("/counts")["items"] == []
    assert stranger.get("/locations")["items"] == []
    line = {"variant_id": books.variant_ids[0]}
    place = {"location_id": books.location_id, "key": "k"}
    lines = [{**line, "quantity": 1}]
    there = {"from_location_id": books.location_id, "to_location_id": attic(merchant), "key": "k"}
    numbers = {"lines": [{**line, "counted": 1}], "counted_at": counted_at}
    for answer in (
        stranger.call("GET", f"/counts/{count}"),
        stranger.call("GET", f"/counts/{count}/lines"),
        stranger.post("/counts", place),
        stranger.post(f"/counts/{count}/lines", numbers),
        upload(stranger, count, b"sku,counted\nCUP-0,1\n", counted_at),
        stranger.post(f"/counts/{count}/finish"),
        stranger.post(f"/counts/{count}/cancel"),
        stranger.post("/stock/adjustments", {**place, **line, "delta": 1, "reason": "found"}),
        stranger.post("/stock/receipts", {**place, "lines": lines}),
        stranger.post("/stock/transfers", {**there, "lines": lines}),
    ):
        assert refused(answer) == (404, "not_found"), answer.request.url
    assert rows("SELECT count(*) AS n FROM stock_movements")[0].n == 3


@pytest.mark.parametrize("role", list(RANKS))
def test_who_may_not_work_with_stock_may_look(
    merchant: Caller, make_member: Callable[[int, str], Caller], books: Books, role: str, counted_at: str
) -> None:
    count = begin(merchant, books)
    member = make_member(merchant.account_id, role)
    for path in ("/counts", f"/counts/{count}", f"/counts/{count}/lines", "/locations"):
        member.get(path)
    place, line = {"location_id": books.location_id}, {"variant_id": books.variant_ids[0]}
    asked = {
        "stock_changes.adjust": (
            "/stock/adjustments",
            {**place, **line, "delta": 1, "reason": "found", "key": "a"},
        ),
        "stock_changes.receive": (
            "/stock/receipts",
            {**place, "lines": [{**line, "quantity": 1}], "key": "b"},
        ),
        "counts.begin_count": ("/counts", {**place, "key": "d"}),
        "counts.record_counted": (
            f"/counts/{count}/lines",
            {"lines": [{**line, "counted": 1}], "counted_at": counted_at},
        ),
        "counts.finish_count": (f"/counts/{count}/finish", {}),
    }
    for endpoint, (path, document) in asked.items():
        answer = member.post(path, document)
        may = RANKS[role] >= POLICY[endpoint]
        assert (answer.status_code in (200, 201)) == may, (role, endpoint, answer.text)
        assert may or refused(answer) == (403, "forbidden")
