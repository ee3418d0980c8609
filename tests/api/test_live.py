"""Live streams: on gunicorn as it runs in production, and through the threads of another server."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis
import requests
from flask import Flask
from flask_jwt_extended import create_access_token

from app.api import live_hub
from app.api.live_hub import BUFFER_BYTES, Client, Hub, TooManyStreams
from app.domain.outward import OutwardKind
from app.services import connections, live
from app.services.outward import STREAM_LENGTH, publish, stream_key
from app.services.outward import event as an_event
from app.services.uow import unit_of_work
from tests.api.conftest import Caller, execute, rows
from tests.api.streams import Stream, Web, opened, web


@pytest.fixture(scope="module")
def gunicorn(environ: dict[str, str]) -> Iterator[Web]:
    with web(environ) as running:
        yield running


@pytest.fixture(params=["gunicorn", "threads"])
def caller(request: pytest.FixtureRequest, merchant: Caller) -> Caller:
    """The merchant, at either server."""
    if request.param == "threads":
        return merchant
    return replace(merchant, base_url=request.getfixturevalue("gunicorn").base_url)


@pytest.fixture
def at_gunicorn(gunicorn: Web, merchant: Caller) -> Caller:
    return replace(merchant, base_url=gunicorn.base_url)


def tell(account_id: int, number: int = 1) -> None:
    publish([an_event(account_id, OutwardKind.PING, {"subscription_id": number})])


def tell_state(account_id: int, state: str) -> None:
    with unit_of_work() as uow:
        connections.tell_state(uow.session, account_id, 1, state)
        uow.commit()


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# ------------------------------------------------------------------------------------ what is told


def test_a_client_is_told_what_is_committed_from_then_on(caller: Caller) -> None:
    tell_state(caller.account_id, "before")
    with opened(caller) as stream:
        assert stream.answer.status == 200
        assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
        assert stream.answer.headers["Cache-Control"] == "no-store"
        first = stream.event()
        assert (first.name, first.data) == ("ready", {})
        tell_state(caller.account_id, "paused")
        told = stream.event()
        assert told.name == told.data["type"] == "connection.changed"
        assert told.data["data"] == {"connection_id": 1, "state": "paused"}


def test_a_client_gets_the_types_it_asks_for_and_nothing_of_another_account(
    caller: Caller, make_merchant: Callable[[], Caller]
) -> None:
    stranger = make_merchant()
    with opened(caller, query="?types=connection.changed,order.created") as stream:
        stream.event()
        tell_state(stranger.account_id, "theirs")
        tell(caller.account_id)
        tell_state(caller.account_id, "mine")
        assert stream.event().data["data"]["state"] == "mine"


def test_a_client_that_comes_back_gets_what_it_missed_and_nothing_twice(caller: Caller) -> None:
    with opened(caller) as stream:
        stream.event()
        tell(caller.account_id, 1)
        seen = stream.event()
    for number in (2, 3):
        tell(caller.account_id, number)
    with opened(caller, last_seen=seen.id) as stream:
        assert stream.event().name == "ready"
        assert [stream.event().data["data"]["subscription_id"] for _ in range(2)] == [2, 3]
        tell(caller.account_id, 4)
        assert stream.event().data["data"]["subscription_id"] == 4


def test_who_comes_back_while_others_are_further_gets_what_it_missed(caller: Caller) -> None:
    with opened(caller) as steady:
        steady.event()
        with opened(caller) as stream:
            seen = stream.event()
        for number in (1, 2):
            tell(caller.account_id, number)
            assert steady.event().data["data"]["subscription_id"] == number
        with opened(caller, last_seen=seen.id) as stream:
            stream.event()
            tell(caller.account_id, 3)
            assert [stream.event().data["data"]["subscription_id"] for _ in range(3)] == [1, 2, 3]
        assert steady.event().data["data"]["subscription_id"] == 3


@pytest.mark.parametrize("last_seen", ["1-0", "99999999999999-0", "odd", "1-0 ", "9" * 400])
def test_a_gap_tells_the_client_to_look_again(caller: Caller, last_seen: str) -> None:
    tell(caller.account_id)
    with opened(caller, last_seen=last_seen) as stream:
        assert stream.event().name == "reset"
        tell(caller.account_id, 2)
        assert stream.event().data["data"]["subscription_id"] == 2


def test_a_stream_that_was_cut_off_before_what_was_seen_last_is_a_gap(app: Flask, merchant: Caller) -> None:
    client: redis.Redis = app.extensions["redis"]
    account_id = merchant.account_id
    tell(account_id)
    seen = live.start(client, account_id, None).position
    assert not live.start(client, account_id, live.text_of(seen)).gap
    for _ in range(2):
        publish([an_event(account_id, OutwardKind.PING, {"subscription_id": 2})] * STREAM_LENGTH)
    assert live.start(client, account_id, live.text_of(seen)).gap
    assert client.xlen(stream_key(account_id)) < STREAM_LENGTH + 200  # whole nodes go
    client.delete(stream_key(account_id))
    assert live.start(client, account_id, live.text_of(seen)).gap
    assert not live.start(client, account_id, None).gap


# -------------------------------------------------------------------------------------- who may


def test_nobody_listens_without_a_token_in_the_header(caller: Caller) -> None:
    for headers, query in (({}, ""), ({"Authorization": "Bearer x"}, ""), ({}, f"?jwt={caller.token}")):
        answer = requests.get(f"{caller.base_url}/api/v1/live{query}", headers=headers, timeout=10)
        assert refused(answer) == (401, "not_signed_in")


@pytest.mark.parametrize("query", ["types=", "types=no.such", "types=ping"])
def test_types_that_do_not_exist_are_refused(caller: Caller, query: str) -> None:
    answer = caller.call("GET", f"/live?{query}")
    assert refused(answer) == (422, "invalid_input")


def test_a_head_request_opens_no_stream(caller: Caller) -> None:
    answer = caller.call("HEAD", "/live")
    assert (answer.status_code, answer.content) == (200, b"")
    assert caller.call("GET", "/me").status_code == 200


def test_a_stream_ends_with_its_token(app: Flask, caller: Caller) -> None:
    claims = {"account_id": caller.account_id, "session_id": session_of(caller)}
    caller.token = create_access_token(
        str(caller.user_id), additional_claims=claims, expires_delta=timedelta(seconds=2)
    )
    with opened(caller) as stream:
        assert stream.event().name == "ready"
        assert stream.ends()


@pytest.mark.parametrize("table", ["memberships", "sessions"])
def test_a_stream_ends_when_its_user_is_no_member_or_not_signed_in_any_more(
    app: Flask, merchant: Caller, table: str
) -> None:
    clock = Clock()
    hub = Hub(app, app.extensions["redis"], most=10, clock=clock)
    theirs, _ = a_client(hub, merchant)
    clock.pass_by(live_hub.RECHECK_SECONDS)
    assert read_until(theirs, b"still here")
    execute(f"DELETE FROM {table} WHERE user_id = :id", id=merchant.user_id)
    clock.pass_by(live_hub.RECHECK_SECONDS)
    assert read_to_the_end(theirs).endswith(b"0\r\n\r\n")
    theirs.close()
    wait_until_empty(hub)
    hub.close()


# ------------------------------------------------------------------------------ what it costs others


def test_streams_hold_no_thread_of_the_server(at_gunicorn: Caller) -> None:
    """It has two."""
    streams = [Stream(at_gunicorn.base_url, at_gunicorn.token) for _ in range(20)]
    for stream in streams:
        assert stream.event().name == "ready"
    assert at_gunicorn.call("GET", "/me").status_code == 200
    tell(at_gunicorn.account_id, 7)
    for stream in streams:
        assert stream.event().data["data"]["subscription_id"] == 7
        stream.close()
    with opened(at_gunicorn) as stream:
        assert stream.event().name == "ready"
        assert at_gunicorn.call("GET", "/me").status_code == 200


def test_a_stream_over_http_1_0_has_no_chunks(at_gunicorn: Caller) -> None:
    host, port = at_gunicorn.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as sock:
        sock.sendall(
            f"GET /api/v1/live HTTP/1.0\r\nAuthorization: Bearer {at_gunicorn.token}\r\n\r\n".encode()
        )
        assert b"\r\n\r\nretry:" in read_until(sock, b"data: {}\n\n")
        tell(at_gunicorn.account_id, 7)
        assert read_until(sock, b'"subscription_id":7}}\n\n').startswith(b"id: ")


def test_a_connection_that_served_requests_before_becomes_a_stream(at_gunicorn: Caller) -> None:
    stream = Stream.__new__(Stream)
    import http.client

    host, port = at_gunicorn.base_url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    headers = {"Authorization": f"Bearer {at_gunicorn.token}"}
    for _ in range(2):
        connection.request("GET", "/api/v1/me", headers=headers)
        assert connection.getresponse().read()
    connection.request("GET", "/api/v1/live", headers=headers)
    stream.connection, stream.answer = connection, connection.getresponse()
    assert stream.event().name == "ready"
    tell(at_gunicorn.account_id, 7)
    assert stream.event().data["data"]["subscription_id"] == 7
    stream.close()


def test_more_streams_than_are_held_are_refused_for_a_while(
    environ: dict[str, str], merchant: Caller
) -> None:
    with web(environ, LIVE_CLIENTS="2") as running:
        merchant.base_url = running.base_url
        with opened(merchant) as first, opened(merchant) as second:
            assert (first.event().name, second.event().name) == ("ready", "ready")
            answer = merchant.call("GET", "/live")
            assert refused(answer) == (503, "too_many_streams")
            assert answer.headers["Retry-After"] == "30"


def test_streams_end_in_good_order_when_the_server_is_stopped(
    environ: dict[str, str], merchant: Caller
) -> None:
    with web(environ) as running:
        merchant.base_url = running.base_url
        with opened(merchant) as stream:
            assert stream.event().name == "ready"
            assert running.stop() == 0
            assert stream.ends()


# ---------------------------------------------------------------------------------------- the hub


class Clock:
    """Epoch seconds as a test has them."""

    def __init__(self) -> None:
        self.now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


def session_of(caller: Caller) -> int:
    return int(rows("SELECT id FROM sessions WHERE user_id = :id", id=caller.user_id)[0].id)


def a_client(hub: Hub, merchant: Caller, **options: Any) -> tuple[socket.socket, Client]:
    theirs, ours = socket.socketpair()
    theirs.settimeout(20)
    hub.admit(merchant.account_id)
    client = Client(
        ours,
        merchant.account_id,
        session_of(merchant),
        options.get("kinds"),
        live.start(hub._redis, merchant.account_id, None).position,
        options.get("ends_at", 2e9),
        chunked=True,
    )
    hub.join(client)
    return theirs, client


def read_until(sock: socket.socket, end: bytes) -> bytes:
    data = b""
    while end not in data:
        more = sock.recv(65536)
        assert more, data
        data += more
    return data


def read_to_the_end(sock: socket.socket) -> bytes:
    data = b""
    while more := sock.recv(65536):
        data += more
    return data


def wait_until_empty(hub: Hub) -> None:
    """Seats are given back by the hub's thread, soon after a stream is over."""
    for _ in range(500):
        if hub.taken() == 0:
            return
        time.sleep(0.02)
    raise AssertionError(f"{hub.taken()} seats are taken")


@pytest.fixture
def hub(app: Flask) -> Iterator[Hub]:
    hub = Hub(app, app.extensions["redis"], most=1000, clock=Clock())
    yield hub
    hub.close()
    wait_until_empty(hub)


def test_a_client_that_does_not_read_is_dropped_and_the_others_go_on(hub: Hub, merchant: Caller) -> None:
    slow, _ = a_client(hub, merchant)
    quick, _ = a_client(hub, merchant)
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    heard = b""
    for number in range(2 * BUFFER_BYTES // 50_000 + 20):
        tell(merchant.account_id, int(f"{number + 1}" + "0" * 4000))
        heard = read_until(quick, b"event: ping")
    while hub.taken() > 1:
        tell(merchant.account_id, int("1" + "0" * 4000))
        heard = read_until(quick, b"event: ping")
    assert heard
    slow.close()
    quick.close()


def test_a_client_that_lags_gets_all_of_it_in_order(hub: Hub, merchant: Caller) -> None:
    theirs, _ = a_client(hub, merchant)
    quick, _ = a_client(hub, merchant)
    for number in range(1001, 1031):
        tell(merchant.account_id, int(f"{number}" + "0" * 3000))
    read_until(quick, b":10300000")
    data = read_until(theirs, b":10300000")
    places = [data.index(f'"subscription_id":{number}0000'.encode()) for number in range(1001, 1031)]
    assert places == sorted(places)
    theirs.close()
    quick.close()


def test_who_is_further_than_the_others_is_told_nothing_twice(hub: Hub, merchant: Caller) -> None:
    tell(merchant.account_id, 1001)
    theirs, ours = socket.socketpair()
    theirs.settimeout(20)
    hub.admit(merchant.account_id)
    ours.setblocking(False)
    behind = Client(ours, merchant.account_id, session_of(merchant), None, (0, 0), 2e9, chunked=True)
    hub._arrived.append(behind)
    further, _ = a_client(hub, merchant)
    read_until(theirs, b":1001}")
    tell(merchant.account_id, 1002)
    assert b":1001}" not in read_until(further, b":1002}")
    theirs.close()
    further.close()


def test_a_client_that_resets_its_connection_gives_its_seat_back(hub: Hub, merchant: Caller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname())
        ours, _address = server.accept()
    hub.admit(merchant.account_id)
    hub.join(Client(ours, merchant.account_id, session_of(merchant), None, (0, 0), 2e9, chunked=True))
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    gone = threading.Event()
    for _ in range(200):
        if hub.taken() == 0:
            gone.set()
            break
        gone.wait(0.1)
    assert gone.is_set()


def test_an_account_has_so_many_streams_and_leaves_room_for_others(
    hub: Hub, make_merchant: Callable[[], Caller]
) -> None:
    for _ in range(live_hub.PER_ACCOUNT):
        hub.admit(1)
    with pytest.raises(TooManyStreams):
        hub.admit(1)
    hub.admit(2)
    for account_id in [1] * live_hub.PER_ACCOUNT + [2]:
        hub.give_back(account_id)


def test_silence_is_filled_with_heartbeats(app: Flask, merchant: Caller) -> None:
    clock = Clock()
    hub = Hub(app, app.extensions["redis"], most=10, clock=clock)
    theirs, _ = a_client(hub, merchant)
    for _ in range(3):
        read_until(theirs, b": still here\n\n")
        clock.pass_by(live_hub.HEARTBEAT_SECONDS)
    hub.close()
    theirs.close()


def test_after_redis_was_away_everybody_is_told_to_look_again(app: Flask, merchant: Caller) -> None:
    real: redis.Redis = app.extensions["redis"]

    class Away:
        away = False

        def __getattr__(self, name: str) -> Any:
            if self.away:
                raise redis.ConnectionError
            return getattr(real, name)

    client = Away()
    hub = Hub(app, client, most=10, clock=Clock())  # type: ignore[arg-type]
    theirs, _ = a_client(hub, merchant)
    read_until(theirs, b"still here")
    client.away = True
    while not hub._interrupted:
        threading.Event().wait(0.05)
    client.away = False
    read_until(theirs, b"event: reset\n")
    tell(merchant.account_id, 9)
    read_until(theirs, b'"subscription_id":9}')
    hub.close()
    theirs.close()


def test_without_redis_a_client_is_asked_to_come_back(
    app: Flask, merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: Any) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(live, "start", away)
    answer = merchant.call("GET", "/live")
    assert refused(answer) == (503, "live_unavailable")
    wait_until_empty(app.extensions["live"])
