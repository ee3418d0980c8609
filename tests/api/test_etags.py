"""ETag and If-Match: nobody overwrites settings that somebody else has changed meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import text

from app.extensions import api
from app.models import Connection
from app.services.uow import unit_of_work
from tests.api.conftest import Caller, execute, rows
from tests.api.foreign import Foreign, another_merchant
from tests.services.threads import in_threads

CHANGES: dict[str, Callable[[Foreign], Any]] = {
    "/account": lambda _own: {"safety_stock": 3},
    "/account/reporting": lambda _own: {
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "rates": [{"currency": "USD", "rate": "0.9"}, {"currency": "GBP", "rate": "1.2"}],
    },
    "/connections/{connection_id}": lambda _own: {"buffer": 3},
    "/connections/{connection_id}/locations": lambda own: {
        "locations": [{"external_location_id": "x", "location_id": own.ids["location_id"]}]
    },
    "/connections/{connection_id}/price-rule": lambda _own: {"enabled": False, "factor": "1.5"},
    "/listings/{listing_id}": lambda _own: {"buffer": 3},
    "/bundles/{variant_id}": lambda own: {
        "components": [{"variant_id": own.ids["variant_id"] + 1, "quantity": 2}]
    },
    "/webhook-subscriptions/{subscription_id}": lambda _own: {"description": "other"},
    "/variants/{variant_id}": lambda _own: {"title": "Other", "low_stock_threshold": 3},
    "/locations/{location_id}": lambda _own: {"name": "Other"},
    "/members/{user_id}": lambda _own: {"role": "staff"},
}
"""What each route that takes If-Match can be asked to change."""
REMOVED = ("/variants/{variant_id}", "/members/{user_id}")
"""What is removed by routes that take it."""
STALE = '"of-another-day"'


@pytest.fixture
def own(
    merchant: Caller,
    make_connection: Callable[..., Connection],
    make_member: Callable[[int, str], Caller],
) -> Foreign:
    """`user_id` is another member's."""
    made = another_merchant(merchant, make_connection(merchant.account_id))
    member = make_member(merchant.account_id, "viewer")
    return replace(made, ids={**made.ids, "user_id": member.user_id})


@pytest.fixture
def removable(own: Foreign) -> Foreign:
    """`variant_id` is one that nothing knows of."""
    made = own.caller.post("/variants", {"title": "Not sold yet"})
    return replace(own, ids={**own.ids, "variant_id": made.json()["id"]})


def guarded() -> set[tuple[str, str]]:
    """Method and path of all operations that are documented to take If-Match."""
    return {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, operations in api.spec.to_dict()["paths"].items()
        for method, operation in operations.items()
        if method != "parameters" and "412" in operation["responses"]
    }


def change(own: Foreign, path: str, if_match: str | None) -> requests.Response:
    [method] = [method for method, taken in guarded() if taken == path and method != "DELETE"]
    return own.caller.call(
        method,
        path.format(**own.ids),
        json=CHANGES[path](own),
        headers={} if if_match is None else {"If-Match": if_match},
    )


def remove(own: Foreign, path: str, if_match: str) -> requests.Response:
    return own.caller.call("DELETE", path.format(**own.ids), headers={"If-Match": if_match})


def tag_of(own: Foreign, path: str) -> str:
    answer = own.caller.call("GET", path.format(**own.ids))
    assert answer.status_code == 200, answer.text
    return answer.headers["ETag"]


def test_these_routes_take_it(app: Flask) -> None:
    assert {path for method, path in guarded() if method != "DELETE"} == set(CHANGES)
    assert {path for method, path in guarded() if method == "DELETE"} == set(REMOVED)


@pytest.mark.parametrize("path", CHANGES)
def test_what_has_changed_since_it_was_read_is_left_as_it_is(own: Foreign, path: str) -> None:
    before = own.rows()
    for stale in (STALE, f"W/{STALE}", "unquoted", "", f'{STALE}, "of-yet-another"'):
        answer = change(own, path, stale)
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert own.rows() == before


@pytest.mark.parametrize("path", CHANGES)
def test_what_is_as_it_was_read_is_changed_and_has_another_tag(own: Foreign, path: str) -> None:
    read = tag_of(own, path)
    changed = change(own, path, f"{STALE}, {read}")
    assert changed.status_code in (200, 202), changed.text
    assert changed.headers["ETag"] == tag_of(own, path) != read
    assert change(own, path, read).status_code == 412


@pytest.mark.parametrize("path", REMOVED)
def test_what_has_changed_since_it_was_read_is_not_removed(removable: Foreign, path: str) -> None:
    read = tag_of(removable, path)
    assert change(removable, path, read).status_code == 200
    before = removable.rows()
    answer = remove(removable, path, read)
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert removable.rows() == before
    answer = remove(removable, path, tag_of(removable, path))
    assert (answer.status_code, "ETag" in answer.headers) == (204, False)
    assert removable.caller.call("GET", path.format(**removable.ids)).status_code == 404


@pytest.mark.parametrize("path", REMOVED)
def test_of_a_change_and_a_removal_by_the_same_tag_one_happens(removable: Foreign, path: str) -> None:
    read, together = tag_of(removable, path), threading.Barrier(2)
    statuses: list[int] = []

    def one(act: Callable[[Foreign, str, str], requests.Response]) -> None:
        together.wait(10)
        statuses.append(act(removable, path, read).status_code)

    in_threads(lambda: one(change), lambda: one(remove))
    assert sorted(statuses) in ([200, 412], [204, 404])


def test_without_the_header_or_with_a_star_any_version_is_changed(own: Foreign) -> None:
    assert change(own, "/account", None).status_code == 200
    assert change(own, "/account", "*").status_code == 200


def test_a_tag_that_a_proxy_made_weak_counts(own: Foreign) -> None:
    assert change(own, "/account", f"W/{tag_of(own, '/account')}").status_code == 200


def test_what_nobody_can_set_changes_no_tag(own: Foreign) -> None:
    before = tag_of(own, "/connections/{connection_id}")
    execute("UPDATE connections SET orders_polled_at = now(), failures = failures + 1")
    assert tag_of(own, "/connections/{connection_id}") == before


def test_a_price_rule_that_is_switched_off_is_another(own: Foreign) -> None:
    path = "/connections/{connection_id}/price-rule"
    assert change(own, path, None).status_code == 200
    before = tag_of(own, path)
    execute("UPDATE price_syncs SET state = 'on'")
    assert tag_of(own, path) != before


def test_a_change_that_is_under_way_without_the_header_is_not_overwritten(own: Foreign) -> None:
    """The other one has written, and not committed yet: what was read is out of date all the same."""
    path, answers = "/connections/{connection_id}", []
    read = tag_of(own, path)
    with unit_of_work() as other:
        other.session.execute(text("UPDATE connections SET buffer = 7"))
        thread = threading.Thread(target=lambda: answers.append(change(own, path, read)))
        thread.start()
        _wait_for_a_waiter()
        other.commit()
    thread.join()
    assert [answer.status_code for answer in answers] == [412]
    assert own.caller.get(path.format(**own.ids))["buffer"] == 7


def _wait_for_a_waiter() -> None:
    for _try in range(500):
        if rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
            return
        time.sleep(0.02)
    raise AssertionError("Nobody waits for a lock.")


@pytest.mark.parametrize("path", CHANGES)
def test_of_two_who_read_the_same_one_changes_it(own: Foreign, path: str) -> None:
    read, together = tag_of(own, path), threading.Barrier(2)
    statuses: list[int] = []

    def one() -> None:
        together.wait(10)
        statuses.append(change(own, path, read).status_code)

    in_threads(one, one)
    assert sorted(statuses) in ([200, 412], [202, 412])


def test_a_refused_change_does_not_use_its_key_up(own: Foreign) -> None:
    def keyed(if_match: str) -> requests.Response:
        headers = {"If-Match": if_match, "Idempotency-Key": "k1"}
        return own.caller.call("PATCH", "/account", json={"safety_stock": 3}, headers=headers)

    assert keyed(STALE).status_code == 412
    assert keyed(tag_of(own, "/account")).status_code == 200
