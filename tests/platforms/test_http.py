"""What the product makes of every bad answer a shop can give, over real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.errors import InvalidInput
from app.platforms.errors import Permanent, Transient
from app.platforms.http import CallRecord, Http, OutcomeUnknown, guard_public, new_session
from app.platforms.rate_budget import Unlimited
from tests.platforms.misbehaving import MisbehavingShop, Step, answer, endless, raw, silence, slowly

GOOD = answer(200, b'{"ok": true}', "Content-Type: application/json")
HTML = answer(200, b"<html>Just a moment...</html>", "Content-Type: text/html")
HALF = answer(200, b'{"data": {"ord', "Content-Type: application/json")
CUT = raw(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"data": 1}')
HANG_UP = raw(b"")
DRIPPING_HEAD = endless(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a", pause_seconds=0.02)
DRIPPING_BODY = endless(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", b" ", pause_seconds=0.02)
ENDLESS_BODY = endless(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b" " * 65536)


class Naps:
    """Stands in for time.sleep and remembers how long it was told to sleep."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def make_http(**options: Any) -> Http:
    return Http(new_session(allow_private=True), **({"sleep": Naps(), "answer_seconds": 5.0} | options))


@pytest.fixture
def shop() -> Any:
    opened: list[MisbehavingShop] = []

    def open_shop(*steps: Step) -> MisbehavingShop:
        opened.append(MisbehavingShop(*steps))
        return opened[-1]

    yield open_shop
    for each in opened:
        each.close()


Open = Callable[..., MisbehavingShop]


def test_a_good_answer_comes_back_as_json(shop: Open) -> None:
    server = shop(GOOD)
    response = make_http().request("GET", server.url + "/x", params={"a": "b"}, safe=True)
    assert (response.status, response.document, response.ok) == (200, {"ok": True}, True)
    assert server.requests[0].startswith(b"GET /x?a=b HTTP/1.1\r\n")
    assert b"User-Agent: SyncFlow/" in server.requests[0]


def test_connections_are_kept_alive(shop: Open) -> None:
    server = shop(GOOD)
    http = make_http()
    for _ in range(3):
        http.request("GET", server.url, safe=True)
    assert len(server._clients) == 1


@pytest.mark.parametrize(
    "bad",
    [HTML, HALF, CUT, HANG_UP, answer(200), answer(500), answer(502, b"<html>"), answer(408)],
    ids=["html", "half_json", "cut_off", "hang_up", "empty_200", "500", "502_html", "408"],
)
class TestAnswersThatProveNothing:
    def test_a_safe_call_is_repeated_and_succeeds(self, shop: Open, bad: Step) -> None:
        server = shop(bad, bad, GOOD)
        response = make_http().request("GET", server.url, safe=True)
        assert response.document == {"ok": True}
        assert response.doubtful
        assert len(server.requests) == 3

    def test_a_safe_call_gives_up_after_three_tries_as_transient(self, shop: Open, bad: Step) -> None:
        server = shop(bad)
        with pytest.raises(Transient):
            make_http().request("GET", server.url, safe=True)
        assert len(server.requests) == 3

    def test_an_unsafe_call_is_sent_once_and_its_outcome_is_unknown(self, shop: Open, bad: Step) -> None:
        server = shop(bad, GOOD)
        with pytest.raises(OutcomeUnknown):
            make_http().request("POST", server.url, json={"a": 1}, safe=False)
        assert len(server.requests) == 1


@pytest.mark.parametrize("bad", [silence, DRIPPING_HEAD, DRIPPING_BODY], ids=["silence", "head", "body"])
@pytest.mark.parametrize("safe", [True, False])
def test_an_answer_that_does_not_end_stops_being_awaited(shop: Open, bad: Step, safe: bool) -> None:
    server = shop(bad)
    with pytest.raises(OutcomeUnknown):
        make_http(answer_seconds=0.2).request("GET", server.url, safe=safe)


def test_what_was_sent_before_the_deadline_may_be_answered_after_it_and_is_not_sent_again(
    shop: Open,
) -> None:
    late, never = shop(slowly(0.3, GOOD)), shop(DRIPPING_BODY, GOOD)
    answer = make_http().request("GET", late.url, safe=True, deadline=time.monotonic() + 0.1)
    assert answer.status == 200
    with pytest.raises(OutcomeUnknown):
        make_http(answer_seconds=0.2).request("GET", never.url, safe=True, deadline=time.monotonic() + 0.1)
    assert len(never.requests) == 1


def test_an_endless_body_is_permanent_for_a_read_and_unknown_for_a_write(shop: Open) -> None:
    server = shop(ENDLESS_BODY)
    http = make_http(max_body_bytes=1_000_000)
    with pytest.raises(Permanent):
        http.request("GET", server.url, safe=True)
    with pytest.raises(OutcomeUnknown):
        http.request("POST", server.url, safe=False)
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422])
def test_other_refusals_are_returned_for_the_platform_to_judge(shop: Open, status: int) -> None:
    server = shop(answer(status, b"<html>no</html>"), answer(status, b'{"code": "x"}'))
    http = make_http()
    assert http.request("GET", server.url, safe=True).document is None
    response = http.request("POST", server.url, safe=False)
    assert (response.status, response.document, response.doubtful) == (status, {"code": "x"}, False)


@pytest.mark.parametrize("safe", [True, False])
def test_a_redirect_is_refused_and_names_only_the_host(shop: Open, safe: bool) -> None:
    server = shop(answer(301, b"", "Location: https://elsewhere.example/login?secret=1"))
    with pytest.raises(Permanent, match=r"https://elsewhere\.example\.$"):
        make_http().request("GET", server.url, safe=safe)
    assert len(server.requests) == 1


class TestTooManyRequests:
    def test_a_short_retry_after_is_honoured_by_a_safe_call(self, shop: Open) -> None:
        server = shop(answer(429, b"", "Retry-After: 2.0"), GOOD)
        naps = Naps()
        response = make_http(sleep=naps).request("GET", server.url, safe=True)
        assert response.ok
        assert not response.doubtful
        assert naps.seconds == [2.0]

    def test_a_long_retry_after_is_left_to_the_caller(self, shop: Open) -> None:
        server = shop(answer(429, b"", "Retry-After: 120"))
        with pytest.raises(Transient) as caught:
            make_http().request("GET", server.url, safe=True)
        assert caught.value.retry_after == 120
        assert not isinstance(caught.value, OutcomeUnknown)
        assert len(server.requests) == 1

    def test_a_date_is_understood(self, shop: Open) -> None:
        server = shop(answer(429, b"", "Retry-After: Fri, 23 Oct 2026 10:01:30 GMT"))
        http = make_http(now=lambda: datetime(2026, 10, 23, 10, 0, 0, tzinfo=UTC))
        with pytest.raises(Transient) as caught:
            http.request("GET", server.url, safe=True)
        assert caught.value.retry_after == 90

    def test_an_unsafe_call_certainly_had_no_effect(self, shop: Open) -> None:
        server = shop(answer(429, b"", "Retry-After: 1"))
        with pytest.raises(Transient) as caught:
            make_http().request("POST", server.url, safe=False)
        assert not isinstance(caught.value, OutcomeUnknown)
        assert len(server.requests) == 1

    def test_it_does_not_unsay_that_an_earlier_try_is_in_doubt(self, shop: Open) -> None:
        server = shop(answer(503), answer(429, b"", "Retry-After: 60"))
        with pytest.raises(OutcomeUnknown):
            make_http().request("POST", server.url, safe=True)

    def test_the_whole_connection_pauses(self, shop: Open) -> None:
        paused: list[float] = []

        class Spy(Unlimited):
            def pause(self, seconds: float) -> None:
                paused.append(seconds)

        with pytest.raises(Transient):
            make_http(budget=Spy()).request("GET", shop(answer(429, b"", "Retry-After: 7")).url, safe=True)
        assert paused == [7.0]


@pytest.mark.parametrize("safe", [True, False])
def test_a_refused_connection_certainly_had_no_effect(safe: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Transient) as caught:
        make_http().request("GET", f"http://127.0.0.1:{port}/", safe=safe)
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_server_without_tls_gives_a_transient(shop: Open) -> None:
    server = shop(GOOD)
    with pytest.raises(Transient):
        make_http().request("GET", server.url.replace("http:", "https:"), safe=False)


@pytest.mark.parametrize("url", ["ftp://x/", "not a url", "http://"])
def test_an_unusable_address_is_permanent(url: str) -> None:
    with pytest.raises(Permanent):
        make_http().request("GET", url, safe=True)


def test_nothing_is_sent_after_the_deadline(shop: Open) -> None:
    server = shop(GOOD)
    with pytest.raises(Transient) as caught:
        make_http().request("POST", server.url, safe=True, deadline=time.monotonic() - 1)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert server.requests == []


def test_a_used_up_budget_sends_nothing(shop: Open) -> None:
    server = shop(GOOD)

    class Empty(Unlimited):
        def acquire(self, cost: float, deadline: float | None) -> None:
            raise Transient("used up", retry_after=30)

    with pytest.raises(Transient) as caught:
        make_http(budget=Empty()).request("GET", server.url, safe=True)
    assert caught.value.retry_after == 30
    assert server.requests == []


def test_every_try_is_recorded_without_query_or_secrets(shop: Open) -> None:
    server = shop(answer(500), GOOD)
    records: list[CallRecord] = []
    http = make_http(on_call=records.append, connection_id=7)
    http.request(
        "GET", server.url + "/orders", params={"key": "S3cret"}, headers={"X-Token": "S3cret"}, safe=True
    )
    assert [(r.connection_id, r.endpoint, r.status, r.fault, r.attempt) for r in records] == [
        (7, "/orders", 500, "OutcomeUnknown", 1),
        (7, "/orders", 200, "", 2),
    ]
    assert "S3cret" not in repr(records)


def test_cookies_of_one_shop_never_reach_another_call(shop: Open) -> None:
    server = shop(answer(200, b"{}", "Set-Cookie: session=abc; Path=/"))
    http = make_http()
    http.request("GET", server.url, safe=True)
    http.request("GET", server.url, safe=True)
    assert b"session=abc" not in server.requests[1]


class TestLines:
    def test_lines_come_as_they_arrive(self, shop: Open) -> None:
        server = shop(answer(200, b'{"a": 1}\n\n{"b": 2}'))
        lines = make_http().lines(server.url, max_bytes=1000, answer_seconds=5)
        assert list(lines) == [b'{"a": 1}', b'{"b": 2}']

    @pytest.mark.parametrize(
        ("bad", "fault"),
        [(CUT, Transient), (answer(503), Transient), (answer(403), Permanent), (ENDLESS_BODY, Permanent)],
    )
    def test_a_bad_file_raises(self, shop: Open, bad: Step, fault: type[Exception]) -> None:
        with pytest.raises(fault):
            list(make_http().lines(shop(bad).url, max_bytes=1_000_000, answer_seconds=5))


class TestPrivateAddresses:
    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1/",
            "https://localhost:8443/",
            "http://10.1.2.3/",
            "http://169.254.169.254/latest/meta-data",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://0.0.0.0/",
            "http://2130706433/",
        ],
    )
    def test_are_refused(self, url: str) -> None:
        with pytest.raises(InvalidInput):
            guard_public(url, allow_private=False)

    def test_are_allowed_where_the_operator_says_so(self) -> None:
        guard_public("http://127.0.0.1:8080/", allow_private=True)

    @pytest.mark.parametrize("url", ["ftp://8.8.8.8/", "8.8.8.8", "https://user:pw@8.8.8.8/", "http://h:x/"])
    def test_an_odd_address_is_refused_everywhere(self, url: str) -> None:
        with pytest.raises(InvalidInput):
            guard_public(url, allow_private=True)

    def test_a_public_address_is_fine(self) -> None:
        guard_public("https://8.8.8.8/", allow_private=False)

    def test_are_hung_up_on_at_the_time_of_the_call(self, shop: Open) -> None:
        server = shop(GOOD)
        http = Http(new_session(allow_private=False))
        with pytest.raises(Permanent, match="private network"):
            http.request("GET", server.url, safe=True)
        assert server.requests == []


def test_a_session_serves_threads_at_once(shop: Open) -> None:
    server = shop(GOOD)
    http = make_http()
    barrier = threading.Barrier(4)
    results: list[int] = []

    def call() -> None:
        barrier.wait()
        results.append(http.request("GET", server.url, safe=True).status)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [200] * 4
