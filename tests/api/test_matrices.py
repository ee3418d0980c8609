"""Every route of the application, asked by every role and with another merchant's ids. Made from the map of
routes: a new one is in it, and fails here as long as nobody has said who may call it and what its ids are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.routing import Rule

from app.api.policy import POLICY, RANKS, Access
from app.extensions import api
from app.models import Connection
from tests.api.conftest import Caller, begin_anew
from tests.api.foreign import MARK, Foreign, another_merchant

NOBODYS = 2_000_000_000
"""An id that nothing has."""
WORDS = {
    "currency": "EUR",
    "until": "2026-01-02T00:00:00Z",
    "factor": "1.10",
    "email": "somebody@example.com",
    "url": "http://127.0.0.1:9/",
    "tracking_url": "https://example.com",
}
"""Of fields for which the document does not say all that they have to be."""
ANSWERED_ELSEWHERE = {"live.stream"}
"""Routes whose answers never end."""


@pytest.fixture
def foreign(make_merchant: Callable[[], Caller], make_connection: Callable[..., Connection]) -> Foreign:
    caller = make_merchant()
    return another_merchant(caller, make_connection(caller.account_id))


@pytest.mark.parametrize("role", list(RANKS))
def test_a_role_may_do_what_the_policy_says_and_nothing_else(
    app: Flask, make_merchant: Callable[[], Caller], make_member: Callable[[int, str], Caller], role: str
) -> None:
    asked = 0
    for rule, method in _guarded(app):
        member = make_member(make_merchant().account_id, role)
        answer = _ask(member, app, rule, method, dict.fromkeys(rule.arguments, NOBODYS), {})
        may = RANKS[role] >= POLICY[rule.endpoint]
        told = (method, str(rule), answer.status_code, answer.text[:200])
        assert answer.status_code < 500, told
        assert answer.status_code != 401, told
        assert (answer.status_code == 403) is not may, told
        asked += 1
    assert asked >= 90


def test_another_merchants_ids_are_not_there(app: Flask, merchant: Caller, foreign: Foreign) -> None:
    before, found = foreign.rows(), []
    for rule, method in _guarded(app):
        ids = {name: foreign.ids[name] for name in rule.arguments}
        for body in ({}, _body_of(rule, method, foreign)):
            answer = _ask(merchant, app, rule, method, ids, body)
            hidden = MARK not in answer.text and answer.status_code < 500 and answer.status_code != 401
            if not hidden or (ids and answer.status_code not in ((404, 422) if body == {} else (404,))):
                found.append((method, str(rule), body, answer.status_code, answer.text[:300]))
    assert not found
    assert foreign.rows() == before


def test_another_merchants_ids_in_a_query_find_nothing(
    app: Flask, merchant: Caller, foreign: Foreign
) -> None:
    asked = 0
    for rule, method in _guarded(app):
        for name in _query_of(rule, method) & set(foreign.ids):
            own = dict.fromkeys(rule.arguments, NOBODYS)
            answer = _ask(merchant, app, rule, method, own, {}, {name: foreign.ids[name]})
            told = (method, str(rule), name, answer.status_code, answer.text[:300])
            assert MARK not in answer.text, told
            assert answer.status_code < 500, told
            assert answer.status_code != 401, told
            asked += 1
    assert asked >= 2


def test_bodies_are_tried_with_ids(app: Flask, foreign: Foreign) -> None:
    """That the one above asks what it is meant to ask."""
    with_ids = [
        rule.endpoint
        for rule, method in _guarded(app)
        if any(str(number) in str(_body_of(rule, method, foreign)) for number in foreign.ids.values())
    ]
    assert {"stock_changes.adjust", "counts.begin_count", "listings.link_listing"} <= set(with_ids)


def _guarded(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        if POLICY[rule.endpoint] is not Access.PUBLIC and rule.endpoint not in ANSWERED_ELSEWHERE:
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
                yield rule, method


def _ask(
    caller: Caller,
    app: Flask,
    rule: Rule,
    method: str,
    ids: dict[str, int],
    body: Any,
    query: dict[str, int] | None = None,
) -> requests.Response:
    begin_anew(caller)  # the call before may have ended the session
    path = app.url_map.bind("x").build(rule.endpoint, ids, method=method).removeprefix("/api/v1")
    return caller.call(method, path, json=None if method == "GET" else body, params=query)


# ------------------------------------------------------------------- what fits an operation, by the document


def _operation(rule: Rule, method: str) -> dict[str, Any]:
    path = "".join(f"{{{part}}}" if is_name else part for is_name, part in rule._trace).removeprefix("|")
    found: dict[str, Any] = _document()["paths"].get(path, {}).get(method.lower(), {})
    return found


def _document() -> dict[str, Any]:
    document: dict[str, Any] = api.spec.to_dict()
    return document


def _query_of(rule: Rule, method: str) -> set[str]:
    parameters = _operation(rule, method).get("parameters", [])
    return {parameter["name"] for parameter in parameters if parameter["in"] == "query"}


def _body_of(rule: Rule, method: str, foreign: Foreign) -> Any:
    content = _operation(rule, method).get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return {}
    return _example(content["application/json"]["schema"], foreign, "")


def _example(schema: dict[str, Any], foreign: Foreign, name: str) -> Any:
    """Something that fits, with the other merchant's ids wherever there are ids."""
    if "$ref" in schema:
        return _example(
            _document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]], foreign, name
        )
    for either in ("allOf", "anyOf", "oneOf"):
        if either in schema:
            return _example(schema[either][0], foreign, name)
    if name in WORDS and schema.get("type") != "integer":
        return WORDS[name]
    if "enum" in schema:
        return schema["enum"][0]
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object":
        return {
            key: _example(value, foreign, key)
            for key, value in schema.get("properties", {}).items()
            if not value.get("readOnly")
        }
    if kind == "array":
        return [_example(schema.get("items", {}), foreign, name.removesuffix("s"))]
    if kind in ("integer", "number"):
        singular = "variant_id" if name in ("bundle_id", "component_id") else name
        return foreign.ids.get(singular, max(schema.get("minimum", 1), 1))
    if kind == "boolean":
        return True
    if schema.get("format") == "date-time":
        return "2026-01-01T00:00:00Z"
    if schema.get("format") == "date":
        return "2026-01-01"
    return "x" * max(schema.get("minLength", 1), 1)
