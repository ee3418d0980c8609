"""Settings that two people change at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from app.models import Connection
from tests.api.conftest import Caller, execute

RULE = {"factor": "1.10", "rates": {}, "rounding": "unit", "rounding_minor": 0, "direction": "nearest",
        "enabled": False, "brake_percent": 20, "brake_change_percent": 30}  # fmt: skip
REPORTING = {"time_zone": "Europe/Berlin", "currency": None, "rates": []}


@pytest.fixture
def shop(merchant: Caller, make_connection: Callable[..., Connection]) -> str:
    return f"/connections/{make_connection(merchant.account_id).id}"


def asked(shop: str, path: str) -> str:
    return path.replace("SHOP", shop)


@pytest.mark.parametrize(
    ("path", "method", "first", "second"),
    [
        ("/account", "PATCH", {"safety_stock": 1}, {"safety_stock": 2}),
        ("SHOP", "PATCH", {"buffer": 1}, {"buffer": 2}),
        ("SHOP/price-rule", "PUT", RULE, RULE | {"factor": "1.20"}),
        ("/account/reporting", "PUT", REPORTING, REPORTING | {"time_zone": "Asia/Kolkata"}),
    ],
)
def test_who_has_read_something_older_changes_nothing(
    merchant: Caller, shop: str, path: str, method: str, first: Any, second: Any
) -> None:
    path = asked(shop, path)
    read = merchant.call("GET", path).headers["ETag"]
    changed = merchant.call(method, path, json=first, headers={"If-Match": read})
    assert changed.status_code == 200, changed.text
    late = merchant.call(method, path, json=second, headers={"If-Match": read})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    now = merchant.call("GET", path)
    assert now.headers["ETag"] == changed.headers["ETag"] != read
    assert now.json() == changed.json()
    assert (
        merchant.call(method, path, json=second, headers={"If-Match": now.headers["ETag"]}).status_code == 200
    )
    assert merchant.call(method, path, json=first, headers={"If-Match": "*"}).status_code == 200
    assert merchant.call(method, path, json=second).status_code == 200


def test_what_changes_by_itself_is_no_change_of_settings(merchant: Caller, shop: str) -> None:
    read = merchant.call("GET", shop).headers["ETag"]
    execute("UPDATE connections SET orders_polled_at = now(), failures = 3")
    assert merchant.call("GET", shop).headers["ETag"] == read


def test_of_two_who_read_the_same_one_is_told(merchant: Caller, shop: str) -> None:
    read = merchant.call("GET", shop).headers["ETag"]
    start, answers = threading.Barrier(4), []

    def change(number: int) -> None:
        start.wait()
        answer = merchant.call("PATCH", shop, json={"buffer": number}, headers={"If-Match": read})
        answers.append((answer.status_code, number))

    threads = [threading.Thread(target=change, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in answers) == [200, 412, 412, 412]
    (kept,) = [number for status, number in answers if status == 200]
    assert merchant.get(shop)["buffer"] == kept
