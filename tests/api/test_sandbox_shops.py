"""Sandbox shops: connected in one click, by one account at a time, and nobody is told what connects them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import requests
from flask import Flask

from app.settings import SandboxShop
from tests.api.conftest import Caller, rows
from tests.api.fake_platform import SLUG


@pytest.fixture(autouse=True)
def _offered(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = (
        SandboxShop(SLUG, "Play store", {"shop": "play", "key": "good"}),
        SandboxShop(SLUG, "By consent", {"shop": "ask"}),
    )
    monkeypatch.setitem(
        app.extensions, "settings", replace(app.extensions["settings"], sandbox_shops=offered)
    )


def uses(caller: Caller) -> list[str]:
    return [shop["use"] for shop in caller.get("/sandbox-shops")["items"]]


def connect(caller: Caller, number: int) -> requests.Response:
    return caller.post("/sandbox-shops/connect", {"number": number})


def test_one_click_connects_a_shop_and_tells_no_secret(
    merchant: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    offered = merchant.call("GET", "/sandbox-shops")
    assert [(shop["number"], shop["name"], shop["use"]) for shop in offered.json()["items"]] == [
        (1, "Play store", "free"),
        (2, "By consent", "free"),
    ]
    answer = connect(merchant, 1)
    assert answer.status_code == 201, answer.text
    assert answer.json()["authorize_url"] is None
    connection = answer.json()["connection"]
    assert (connection["shop"], connection["state"]) == ("play", "importing")
    assert connection["config"] == {"shop": "play"}
    assert uses(merchant) == ["yours", "free"]
    told = capfd.readouterr()
    assert "good" not in offered.text + answer.text + told.out + told.err
    assert not rows("SELECT 1 FROM audit_log WHERE detail::text LIKE '%good%'")


def test_a_shop_that_asks_its_owner_sends_the_browser_there(merchant: Caller) -> None:
    answer = connect(merchant, 2).json()
    assert answer["authorize_url"].startswith("https://fake.example/yes?state=")
    assert uses(merchant) == ["free", "free"], "nobody has agreed yet"


def test_a_shop_is_in_one_account_at_a_time(merchant: Caller, make_merchant: Callable[[], Caller]) -> None:
    mine = connect(merchant, 1).json()["connection"]["id"]
    other = make_merchant()
    assert uses(other) == ["taken", "free"]
    refused = connect(other, 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    merchant.post(f"/connections/{mine}/disconnect")
    assert uses(other) == ["free", "free"]
    assert connect(other, 1).status_code == 201


def test_only_what_is_offered_is_connected(merchant: Caller) -> None:
    assert connect(merchant, 0).status_code == 422
    assert connect(merchant, 3).status_code == 404


def test_an_installation_that_offers_none_has_none(
    app: Flask, merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], sandbox_shops=()))
    assert merchant.get("/sandbox-shops") == {"items": []}
