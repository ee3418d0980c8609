"""Every page of the console is behind its sign-in, every form behind its token, and neither is the API's."""

from __future__ import annotations

import re

import pytest
import requests
from flask import Flask
from werkzeug.routing import Rule

from admin import guard, pages
from app.api.policy import POLICY
from tests.api.conftest import PASSWORD as MERCHANTS
from tests.api.conftest import Caller, rows
from tests.console.conftest import Browser
from tests.console.staff import ADDRESS, PASSWORD

OPEN = {"console.static", "console.sign_in"}


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/admin")]


def address(rule: Rule) -> str:
    """One that the rule matches."""
    return re.sub(r"<[^>]*>", "1", rule.rule)


def closed(app: Flask, method: str) -> list[str]:
    return [
        address(rule) for rule in rules(app) if method in (rule.methods or ()) and rule.endpoint not in OPEN
    ]


def test_every_page_leads_whoever_is_not_signed_in_to_the_sign_in(app: Flask, stranger: Browser) -> None:
    assert len(closed(app, "GET")) > 2
    for path in closed(app, "GET"):
        answer = stranger.get(path)
        assert answer.status_code == 302, path
        assert answer.headers["Location"].startswith("/admin/sign-in"), path
    for path in closed(app, "POST"):
        answer = stranger.post_bare(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/sign-in"), path


def test_a_password_alone_leads_to_the_code_and_nowhere_else(
    app: Flask, somebody: str, stranger: Browser
) -> None:
    stranger.enter_password()
    for path in closed(app, "GET"):
        if path != "/admin/sign-in/code":
            assert stranger.get(path).headers["Location"].startswith("/admin/sign-in/code"), path


def test_every_form_without_its_token_is_refused(app: Flask, staff: Browser) -> None:
    before = rows("SELECT count(*) FROM staff_actions")
    for path in [*closed(app, "POST"), "/admin/sign-in"]:
        for form in ({}, {"csrf": ""}, {"csrf": "0" * 64}):
            answer = staff.post_bare(path, {**form, "email": ADDRESS, "password": PASSWORD})
            assert answer.status_code == 403, path
            assert "too old" in answer.text
    assert rows("SELECT count(*) FROM staff_actions") == before
    assert staff.get("/admin/").status_code == 200


def test_another_sessions_token_is_no_token(staff: Browser, base_url: str) -> None:
    with requests.Session() as session:
        other = Browser(base_url, session)
        other.enter_password()
        other.totp = staff.totp
        other.enter_code(steps=1)
        assert other.get("/admin/").status_code == 200
        theirs = Browser(base_url, session).get("/admin/").text
    token = theirs.split('name="csrf" value="')[1].split('"')[0]
    assert staff.post_bare("/admin/sign-out", {"csrf": token}).status_code == 403


def test_a_merchant_gets_nowhere_in_the_console(app: Flask, merchant: Caller, stranger: Browser) -> None:
    signed_in = merchant.post(
        "/auth/login", {"email": merchant.email, "password": MERCHANTS, "delivery": "cookie"}
    )
    refresh = signed_in.cookies["syncflow_refresh"]
    stranger.session.headers["Authorization"] = f"Bearer {merchant.token}"
    stranger.session.headers["Cookie"] = f"syncflow_refresh={refresh}; syncflow_staff={refresh}"
    for path in closed(app, "GET"):
        assert stranger.get(path).status_code == 302, path
    stranger.session.headers["Cookie"] = f"syncflow_staff={merchant.token}"
    for path in closed(app, "GET"):
        assert stranger.get(path).status_code == 302, path
    del stranger.session.headers["Cookie"]
    assert stranger.enter_password(merchant.email, MERCHANTS).status_code == 401


def test_staff_get_nowhere_in_the_api(staff: Browser) -> None:
    token = staff.session.cookies["syncflow_staff"]
    for headers in ({"Cookie": f"syncflow_staff={token}"}, {"Authorization": f"Bearer {token}"}):
        answer = requests.get(f"{staff.base_url}/api/v1/me", headers=headers, timeout=60)
        assert answer.status_code == 401
    form = {"email": ADDRESS, "password": PASSWORD}
    answer = requests.post(f"{staff.base_url}/api/v1/auth/login", json=form, timeout=60)
    assert answer.status_code == 401


def test_pages_let_a_browser_run_nothing_and_keep_nothing(app: Flask, staff: Browser) -> None:
    for path in ["/admin/", "/admin/staff-actions/", "/admin/staff-actions/999", "/admin/sign-in"]:
        answer = staff.get(path)
        assert answer.headers["Content-Security-Policy"] == pages.POLICY
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "<script" not in answer.text
        assert " style=" not in answer.text
        assert "http://" not in answer.text
        assert "https://" not in answer.text
    assert "script-src" not in pages.POLICY
    assert "default-src 'none'" in pages.POLICY
    assert "frame-ancestors 'none'" in pages.POLICY


def test_the_policy_of_the_api_and_the_consoles_guard_share_no_route(app: Flask) -> None:
    assert {rule.endpoint for rule in rules(app)} & set(POLICY) == set()
    with pytest.raises(ValueError, match="is in the policy"):
        guard.protect(app, ["auth.me"])
