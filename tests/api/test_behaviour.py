"""What holds for every route: headers, bodies, unknown fields, other origins."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests
from flask import Flask, current_app
from sqlalchemy import text
from werkzeug.test import Client

from app import close_app, create_app
from app.models import Connection
from app.services import password_changes
from app.services.error_meter import ErrorMeter
from app.settings import Settings
from tests.api.books import keep_books
from tests.api.conftest import Caller, rows

ORIGIN = "https://app.example.com"


@pytest.fixture
def elsewhere(settings: Settings) -> Iterator[Client]:
    """An installation behind https that lets the pages of one origin in."""
    app = create_app(replace(settings, public_url="https://sync.example.com", cors_origins=(ORIGIN,)))
    yield app.test_client()
    close_app(app)


def test_every_answer_is_taken_for_what_it_is_and_kept_by_nobody(merchant: Caller) -> None:
    for answer in (
        merchant.call("GET", "/me"),
        merchant.call("GET", "/nowhere"),
        merchant.post("/auth/login"),
    ):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in answer.headers  # it is served without https


def test_a_fault_of_the_database_is_logged_without_what_was_sent_to_it(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch, logged: list[MutableMapping[str, Any]]
) -> None:
    monkeypatch.setattr(password_changes, "_REQUEST", text("SELECT 1 FROM nowhere WHERE email = :email"))
    assert merchant.post("/auth/password/reset", {"email": merchant.email}).status_code == 500
    [entry] = [entry for entry in logged if entry["event"] == "request_failed"]
    told = "".join(traceback.format_exception(entry["exc_info"]))
    assert "FROM nowhere" in told
    assert merchant.email not in told


def test_answers_of_500_and_above_are_counted_by_route_and_others_are_not(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter: ErrorMeter = current_app.extensions["errors"]
    meter.forget()
    monkeypatch.setattr(password_changes, "_REQUEST", text("SELECT 1 FROM nowhere WHERE email = :email"))
    for _try in range(2):
        merchant.post("/auth/password/reset", {"email": merchant.email})
    merchant.call("GET", "/nowhere")
    merchant.call("GET", "/orders/999999999")
    merchant.call("GET", "/orders", params={"cursor": "?"})
    meter.flush()
    [group] = rows("SELECT kind, platform, code, error_class, count, message FROM error_groups")
    assert tuple(group)[:5] == ("POST /api/v1/auth/password/reset", "", "internal", "ProgrammingError", 2)
    assert merchant.email not in group.message


def test_browsers_are_told_to_stay_with_https(elsewhere: Client) -> None:
    assert elsewhere.get("/api/v1/me").headers["Strict-Transport-Security"].startswith("max-age=")


def test_pages_of_the_configured_origin_may_call_and_no_others(elsewhere: Client, merchant: Caller) -> None:
    asked = {
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "Authorization, If-Match",
    }
    let_in = elsewhere.options("/api/v1/account", headers={"Origin": ORIGIN, **asked})
    assert let_in.status_code == 200
    assert let_in.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert let_in.headers["Access-Control-Allow-Credentials"] == "true"
    assert "If-Match" in let_in.headers["Access-Control-Allow-Headers"]
    for origin in ("https://evil.example.com", f"{ORIGIN}.evil.example.com", "null"):
        kept_out = elsewhere.options("/api/v1/account", headers={"Origin": origin, **asked})
        assert "Access-Control-Allow-Origin" not in kept_out.headers
    nobody = merchant.call("GET", "/me", headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in nobody.headers


def test_webhooks_are_nobodys_to_call_from_a_page(elsewhere: Client) -> None:
    answer = elsewhere.options("/webhooks/shopify", headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/orders?colour=red"), ("GET", "/stock?limit=5&offset=3")]
)
def test_a_query_that_is_not_known_is_refused(merchant: Caller, method: str, path: str) -> None:
    answer = merchant.call(method, path)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert "Unknown field." in str(answer.json()["errors"]["query"])


def test_a_field_that_is_not_known_is_refused(merchant: Caller) -> None:
    answer = merchant.call("PATCH", "/account", json={"safety_stock": 1, "colour": "red"})
    assert (answer.status_code, answer.json()["errors"]) == (422, {"json": {"colour": ["Unknown field."]}})


@pytest.mark.parametrize("number", ["2.6e-42", "1.0", "true", '"3"', "1e400", "NaN"])
def test_a_whole_number_is_nothing_else(merchant: Caller, number: str) -> None:
    answer = _patch(merchant, f'{{"safety_stock": {number}}}'.encode())
    assert answer.status_code in (400, 422), answer.text


def test_a_body_without_end_in_depth_is_refused(merchant: Caller) -> None:
    for body in (b"[" * 10_000, b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000):
        answer = _patch(merchant, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_a_body_that_is_too_long_is_refused(merchant: Caller) -> None:
    answer = _patch(merchant, b'{"name": "' + b"x" * 300_000 + b'"}')
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_of_another_type_is_refused(merchant: Caller) -> None:
    answer = _patch(merchant, b"safety_stock=1", "application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("text", ["\x00", "' OR 1=1 --", "{{7*7}}", "${7*7}", "\ud800"])
def test_text_of_any_kind_is_text_or_refused(merchant: Caller, text: str) -> None:
    answer = merchant.call("POST", "/locations", json={"name": text})
    if answer.status_code == 201:
        assert answer.json()["name"] == text
    else:
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


def test_every_operation_says_how_it_can_be_refused(app: Flask, base_url: str) -> None:
    document = requests.get(f"{base_url}/api/v1/openapi.json", timeout=10).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            refusals = {status for status in operation["responses"] if status >= "400"}
            assert {"429", "503"} <= refusals, (method, path)
            assert operation.get("security") == [] or {"401", "403"} <= refusals, (method, path)
            assert "default" not in operation["responses"]


def test_a_list_links_its_next_page_until_the_last_one(merchant: Caller) -> None:
    for number in range(5):
        assert merchant.post("/locations", {"name": f"Shelf {number}"}).status_code == 201
    url, names = f"{merchant.base_url}/api/v1/locations?limit=2", []
    while url:
        answer = requests.get(url, headers={"Authorization": f"Bearer {merchant.token}"}, timeout=10)
        names += [item["name"] for item in answer.json()["items"]]
        assert ("next" in answer.links) is (answer.json()["next"] is not None)
        url = urljoin(url, answer.links["next"]["url"]) if answer.links else ""
    assert names == [f"Shelf {number}" for number in range(5)]


def test_the_link_to_a_next_page_keeps_what_was_asked_for(
    merchant: Caller, make_connection: Callable[..., Connection]
) -> None:
    connection = make_connection(merchant.account_id)
    keep_books(connection, variants=3)
    asked = {"limit": "1", "linked": "true"}
    answer = merchant.call("GET", f"/connections/{connection.id}/listings", params=asked)
    target = urlsplit(answer.links["next"]["url"])
    assert target.path == f"/api/v1/connections/{connection.id}/listings"
    assert dict(parse_qsl(target.query)) == {**asked, "cursor": answer.json()["next"]}


def _patch(merchant: Caller, body: bytes, kind: str = "application/json") -> requests.Response:
    return requests.patch(
        f"{merchant.base_url}/api/v1/account",
        data=body,
        headers={"Authorization": f"Bearer {merchant.token}", "Content-Type": kind},
        timeout=10,
    )
