"""Webhooks that merchants have us send: subscribing, sending, the log, and whom they may reach."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, MutableMapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from flask import Flask

from app.api.policy import POLICY
from app.domain.backoff import RETRIES
from app.services import webhook_delivery, webhook_sender
from app.services.credentials import Vault, rotate_keys, vault
from app.services.sweeper import house_keeping
from app.services.webhook_delivery import CLAIM_SECONDS, OF_FAILING, OF_ONE, drain
from app.services.webhook_outcomes import IS_GONE, KEPT_ATTEMPTS
from app.services.webhook_sender import Fault, check_url, send
from tests.api.conftest import Caller, execute, rows
from tests.api.receiver import Receiver, documented_check, receiving

PATH = "/webhook-subscriptions"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def subscribe(merchant: Caller, url: str, *kinds: str) -> dict[str, Any]:
    answer = merchant.post(PATH, {"url": url, "kinds": list(kinds or ["stock.changed"])})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def happen(subscription_id: int, count: int = 1, **columns: Any) -> list[int]:
    """Deliveries that wait to be sent."""
    found = rows("SELECT account_id FROM webhook_subscriptions WHERE id = :id", id=subscription_id)
    start = rows("SELECT count(*) AS n FROM webhook_deliveries")[0].n
    for number in range(start, start + count):
        execute(
            "INSERT INTO webhook_deliveries (account_id, subscription_id, event_id, kind, body)"
            " VALUES (:a, :s, :e, 'stock.changed', '{}')",
            a=found[0].account_id,
            s=subscription_id,
            e=f"evt_{number}",
        )
    return [r.id for r in rows("SELECT id FROM webhook_deliveries ORDER BY id")][-count:]


def due_now() -> None:
    execute("UPDATE webhook_deliveries SET next_attempt_at = now()")


def waits(table: str, column: str) -> float:
    """Seconds until that time of the table's one row."""
    [row] = rows(f"SELECT CAST(extract(epoch FROM {column} - clock_timestamp()) AS float8) AS s FROM {table}")
    return float(row.s)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# ---------------------------------------------------------------------------------------- subscribing


def test_a_secret_is_shown_once_and_stored_sealed(merchant: Caller, receiver: Receiver) -> None:
    made = subscribe(merchant, receiver.url, "order.created", "order.created")
    assert made["secret"].startswith("whsec_")
    shown = merchant.get(f"{PATH}/{made['id']}")
    assert (shown["url"], shown["kinds"], shown["state"]) == (receiver.url, ["order.created"], "active")
    assert "secret" not in shown
    assert merchant.get(PATH)["items"] == [shown]
    stored = bytes(rows("SELECT secret FROM webhook_subscriptions")[0].secret)
    assert made["secret"].encode() not in stored
    assert vault().open_text(stored) == made["secret"]
    told = str(rows("SELECT string_agg(detail::text, '') AS all FROM audit_log")[0].all)
    assert "whsec" not in told
    assert "theirs" not in told


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"url": "https://8.8.8.8/", "kinds": []},
        {"url": "https://8.8.8.8/", "kinds": ["ping"]},
        {"url": "https://8.8.8.8/", "kinds": ["no.such"]},
        {"url": "https://8.8.8.8/", "kinds": ["order.created"], "secret": "mine"},
        {"url": "https://8.8.8.8/" + "x" * 3000, "kinds": ["order.created"]},
        {"url": "ftp://8.8.8.8/", "kinds": ["order.created"]},
        {"url": "https://user:pw@8.8.8.8/", "kinds": ["order.created"]},
        {"url": "https://8.8.8.8/a b", "kinds": ["order.created"]},
        {"url": "https://8.8.8.8/\r\nX: y", "kinds": ["order.created"]},
        {"url": "https://[::1", "kinds": ["order.created"]},
        {"url": 3, "kinds": "order.created"},
    ],
)
def test_a_subscription_that_cannot_be_used_is_refused(merchant: Caller, given: dict[str, Any]) -> None:
    assert refused(merchant.post(PATH, given)) == (422, "invalid_input")
    assert rows("SELECT 1 FROM webhook_subscriptions") == []


def test_an_account_has_so_many_webhooks_and_no_more(merchant: Caller, receiver: Receiver) -> None:
    for _ in range(20):
        last = subscribe(merchant, receiver.url)
    one_more = {"url": receiver.url, "kinds": ["order.created"]}
    assert refused(merchant.post(PATH, one_more)) == (409, "conflict")
    assert merchant.call("DELETE", f"{PATH}/{last['id']}").status_code == 204
    assert merchant.post(PATH, one_more).status_code == 201
    first = merchant.get(PATH, limit=15)
    assert len(first["items"]) == 15
    assert len(merchant.get(PATH, limit=15, cursor=first["next"])["items"]) == 5


@pytest.mark.parametrize("role", ["viewer", "staff"])
def test_only_who_runs_the_shops_sees_webhooks(
    merchant: Caller, make_member: Callable[[int, str], Caller], role: str
) -> None:
    low = make_member(merchant.account_id, role)
    assert refused(low.call("GET", PATH)) == (403, "forbidden")
    assert refused(low.post(PATH, {"url": "https://8.8.8.8/", "kinds": ["order.created"]})) == (
        403,
        "forbidden",
    )
    assert len([name for name in POLICY if name.startswith("webhook_subscriptions.")]) == 11


def test_another_merchants_webhooks_are_not_there(
    merchant: Caller, make_merchant: Callable[[], Caller], receiver: Receiver
) -> None:
    made = subscribe(merchant, receiver.url)
    (delivery,) = happen(made["id"])
    stranger = make_merchant()
    assert stranger.get(PATH) == {"items": [], "next": None}
    for method, path, document in (
        ("GET", f"{PATH}/{made['id']}", None),
        ("PATCH", f"{PATH}/{made['id']}", {"state": "paused"}),
        ("PATCH", f"{PATH}/{made['id']}", {"url": "ftp://no.such.host/"}),
        ("DELETE", f"{PATH}/{made['id']}", None),
        ("POST", f"{PATH}/{made['id']}/secret", None),
        ("POST", f"{PATH}/{made['id']}/ping", None),
        ("POST", f"{PATH}/{made['id']}/replay", {"since": "2020-01-01T00:00:00Z"}),
        ("GET", f"{PATH}/{made['id']}/deliveries", None),
        ("GET", f"/webhook-deliveries/{delivery}", None),
        ("POST", f"/webhook-deliveries/{delivery}/replay", None),
    ):
        assert refused(stranger.call(method, path, json=document)) == (404, "not_found"), path
    assert merchant.get(f"{PATH}/{made['id']}")["state"] == "active"


def test_a_removed_webhook_is_sent_nothing_and_is_not_there(merchant: Caller, receiver: Receiver) -> None:
    made = subscribe(merchant, receiver.url)
    (delivery,) = happen(made["id"])
    assert merchant.call("DELETE", f"{PATH}/{made['id']}").status_code == 204
    drain()
    assert receiver.calls == []
    assert refused(merchant.call("GET", f"{PATH}/{made['id']}")) == (404, "not_found")
    assert refused(merchant.call("GET", f"/webhook-deliveries/{delivery}")) == (404, "not_found")
    assert refused(merchant.call("DELETE", f"{PATH}/{made['id']}")) == (404, "not_found")


# -------------------------------------------------------------------------------------------- sending


def test_a_ping_arrives_signed_as_documented_and_is_logged(merchant: Caller, receiver: Receiver) -> None:
    receiver.body = b"thanks\x00"
    receiver.status = 200
    made = subscribe(merchant, receiver.url)
    answer = merchant.post(f"{PATH}/{made['id']}/ping")
    assert answer.status_code == 202
    drain()
    ((headers, body),) = receiver.calls
    document = json.loads(body)
    assert (document["type"], document["data"]) == ("ping", {"subscription_id": made["id"]})
    assert headers["webhook-id"] == document["id"]
    check = documented_check()
    now = int(headers["webhook-timestamp"])
    assert check(made["secret"], headers, body, now=now)
    assert not check(made["secret"], headers, body + b" ", now=now)
    assert not check(made["secret"], headers, body, now=now + 3600)
    assert not check("whsec_" + "A" * 44, headers, body, now=now)

    log = merchant.get(f"/webhook-deliveries/{answer.json()['id']}")
    assert (log["state"], log["status"], log["fault"], log["attempts"]) == ("delivered", 200, "", 1)
    assert (log["answer"], log["body"], log["next_attempt_at"]) == ("thanks\ufffd", body.decode(), None)


def test_a_rotated_secret_overlaps_with_the_one_before_for_a_day(
    merchant: Caller, receiver: Receiver
) -> None:
    made = subscribe(merchant, receiver.url)
    new = merchant.post(f"{PATH}/{made['id']}/secret").json()
    assert new["secret"] != made["secret"]
    assert merchant.get(f"{PATH}/{made['id']}")["previous_secret_until"] is not None
    happen(made["id"])
    drain()
    execute("UPDATE webhook_subscriptions SET previous_until = now()")
    happen(made["id"])
    drain()
    check = documented_check()
    heard = [
        [
            check(secret, headers, body, now=int(headers["webhook-timestamp"]))
            for headers, body in receiver.calls
        ]
        for secret in (made["secret"], new["secret"])
    ]
    assert heard == [[True, False], [True, True]]
    assert merchant.get(f"{PATH}/{made['id']}")["previous_secret_until"] is None


def test_what_fails_is_tried_again_later_and_is_dead_in_the_end(merchant: Caller, receiver: Receiver) -> None:
    receiver.status, receiver.body = 500, b"x" * 5000
    made = subscribe(merchant, receiver.url)
    (delivery,) = happen(made["id"])
    waits = []
    for _ in range(RETRIES["webhook"].attempts):
        due_now()
        drain()
        waited = rows(
            "SELECT CAST(extract(epoch FROM next_attempt_at - attempted_at) AS float8) AS s"
            " FROM webhook_deliveries"
        )
        waits.append(waited[0].s)
    assert len(receiver.calls) == RETRIES["webhook"].attempts
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1
    assert all(7 <= wait <= 6 * 3600 + 1 for wait in waits)
    assert 12 * 3600 < sum(waits[:-1]) < 30 * 3600
    log = merchant.get(f"/webhook-deliveries/{delivery}")
    assert (log["state"], log["status"], log["fault"]) == ("dead", 500, "status")
    assert log["answer"] == "x" * 1024
    assert merchant.get(f"{PATH}/{made['id']}")["failing_since"] is not None
    due_now()
    drain()
    assert len(receiver.calls) == RETRIES["webhook"].attempts

    receiver.status = 200
    assert merchant.post(f"/webhook-deliveries/{delivery}/replay").status_code == 204
    assert refused(merchant.post(f"/webhook-deliveries/{delivery}/replay")) == (409, "conflict")
    drain()
    assert merchant.get(f"/webhook-deliveries/{delivery}")["state"] == "delivered"
    assert merchant.get(f"{PATH}/{made['id']}")["failing_since"] is None


def test_every_attempt_of_a_delivery_is_kept(merchant: Caller, receiver: Receiver) -> None:
    made = subscribe(merchant, receiver.url)
    (delivery,) = happen(made["id"])
    assert merchant.get(f"/webhook-deliveries/{delivery}")["history"] == []
    for status in (500, 302, 200):
        receiver.status = status
        due_now()
        drain()
    assert merchant.post(f"/webhook-deliveries/{delivery}/replay").status_code == 204
    drain()
    log = merchant.get(f"/webhook-deliveries/{delivery}")
    tried = [(each["status"], each["fault"]) for each in log["history"]]
    assert tried == [(500, "status"), (302, "redirect"), (200, ""), (200, "")]
    times = [datetime.fromisoformat(each["at"]) for each in log["history"]]
    assert times == sorted(set(times))
    assert {at.utcoffset() for at in times} == {timedelta(0)}
    assert log["history"][-1]["duration_ms"] == log["duration_ms"]
    assert "history" not in merchant.get(f"{PATH}/{made['id']}/deliveries")["items"][0]


def test_an_attempt_without_an_answer_is_kept_without_a_status(merchant: Caller) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        made = subscribe(merchant, f"http://127.0.0.1:{probe.getsockname()[1]}/")
    (delivery,) = happen(made["id"])
    drain()
    [tried] = merchant.get(f"/webhook-deliveries/{delivery}")["history"]
    assert (tried["status"], tried["fault"]) == (None, "connection")


def test_of_a_delivery_that_was_tried_very_often_the_last_attempts_are_kept(
    merchant: Caller, receiver: Receiver
) -> None:
    made = subscribe(merchant, receiver.url)
    (delivery,) = happen(made["id"])
    execute(
        "UPDATE webhook_deliveries SET history = (SELECT jsonb_agg(jsonb_build_object('at', now(),"
        " 'status', n, 'fault', 'status', 'duration_ms', 1) ORDER BY n) FROM generate_series(1, :n) n)",
        n=KEPT_ATTEMPTS,
    )
    drain()
    kept = [each["status"] for each in merchant.get(f"/webhook-deliveries/{delivery}")["history"]]
    assert kept == [*range(2, KEPT_ATTEMPTS + 1), 204]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_busy_receiver_is_left_alone_for_as_long_as_it_asks(
    merchant: Caller, receiver: Receiver, status: int, form: str
) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)
    receiver.status = status
    receiver.headers = {"Retry-After": "3600" if form == "seconds" else format_datetime(at, usegmt=True)}
    made = subscribe(merchant, receiver.url)
    happen(made["id"])
    drain()
    assert 3000 < waits("webhook_deliveries", "next_attempt_at") <= 3601
    shown = merchant.get(f"{PATH}/{made['id']}")
    assert 3000 < (datetime.fromisoformat(shown["quiet_until"]) - datetime.now(UTC)).total_seconds() <= 3601

    happen(made["id"])  # another event for the same receiver waits too
    assert not webhook_delivery.is_due()
    drain()
    assert len(receiver.calls) == 1

    receiver.status = 204
    merchant.call("PATCH", f"{PATH}/{made['id']}", json={"state": "active"})
    drain()
    assert len(receiver.calls) == 2
    assert merchant.get(f"{PATH}/{made['id']}")["quiet_until"] is None


@pytest.mark.parametrize("asked", ["999999999", "1e999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_receiver_that_asks_for_ever_is_tried_again_the_same_day(
    merchant: Caller, receiver: Receiver, asked: str
) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": asked}
    made = subscribe(merchant, receiver.url)
    happen(made["id"])
    drain()
    assert waits("webhook_deliveries", "next_attempt_at") <= RETRIES["webhook"].longest


@pytest.mark.parametrize(
    ("status", "asked"),
    [
        (429, "soon"),
        (429, ""),
        (429, "-3600"),
        (429, "nan"),
        (429, "inf"),
        (429, "Fri, 31 Dec 1999 23:59:59 GMT"),
        (429, "Fri, 99 Dec 2099 99:99:99 GMT"),
        (503, "1 hour"),
        (500, "3600"),
        (404, "3600"),
    ],
)
def test_what_is_no_wait_is_not_waited_for(
    merchant: Caller, receiver: Receiver, status: int, asked: str
) -> None:
    receiver.status, receiver.headers = status, {"Retry-After": asked}
    made = subscribe(merchant, receiver.url)
    happen(made["id"])
    drain()
    assert waits("webhook_deliveries", "next_attempt_at") <= 15
    assert merchant.get(f"{PATH}/{made['id']}")["quiet_until"] is None


def test_a_receiver_that_is_gone_has_unsubscribed(merchant: Caller, receiver: Receiver) -> None:
    receiver.status = 410
    made = subscribe(merchant, receiver.url)
    with receiving() as elsewhere:
        other = subscribe(merchant, elsewhere.url)
        first, second = happen(made["id"], 2)
        execute(
            "UPDATE webhook_deliveries SET next_attempt_at = now() + interval '1 hour' WHERE id = :id",
            id=second,
        )
        (others,) = happen(other["id"])
        drain()
    shown = merchant.get(f"{PATH}/{made['id']}")
    assert (shown["state"], shown["state_reason"]) == ("disabled", IS_GONE)
    assert shown["state_reason_said"] == {"code": "receiver_gone", "values": {}}
    log = [merchant.get(f"/webhook-deliveries/{each}") for each in (first, second, others)]
    assert [(row["state"], row["fault"], row["attempts"]) for row in log] == [
        ("dead", "gone", 1),
        ("dead", "gone", 0),
        ("delivered", "", 1),
    ]
    [entry] = rows("SELECT actor, subject, detail FROM audit_log WHERE action = 'webhook.disabled'")
    assert (entry.actor, entry.detail) == ("system", {"reason": IS_GONE})
    due_now()
    drain()
    assert len(receiver.calls) == 1
    assert merchant.get(f"{PATH}/{other['id']}")["state"] == "active"

    receiver.status = 204
    shown = merchant.call("PATCH", f"{PATH}/{made['id']}", json={"state": "active"}).json()
    assert (shown["state"], shown["state_reason"]) == ("active", "")
    assert merchant.post(f"/webhook-deliveries/{second}/replay").status_code == 204
    drain()
    assert len(receiver.calls) == 2


def test_a_receiver_that_is_gone_may_say_so_to_several_calls_at_once(
    merchant: Caller, receiver: Receiver
) -> None:
    """Each of them ends what the others are about to record."""
    receiver.status = 410
    made = subscribe(merchant, receiver.url)
    happen(made["id"], OF_ONE + 3)
    receiver.may_answer.clear()
    thread = threading.Thread(target=in_app(drain))
    thread.start()
    for _ in range(OF_ONE):
        assert receiver.called.acquire(timeout=20)
    receiver.may_answer.set()
    thread.join(60)
    assert len(receiver.calls) == OF_ONE
    assert {row.state for row in rows("SELECT state FROM webhook_deliveries")} == {"dead"}
    assert len(rows("SELECT 1 FROM audit_log WHERE action = 'webhook.disabled'")) == 1


def test_all_that_failed_since_a_time_are_sent_once_more(merchant: Caller, receiver: Receiver) -> None:
    made = subscribe(merchant, receiver.url)
    old, new, done = happen(made["id"], 3)
    execute("UPDATE webhook_deliveries SET state = 'dead' WHERE id <> :id", id=done)
    execute("UPDATE webhook_deliveries SET state = 'delivered' WHERE id = :id", id=done)
    execute("UPDATE webhook_deliveries SET created_at = now() - interval '2 days' WHERE id = :id", id=old)
    since = rows("SELECT now() - interval '1 day' AS at")[0].at.isoformat()
    answer = merchant.post(f"{PATH}/{made['id']}/replay", {"since": since})
    assert (answer.status_code, answer.json()) == (202, {"deliveries": 1})
    drain()
    log = merchant.get(f"{PATH}/{made['id']}/deliveries")["items"]
    assert {row["id"]: row["state"] for row in log} == {old: "dead", new: "delivered", done: "delivered"}
    assert [row["id"] for row in log] == [done, new, old]

    path = f"{PATH}/{made['id']}/deliveries"
    assert [row["id"] for row in merchant.get(path, state="dead")["items"]] == [old]
    assert [row["id"] for row in merchant.get(path, since=since)["items"]] == [done, new]
    assert merchant.get(path, kind="order.created")["items"] == []
    first = merchant.get(path, limit=2)
    assert [row["id"] for row in merchant.get(path, limit=2, cursor=first["next"])["items"]] == [old]
    assert refused(merchant.call("GET", path, params={"state": "odd"})) == (422, "invalid_input")
    assert refused(merchant.post(f"{PATH}/{made['id']}/replay", {"since": "2020-01-01T00:00:00"})) == (
        422,
        "invalid_input",
    )


def test_a_paused_webhook_gets_what_happened_once_it_is_active_again(
    merchant: Caller, receiver: Receiver
) -> None:
    made = subscribe(merchant, receiver.url)
    happen(made["id"], 2)
    assert (
        merchant.call("PATCH", f"{PATH}/{made['id']}", json={"state": "paused"}).json()["state"] == "paused"
    )
    assert refused(merchant.post(f"{PATH}/{made['id']}/ping")) == (409, "conflict")
    drain()
    assert receiver.calls == []
    merchant.call("PATCH", f"{PATH}/{made['id']}", json={"state": "active"})
    drain()
    assert len(receiver.calls) == 2


def test_a_webhook_that_failed_for_days_is_disabled_and_can_be_made_active(
    merchant: Caller, receiver: Receiver
) -> None:
    receiver.status = 500
    made = subscribe(merchant, receiver.url)
    happen(made["id"])
    drain()
    assert merchant.get(f"{PATH}/{made['id']}")["state"] == "active"
    execute("UPDATE webhook_subscriptions SET failing_since = now() - interval '5 days 1 minute'")
    due_now()
    drain()
    shown = merchant.get(f"{PATH}/{made['id']}")
    assert (shown["state"], shown["state_reason"]) == ("disabled", "Every call has failed for days.")
    assert rows("SELECT actor FROM audit_log WHERE action = 'webhook.disabled'")[0].actor == "system"
    shown = merchant.call("PATCH", f"{PATH}/{made['id']}", json={"state": "active"}).json()
    assert (shown["state"], shown["failing_since"], shown["state_reason"]) == ("active", None, "")
    assert shown["state_reason_said"] is None


def test_one_receiver_that_hangs_does_not_hold_up_another(merchant: Caller, receiver: Receiver) -> None:
    with receiving() as slow:
        slow.may_answer.clear()
        hanging = subscribe(merchant, slow.url)
        happen(hanging["id"], 50)
        quick = subscribe(merchant, receiver.url)
        happen(quick["id"], 20)
        thread = threading.Thread(target=in_app(drain))
        thread.start()
        for _ in range(20):
            assert receiver.called.acquire(timeout=20)
        assert slow.most_under_way <= OF_ONE
        slow.may_answer.set()
        thread.join(60)
        assert len(slow.calls) == 50
        assert slow.most_under_way == OF_ONE


def test_receivers_that_fail_have_a_part_of_the_calls_and_one_each(
    merchant: Caller, receiver: Receiver
) -> None:
    made = [subscribe(merchant, receiver.url) for _ in range(20)]
    execute("UPDATE webhook_subscriptions SET failing_since = now()")
    for each in made:
        happen(each["id"], 2)
    receiver.may_answer.clear()
    thread = threading.Thread(target=in_app(drain))
    thread.start()
    for _ in range(OF_FAILING):
        assert receiver.called.acquire(timeout=20)
    assert not receiver.called.acquire(timeout=1)
    assert receiver.most_under_way == OF_FAILING
    receiver.may_answer.set()
    thread.join(60)
    assert len(receiver.calls) == 40


def test_two_workers_send_each_delivery_once(merchant: Caller, receiver: Receiver) -> None:
    made = subscribe(merchant, receiver.url)
    happen(made["id"], 30)
    barrier = threading.Barrier(2)

    def work() -> None:
        barrier.wait()
        drain()

    threads = [threading.Thread(target=in_app(work)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(receiver.calls) == len({headers["webhook-id"] for headers, _ in receiver.calls}) == 30


def test_a_worker_whose_time_was_over_is_not_heard(merchant: Caller, receiver: Receiver) -> None:
    made = subscribe(merchant, receiver.url)
    (delivery,) = happen(made["id"])
    receiver.may_answer.clear()
    thread = threading.Thread(target=in_app(drain))
    thread.start()
    assert receiver.called.acquire(timeout=20)
    execute("UPDATE webhook_deliveries SET claim = claim + 1")
    receiver.may_answer.set()
    thread.join(60)
    assert rows("SELECT state FROM webhook_deliveries WHERE id = :id", id=delivery)[0].state == "pending"


def test_what_a_dead_worker_left_is_found_again(merchant: Caller, receiver: Receiver) -> None:
    made = subscribe(merchant, receiver.url)
    happen(made["id"])
    assert webhook_delivery.is_due()
    execute("UPDATE webhook_deliveries SET claim = 1, next_attempt_at = now() + interval '1 minute'")
    assert not webhook_delivery.is_due()
    due_now()
    drain()
    assert len(receiver.calls) == 1


def test_deliveries_are_kept_for_thirty_days(merchant: Caller, receiver: Receiver) -> None:
    made = subscribe(merchant, receiver.url)
    old, new = happen(made["id"], 2)
    execute("UPDATE webhook_deliveries SET created_at = now() - interval '31 days' WHERE id = :id", id=old)
    house_keeping(30)
    assert [row.id for row in rows("SELECT id FROM webhook_deliveries")] == [new]


def test_secrets_are_sealed_anew_with_the_other_credentials(
    merchant: Caller, receiver: Receiver, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = subscribe(merchant, receiver.url)
    merchant.post(f"{PATH}/{made['id']}/secret")
    keys = app.extensions["settings"].credential_keys
    new = "b" * 43 + "="
    monkeypatch.setattr("app.services.credentials.vault", lambda: Vault((new, *keys)))
    assert rotate_keys() == 1
    row = rows("SELECT secret, previous_secret FROM webhook_subscriptions")[0]
    assert Vault((new,)).open_text(bytes(row.previous_secret)) == made["secret"]
    monkeypatch.undo()
    happen(made["id"])
    drain()  # with the key before alone
    assert rows("SELECT fault, status FROM webhook_deliveries")[0] == (Fault.SECRET.value, None)
    assert receiver.calls == []


# ------------------------------------------------------------------------------- whom they may reach

PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.192",
    "224.0.0.1",
    "239.255.255.250",
    "0.0.0.0",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:10.0.0.1]",
    "[::7f00:1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fec0::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "localhost",
    "2130706433",
    "0x7f.1",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_an_address_in_a_private_network_is_refused_when_subscribing_and_when_sending(host: str) -> None:
    url = f"https://{host}/hook"
    with pytest.raises(webhook_sender.InvalidInput):
        check_url(url, allow_private=False)
    assert send(url, "evt_1", b"{}", [], timestamp=0, allow_private=False).fault is Fault.ADDRESS


def test_only_https_may_be_called(receiver: Receiver) -> None:
    with pytest.raises(webhook_sender.InvalidInput):
        check_url("http://8.8.8.8/", allow_private=False)
    check_url("https://8.8.8.8/", allow_private=False)
    check_url(receiver.url, allow_private=True)
    assert (
        send("http://8.8.8.8/", "evt_1", b"{}", [], timestamp=0, allow_private=False).fault is Fault.ADDRESS
    )


def test_a_name_that_changes_its_address_after_it_was_looked_at_is_not_followed(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look says a public address, every later one a private one."""
    port = int(receiver.url.split(":")[2].split("/")[0])
    looks: list[str] = []
    reached: list[Any] = []

    def look_up(host: str, *_rest: Any, **_options: Any) -> list[Any]:
        looks.append(host)
        address = "8.8.8.8" if len(looks) == 1 or host == "8.8.8.8" else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(_sock: socket.socket, address: Any) -> None:
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket.socket, "connect", connect)
    url = f"https://rebinds.example:{port}/"
    assert send(url, "evt_1", b"{}", [], timestamp=0, allow_private=False).fault is Fault.CONNECTION
    assert reached == [("8.8.8.8", port)]
    assert send(url, "evt_1", b"{}", [], timestamp=0, allow_private=False).fault is Fault.ADDRESS
    assert reached == [("8.8.8.8", port)]
    assert receiver.calls == []


def test_a_host_with_one_private_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 443)) for host in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_o: found)
    with pytest.raises(webhook_sender.InvalidInput):
        check_url("https://both.example/", allow_private=False)
    sent = send("https://both.example/", "evt_1", b"{}", [], timestamp=0, allow_private=False)
    assert sent.fault is Fault.ADDRESS


def test_a_host_of_many_addresses_that_do_not_answer_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is waited for: all of a thousand would take longer than any claim holds."""
    reached: list[Any] = []

    def look_up(host: str, *_rest: Any, **_options: Any) -> list[Any]:
        hosts = [f"8.8.8.{n}" for n in range(1, 200)] if host == "many.example" else [host]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, 443)) for found in hosts]

    def connect(_sock: socket.socket, address: Any) -> None:
        reached.append(address)
        raise TimeoutError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket.socket, "connect", connect)
    outcome = send("https://many.example/", "evt_1", b"{}", [], timestamp=0, allow_private=False)
    assert outcome.fault is Fault.TIMEOUT
    assert len(reached) * webhook_sender.CONNECT_SECONDS + webhook_sender.ANSWER_SECONDS < CLAIM_SECONDS


def test_a_redirect_is_a_failure_and_is_not_followed(merchant: Caller, receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.status, receiver.headers = 307, {"Location": elsewhere.url}
        made = subscribe(merchant, receiver.url)
        (delivery,) = happen(made["id"])
        drain()
        assert elsewhere.calls == []
    log = merchant.get(f"/webhook-deliveries/{delivery}")
    assert (log["state"], log["status"], log["fault"]) == ("pending", 307, "redirect")
    assert log["next_attempt_at"] is not None


def test_nobody_listening_and_no_answer_are_told_apart(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_sender, "ANSWER_SECONDS", 0.2)
    receiver.may_answer.clear()
    assert send(receiver.url, "e", b"{}", [], timestamp=0, allow_private=True).fault is Fault.TIMEOUT
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    assert send(nobody, "e", b"{}", [], timestamp=0, allow_private=True).fault is Fault.CONNECTION


def test_no_secret_and_no_address_is_logged(
    merchant: Caller,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    logged: list[MutableMapping[str, Any]],
) -> None:
    with caplog.at_level("DEBUG"):
        made = subscribe(merchant, receiver.url)
        happen(made["id"])
        drain()
    assert [entry["event"] for entry in logged].count("webhook_sent") == 1
    assert "theirs" not in str(logged)
    assert made["secret"] not in str(logged) + caplog.text


def in_app(act: Callable[[], None]) -> Callable[[], None]:
    from app.services.threads import in_this_app

    return in_this_app(act)
