"""Staff come in by password and code, always; nobody else does, and nobody learns who they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from werkzeug.test import Client

from admin.web import create_web_app
from app import close_app
from app.services import one_time_codes
from app.services.staff import people, sessions
from app.settings import Settings
from tests.api.conftest import execute, rows
from tests.console.conftest import Browser, words_of
from tests.console.staff import ADDRESS, PASSWORD

Browsers = Callable[[], Browser]


def actions() -> list[str]:
    return [row.action for row in rows("SELECT action FROM staff_actions ORDER BY id")]


def is_in(browser: Browser) -> bool:
    answer = browser.get("/admin/")
    if answer.status_code == 302:
        assert answer.headers["Location"].startswith("/admin/sign-in")
        return False
    assert answer.status_code == 200
    return True


def test_the_first_sign_in_sets_up_codes_and_later_ones_ask_for_them(
    somebody: str, stranger: Browser, make_browser: Browsers
) -> None:
    assert stranger.enter_password().headers["Location"] == "/admin/sign-in/code"
    assert "Set up one-time codes" in stranger.get("/admin/sign-in/code").text
    assert not is_in(stranger)
    totp = stranger.set_up_codes()
    assert not is_in(stranger)
    assert stranger.enter_code().status_code == 302
    assert is_in(stranger)
    [stored] = rows("SELECT secret, confirmed_at FROM staff_factors")
    assert totp.secret.encode() not in bytes(stored.secret)
    later = make_browser()
    later.totp = totp
    later.enter_password()
    assert "One-time code" in later.get("/admin/sign-in/code").text
    assert later.post("/admin/sign-in/enrol", seen="/admin/sign-in/code").status_code == 409
    assert not is_in(later)
    used = later.post("/admin/sign-in/code", {"code": stranger.code})
    assert used.status_code == 403
    assert later.enter_code(steps=1).status_code == 302
    assert is_in(later)
    assert actions() == [
        "staff.added",
        "staff.second_factor_enabled",
        "staff.signed_in",
        "staff.code_refused",
        "staff.signed_in",
    ]


def test_no_answer_tells_who_is_staff(somebody: str, make_browser: Browsers) -> None:
    people.add("gone@syncflow.example", PASSWORD)
    people.disable("gone@syncflow.example")
    tried = [(ADDRESS, "wrong"), ("nobody@syncflow.example", PASSWORD), ("gone@syncflow.example", PASSWORD)]
    answers = [make_browser().enter_password(email, password) for email, password in tried]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert len({words_of(answer.text) for answer in answers}) == 1
    assert len({tuple(sorted(answer.cookies.keys())) for answer in answers}) == 1


def test_what_no_column_can_hold_is_refused(somebody: str, stranger: Browser) -> None:
    assert stranger.enter_password("a\0@b", PASSWORD).status_code == 422
    assert stranger.enter_password("x" * 5000, "y" * 5000).status_code == 401
    stranger.enter_password()
    stranger.set_up_codes()
    for code in ("", "12345", "1234567" * 8, "12345\0"):
        assert stranger.post("/admin/sign-in/code", {"code": code}).status_code == 403


def test_wrong_codes_lock_and_wrong_passwords_are_limited(
    staff: Browser, make_browser: Browsers, somebody: str
) -> None:
    other = make_browser()
    other.enter_password()
    for _ in range(one_time_codes.MOST_FAILURES):
        assert other.post("/admin/sign-in/code", {"code": "12345x"}).status_code == 403
    assert actions()[-one_time_codes.MOST_FAILURES :] == ["staff.code_refused"] * one_time_codes.MOST_FAILURES
    other.totp = staff.totp
    assert other.enter_code().status_code == 429
    answers = [other.enter_password(password="wrong").status_code for _ in range(11)]
    assert answers[:9] == [401] * 9
    assert answers[-1] == 429


def test_a_session_ends_when_nobody_works_and_after_a_day_of_work(staff: Browser) -> None:
    def age(column: str, minutes: int) -> None:
        execute(f"UPDATE staff_sessions SET {column} = now() - make_interval(mins => {minutes})")

    age("last_used_at", sessions.IDLE_MINUTES - 1)
    assert is_in(staff)
    age("created_at", sessions.MOST_HOURS * 60 - 1)
    assert is_in(staff)
    age("last_used_at", sessions.IDLE_MINUTES + 1)
    assert not is_in(staff)
    age("last_used_at", 0)
    assert is_in(staff)
    age("created_at", sessions.MOST_HOURS * 60 + 1)
    assert not is_in(staff)


def test_a_password_alone_is_good_for_ten_minutes(somebody: str, stranger: Browser) -> None:
    stranger.enter_password()
    stranger.set_up_codes()
    execute("UPDATE staff_sessions SET created_at = now() - interval '11 minutes'")
    answer = stranger.post_bare("/admin/sign-in/code", {"code": stranger.totp.now()})
    assert answer.headers["Location"].startswith("/admin/sign-in")
    assert not is_in(stranger)


def test_the_token_of_before_the_code_is_worth_nothing_after_it(somebody: str, stranger: Browser) -> None:
    stranger.enter_password()
    stranger.set_up_codes()
    before = stranger.session.cookies["syncflow_staff"]
    stranger.enter_code()
    assert stranger.session.cookies["syncflow_staff"] != before
    stranger.session.cookies.clear()
    stranger.session.cookies["syncflow_staff"] = before
    assert not is_in(stranger)


@pytest.mark.parametrize("use", [people.disable, people.reset_second_factor])
def test_the_command_line_ends_sessions_at_once(staff: Browser, use: Callable[[str], None]) -> None:
    assert is_in(staff)
    use(ADDRESS)
    assert not is_in(staff)
    assert rows("SELECT 1 FROM staff_sessions") == []


def test_signing_out_ends_the_session_not_only_the_cookie(staff: Browser) -> None:
    token = staff.session.cookies["syncflow_staff"]
    assert staff.post("/admin/sign-out", seen="/admin/").status_code == 302
    assert "syncflow_staff" not in staff.session.cookies
    staff.session.cookies["syncflow_staff"] = token
    assert not is_in(staff)
    assert actions()[-1] == "staff.signed_out"


def test_whoever_was_disabled_comes_back_by_a_new_password_and_new_codes(
    staff: Browser, make_browser: Browsers
) -> None:
    people.disable(ADDRESS)
    people.add(ADDRESS, "another password")
    again = make_browser()
    assert again.enter_password().status_code == 401
    assert again.enter_password(password="another password").status_code == 302
    assert "Set up one-time codes" in again.get("/admin/sign-in/code").text


def test_one_comes_back_to_the_page_that_was_asked_for_and_never_to_another_site(
    somebody: str, stranger: Browser
) -> None:
    asked = stranger.get("/admin/staff-actions/?action=x")
    assert asked.headers["Location"] == "/admin/sign-in?to=/admin/staff-actions/?action%3Dx"
    to = "/admin/staff-actions/?action=x"
    form = {"email": ADDRESS, "password": PASSWORD, "to": to}
    assert stranger.post("/admin/sign-in", form).headers["Location"].endswith("action%3Dx")
    stranger.set_up_codes()
    code = stranger.totp.at(time.time())
    for other in ("https://evil.example/admin/x", "//evil.example/admin/", "/admin/\\evil", "/api/v1/me"):
        shown = stranger.get("/admin/sign-in/code", to=other)
        assert "evil" not in shown.text
        assert 'name="to"' not in shown.text
    answer = stranger.post("/admin/sign-in/code", {"code": code, "to": to})
    assert answer.headers["Location"] == to


def test_who_is_signed_in_needs_not_sign_in(staff: Browser) -> None:
    """A link from another site arrives without the cookie: the page to sign in leads on."""
    assert 'href="/admin/queues/"' in Browser(staff.base_url).get("/admin/sign-in", to="/admin/queues/").text
    assert staff.get("/admin/sign-in", to="/admin/queues/").headers["Location"] == "/admin/queues/"
    assert staff.get("/admin/sign-in", to="//evil.example/admin/").headers["Location"] == "/admin"


# ------------------------------------------------------------------------------------------- a new password


def change(browser: Browser, current: str, new: str, again: str = "") -> int:
    form = {"current": current, "new": new, "again": again or new}
    return browser.post("/admin/password/", form).status_code


def test_a_new_password_ends_what_else_is_open(staff: Browser, make_browser: Browsers) -> None:
    elsewhere = make_browser()
    elsewhere.enter_password()
    assert change(staff, PASSWORD, "a longer password") == 302
    assert is_in(staff)
    assert elsewhere.get("/admin/sign-in/code").status_code == 302
    assert elsewhere.enter_password().status_code == 401
    assert elsewhere.enter_password(password="a longer password").status_code == 302
    assert actions()[-1] == "staff.password_changed"
    assert "a longer password" not in str(rows("SELECT * FROM staff_users"))


@pytest.mark.parametrize(
    ("current", "new", "again", "status"),
    [
        ("wrong", "a longer password", "", 403),
        (PASSWORD, "short", "", 422),
        (PASSWORD, "a longer password", "another password", 422),
        (PASSWORD, PASSWORD, "", 422),
        ("", "", "", 422),
    ],
)
def test_a_new_password_is_refused(staff: Browser, current: str, new: str, again: str, status: int) -> None:
    before = rows("SELECT password_hash FROM staff_users")
    assert change(staff, current, new, again) in (status, 403)
    assert rows("SELECT password_hash FROM staff_users") == before
    assert is_in(staff)


def test_whoever_finds_a_browser_open_does_not_find_out_the_password(staff: Browser) -> None:
    answers = [change(staff, "wrong", "a longer password") for _ in range(11)]
    assert answers[:9] == [403] * 9
    assert change(staff, PASSWORD, "a longer password") == 429


def test_the_cookie_is_for_the_console_only_and_for_no_script(somebody: str, stranger: Browser) -> None:
    set_cookie = stranger.enter_password().headers["Set-Cookie"]
    assert "HttpOnly; Path=/admin; SameSite=Strict" in set_cookie
    assert "Secure" not in set_cookie


def test_the_cookie_is_secure_where_the_public_address_is(settings: Settings, somebody: str) -> None:
    application = create_web_app(replace(settings, public_url="https://sync.example.com"))
    try:
        answer = Client(application).get("/admin/sign-in")
        assert "Secure; HttpOnly; Path=/admin; SameSite=Strict" in answer.headers["Set-Cookie"]
    finally:
        close_app(application)
