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
from app.models import Connection
from tests.api.conftest import Caller, begin_anew
from tests.api.foreign import MARK, Foreign, another_merchant
from tests.api.operations import body_of, put, query_of, spots_of

NOBODYS = 2_000_000_000
"""An id that nothing has."""
ENDLESS = {"live.stream"}
"""Routes whose answers never end: they are asked for the head of one."""
BY_ITEM = {
    "listings.link_listings",
    "listings.reopen_listings",
    "listings.unlink_listings",
    "listings.make_variants",
    "reviews.decide_all",
    "prices.set_base_prices",
    "fulfillments.fulfill",
}
"""Routes that tell of each item of a list what is wrong with it."""
KEPT_AS_GIVEN = {"workplace.create_dashboard", "workplace.change_dashboard"}
"""Routes that keep ids without looking at them: what a widget names is looked up by other routes."""


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
        for body in ({}, body_of(rule, method, foreign.ids)):
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
        for name in query_of(rule, method) & set(foreign.ids):
            own = dict.fromkeys(rule.arguments, NOBODYS)
            answer = _ask(merchant, app, rule, method, own, {}, {name: foreign.ids[name]})
            told = (method, str(rule), name, answer.status_code, answer.text[:300])
            assert MARK not in answer.text, told
            assert answer.status_code < 500, told
            assert answer.status_code != 401, told
            asked += 1
    assert asked >= 2


def test_another_merchants_id_within_a_body_is_not_there(
    app: Flask, merchant: Caller, make_connection: Callable[..., Connection], foreign: Foreign
) -> None:
    """Each id in turn, all others and the path's being one's own."""
    own = another_merchant(merchant, make_connection(merchant.account_id))
    theirs, mine, found, asked = foreign.rows(), own.rows(), [], set()
    for rule, method in _guarded(app):
        spots = [] if rule.endpoint in KEPT_AS_GIVEN else spots_of(rule, method, own.ids)
        for spot, name in spots:
            body = body_of(rule, method, own.ids)
            put(body, spot, foreign.ids[name])
            alone = {key: value for key, value in body.items() if (key,) not in dict(spots) or key == spot[0]}
            path_ids = {parameter: own.ids[parameter] for parameter in rule.arguments}
            answer = _ask(merchant, app, rule, method, path_ids, body)
            if answer.status_code == 422 and alone != body:  # of these ids only one may be given
                answer = _ask(merchant, app, rule, method, path_ids, alone)
            status, said = answer.status_code, answer.text
            told = status == 404 or (rule.endpoint in BY_ITEM and status in (200, 422) and "no such" in said)
            if MARK in said or not told:
                found.append((method, str(rule), spot, status, said[:300]))
            asked.add(rule.endpoint)
    assert not found
    assert (foreign.rows(), own.rows()) == (theirs, mine)
    assert {"stock_changes.transfer", "counts.begin_count", "listings.link_listing"} <= asked


def _guarded(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        if POLICY[rule.endpoint] is not Access.PUBLIC:
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
                yield rule, "HEAD" if rule.endpoint in ENDLESS else method


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
    return caller.call(method, path, json=None if method in ("GET", "HEAD") else body, params=query)
