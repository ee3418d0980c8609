"""Where stock is kept, and which of a shop's locations is which, through the API."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.models import Connection
from tests.api.conftest import Caller, execute, rows


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    """A shop that has shown us two locations."""
    made = make_connection(merchant.account_id)
    for number, name in ((71, "North"), (72, "South")):
        execute(
            """
            INSERT INTO connection_locations (account_id, connection_id, external_location_id, name)
            VALUES (:a, :c, :e, :n)
            """,
            a=merchant.account_id,
            c=made.id,
            e=str(number),
            n=name,
        )
    return made


def make(merchant: Caller, name: str) -> int:
    answer = merchant.post("/locations", {"name": name})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_locations_are_made_renamed_and_listed(merchant: Caller) -> None:
    first, second = make(merchant, "Main"), make(merchant, "Cellar")
    assert merchant.get("/locations")["items"] == [
        {"id": first, "name": "Main"},
        {"id": second, "name": "Cellar"},
    ]
    answer = merchant.call("PATCH", f"/locations/{second}", json={"name": "Attic"})
    assert answer.json() == {"id": second, "name": "Attic"}
    assert merchant.get("/locations", limit=1)["items"] == [{"id": first, "name": "Main"}]
    actions = [row.action for row in rows("SELECT action FROM audit_log ORDER BY id")]
    assert actions == ["location.created", "location.created", "location.renamed"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_location_needs_a_name(merchant: Caller, name: str) -> None:
    assert merchant.post("/locations", {"name": name}).status_code == 422


def test_a_name_is_used_once(merchant: Caller) -> None:
    make(merchant, "Main")
    answer = merchant.post("/locations", {"name": " Main "})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_a_shops_locations_are_mapped_all_at_once(merchant: Caller, connection: Connection) -> None:
    main, cellar = make(merchant, "Main"), make(merchant, "Cellar")
    path = f"/connections/{connection.id}/locations"
    shown = merchant.get(path)["items"]
    assert [(each["name"], each["location_id"]) for each in shown] == [("North", None), ("South", None)]
    mapped = [
        {"external_location_id": "72", "location_id": main},
        {"external_location_id": "71", "location_id": cellar},
    ]
    answer = merchant.call("PUT", path, json={"locations": mapped})
    assert answer.status_code == 202, answer.text
    assert [(each["name"], each["location"], each["active"]) for each in answer.json()["items"]] == [
        ("South", "Main", True),
        ("North", "Cellar", True),
    ]
    assert merchant.get(f"/connections/{connection.id}")["state"] == "importing"
    again = merchant.call("PUT", path, json={"locations": mapped[:1]})
    assert [(each["name"], each["location"]) for each in again.json()["items"]] == [
        ("South", "Main"),
        ("North", None),
    ]


@pytest.mark.parametrize(
    "locations",
    [[], [{"external_location_id": "99", "location_id": 0}], [{"external_location_id": "71"}], None],
)
def test_a_mapping_that_cannot_be_is_refused(
    merchant: Caller, connection: Connection, locations: object
) -> None:
    path = f"/connections/{connection.id}/locations"
    answer = merchant.call("PUT", path, json={"locations": locations})
    assert answer.status_code == 422
    assert all(each["location_id"] is None for each in merchant.get(path)["items"])


def test_nobody_maps_what_is_not_his(
    merchant: Caller, connection: Connection, make_merchant: Callable[[], Caller]
) -> None:
    stranger = make_merchant()
    theirs, ours = make(stranger, "Theirs"), make(merchant, "Ours")
    path = f"/connections/{connection.id}/locations"
    for caller, location_id in ((stranger, theirs), (merchant, theirs)):
        mapped = [{"external_location_id": "71", "location_id": location_id}]
        assert caller.call("PUT", path, json={"locations": mapped}).status_code == 404
    assert stranger.call("GET", path).status_code == 404
    assert stranger.call("PATCH", f"/locations/{ours}", json={"name": "x"}).status_code == 404
    assert stranger.get("/locations")["items"] == [{"id": theirs, "name": "Theirs"}]


def test_who_only_looks_makes_and_maps_nothing(
    merchant: Caller, connection: Connection, make_member: Callable[[int, str], Caller]
) -> None:
    staff = make_member(merchant.account_id, "staff")
    assert staff.post("/locations", {"name": "Mine"}).status_code == 403
    path = f"/connections/{connection.id}/locations"
    assert staff.call("PUT", path, json={"locations": []}).status_code == 403
    assert len(staff.get(path)["items"]) == 2
