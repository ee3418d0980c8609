"""Connecting shops, and what may happen to a connection after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from sqlalchemy import event

from app.api import limits
from app.errors import Conflict
from app.extensions import db
from app.models import Connection
from app.platforms.base import Connected
from app.platforms.errors import AuthExpired
from app.services import connecting, connections, shops
from app.services.credentials import ConnectionCredentials, CredentialsUnreadable, vault
from app.services.nudge import Drain
from tests.api.conftest import WEBHOOK_SECRET, Caller, execute, rows
from tests.api.fake_platform import SLUG, FakeConnector

CONFIG = {"shop": "blue.example"}


def connect(merchant: Caller, **config: str) -> requests.Response:
    return merchant.post("/connections", {"platform": SLUG, "config": {**CONFIG, **config}})


def state_of(answer: requests.Response) -> str:
    return parse_qs(urlsplit(answer.json()["authorize_url"]).query)["state"][0]


def ask(merchant: Caller, state: str, code: str = "yes") -> requests.Response:
    """The browser of the shop's owner comes back from the shop."""
    url = f"{merchant.base_url}/connect/{SLUG}/callback"
    return requests.get(url, params={"state": state, "code": code}, timeout=10)


def confirm(merchant: Caller, state: str, code: str = "yes", *, decision: str) -> requests.Response:
    answer = urlencode({"state": state, "code": code})
    url = f"{merchant.base_url}/connect/{SLUG}/confirm"
    return requests.post(url, data={"answer": answer, "decision": decision}, timeout=10)


def come_back(merchant: Caller, state: str, code: str = "yes") -> requests.Response:
    """He reads to whom it goes, and agrees."""
    page = ask(merchant, state, code)
    return confirm(merchant, state, code, decision="connect") if page.ok else page


def actions() -> list[str]:
    return [row.action for row in rows("SELECT action FROM audit_log ORDER BY id")]


@pytest.fixture(autouse=True)
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Drain, int]]:
    sent: list[tuple[Drain, int]] = []
    for module in (connecting, connections):
        monkeypatch.setattr(module, "nudge", lambda drain, number: sent.append((drain, number)))
    return sent


def test_a_merchant_who_says_yes_is_connected_and_imported(
    merchant: Caller, nudges: list[tuple[Drain, int]]
) -> None:
    started = connect(merchant)
    assert started.status_code == 201
    assert started.json()["connection"]["state"] == "connecting"

    page = come_back(merchant, state_of(started))

    assert page.status_code == 200
    assert "is connected" in page.text
    number = started.json()["connection"]["id"]
    assert f'href="/connections/{number}"' in page.text
    shown = merchant.get(f"/connections/{number}")
    assert (shown["state"], shown["shop"], shown["name"]) == ("importing", "blue.example", "Blue.Example")
    assert ConnectionCredentials(number).current() == {"token": "t1", "refresh": "r1"}
    assert nudges == [(Drain.IMPORT, number)]
    assert actions() == ["connection.started", "connection.connected"]


def test_pasted_keys_connect_at_once_and_are_kept_out_of_the_config(merchant: Caller) -> None:
    answer = connect(merchant, key="good")
    assert answer.status_code == 201
    assert answer.json()["authorize_url"] is None
    assert answer.json()["connection"]["state"] == "importing"
    assert answer.json()["connection"]["config"] == CONFIG
    assert "good" not in str(rows("SELECT config, external_shop_id, state_reason FROM connections"))


def test_dead_keys_are_refused_and_leave_no_secret(merchant: Caller) -> None:
    answer = connect(merchant, key="dead")
    assert answer.status_code == 409
    assert answer.json()["code"] == "platform_auth_expired"
    (row,) = rows("SELECT state, credentials FROM connections")
    assert (row.state, row.credentials) == ("disconnected", None)


def test_nobody_has_ever_more_hosts_called(
    merchant: Caller, make_merchant: Callable[[], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONNECTING", limits.Limit("test", 2, 10**9))
    number = connect(merchant, key="good").json()["connection"]["id"]
    again = {"config": {"key": "good"}}
    assert merchant.post(f"/connections/{number}/reconnect", again).status_code == 200
    assert connect(merchant, key="good").status_code == 429
    assert merchant.post(f"/connections/{number}/reconnect", again).status_code == 429
    assert connect(make_merchant(), key="dead").status_code == 409


def test_a_config_that_does_not_fit_says_which_field(merchant: Caller) -> None:
    answer = merchant.post("/connections", {"platform": SLUG, "config": {"shpo": "x"}})
    assert answer.status_code == 422
    assert "shop: Missing data" in answer.json()["detail"]
    assert merchant.post("/connections", {"platform": "nobody", "config": {}}).status_code == 404


def test_a_platform_that_is_not_set_up_cannot_be_connected(merchant: Caller) -> None:
    answer = merchant.post("/connections", {"platform": "shopify", "config": {"shop": "blue"}})
    assert answer.status_code == 409
    assert "SYNCFLOW_SHOPIFY_CLIENT_ID" in answer.json()["detail"]


def test_a_merchant_who_says_no_is_told_so(merchant: Caller) -> None:
    page = come_back(merchant, state_of(connect(merchant)), code="no")
    assert page.status_code == 422
    assert "said no" in page.text
    [attempt] = merchant.get("/connections")["items"]
    assert attempt["state"] == "disconnected"
    assert attempt["reason_said"] == {"code": "owner_said_no", "values": {}}


def test_whoever_comes_back_reads_to_whom_the_shop_goes_before_it_does(merchant: Caller) -> None:
    """A link to connect may have been sent by a stranger, who would have the shop in his own account."""
    (owner,) = rows("SELECT a.name, u.email FROM accounts a, users u")
    execute("UPDATE accounts SET name = '<b>Blue</b>'")
    state = state_of(connect(merchant))

    page = ask(merchant, state)

    assert page.status_code == 200
    assert "&lt;b&gt;Blue&lt;/b&gt;" in page.text
    assert owner.email in page.text
    assert CONFIG["shop"] in page.text
    assert actions() == ["connection.started"]
    assert [row.state for row in rows("SELECT state FROM connections")] == ["connecting"]


def test_who_does_not_want_the_shop_there_leaves_it_unconnected(merchant: Caller) -> None:
    state = state_of(connect(merchant))
    page = confirm(merchant, state, decision="no")
    assert page.status_code == 200
    assert "was not connected" in page.text
    assert 'href="/connections"' in page.text
    (row,) = rows("SELECT state, credentials FROM connections")
    assert (row.state, row.credentials) == ("disconnected", None)
    assert actions() == ["connection.started", "connection.refused"]
    assert confirm(merchant, state, decision="connect").status_code == 422


def test_a_shop_that_hands_its_keys_over_itself_is_told_for_whom(merchant: Caller) -> None:
    config = {"store_url": "http://127.0.0.1:9"}
    answer = merchant.post("/connections", {"platform": "woocommerce", "config": config})
    (app_name,) = parse_qs(urlsplit(answer.json()["authorize_url"]).query)["app_name"]
    (owner,) = rows("SELECT a.name, u.email FROM accounts a, users u")
    assert app_name == f"SyncFlow for {owner.name} ({owner.email})"


def test_a_state_works_once(merchant: Caller) -> None:
    state = state_of(connect(merchant))
    assert come_back(merchant, state).status_code == 200
    assert come_back(merchant, state).status_code == 422


def test_a_state_is_used_up_before_the_platform_is_asked(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, finish, second = state_of(connect(merchant)), FakeConnector.finish, []

    def answered_twice(*args: Any, **kwargs: Any) -> Connected:
        monkeypatch.setattr(FakeConnector, "finish", finish)
        second.append(come_back(merchant, state).status_code)
        return finish(*args, **kwargs)

    monkeypatch.setattr(FakeConnector, "finish", answered_twice)
    come_back(merchant, state)
    assert second == [422]


@pytest.mark.parametrize("state", ["", "forged", "<script>alert(1)</script>"])
def test_a_forged_state_is_refused(merchant: Caller, state: str) -> None:
    connect(merchant)
    page = come_back(merchant, state)
    assert page.status_code == 422
    assert "<script>" not in page.text


def test_a_strangers_state_is_looked_up_by_an_index(merchant: Caller) -> None:
    """Anybody may come with one, as often as they like."""
    execute(
        "INSERT INTO connections (account_id, platform, external_shop_id, name, currency, state)"
        f" SELECT {merchant.account_id}, 'fakeshop', 'shop' || n, 'Shop', 'EUR', 'connecting'"
        " FROM generate_series(1, 3000) n"
    )
    execute("ANALYZE connections")
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "connect_state_hash" in statement and not statement.startswith("EXPLAIN"):
            plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars()
            plans.append("\n".join(plan))

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        ask(merchant, "forged")
        confirm(merchant, "forged", decision="connect")
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)
    assert len(plans) == 2
    assert all("uq_connections_connect_state" in plan for plan in plans)


def test_a_state_is_worth_nothing_after_a_quarter_of_an_hour_or_elsewhere(merchant: Caller) -> None:
    state = state_of(connect(merchant))
    other = requests.get(
        f"{merchant.base_url}/connect/woocommerce/callback", params={"state": state}, timeout=10
    )
    assert other.status_code == 422

    execute("UPDATE connections SET connect_expires_at = connect_expires_at - interval '15 minutes'")
    assert come_back(merchant, state).status_code == 422


def test_only_a_hash_of_the_state_is_stored(merchant: Caller) -> None:
    state = state_of(connect(merchant))
    assert state not in str(rows("SELECT connect_state_hash, config FROM connections"))


def test_a_shop_of_another_account_is_a_conflict(make_merchant: Callable[[], Caller]) -> None:
    first, second = make_merchant(), make_merchant()
    assert connect(first, key="good").status_code == 201

    answer = connect(second, key="good")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert [row["state"] for row in second.get("/connections")["items"]] == ["disconnected"]


def test_a_shop_that_its_account_gave_up_may_move(make_merchant: Callable[[], Caller]) -> None:
    first, second = make_merchant(), make_merchant()
    number = connect(first, key="good").json()["connection"]["id"]
    assert first.post(f"/connections/{number}/disconnect").status_code == 200

    assert connect(second, key="good").status_code == 201


def test_a_reconnect_reuses_the_row_and_its_webhook_secret(merchant: Caller) -> None:
    number = connect(merchant, key="good").json()["connection"]["id"]
    secret = own_secret(number)
    execute("UPDATE connections SET state = 'needs_auth', failures = 3, orders_cursor = now()")

    again = connect(merchant)
    come_back(merchant, state_of(again))

    (row,) = rows("SELECT id, state, failures, token_version, orders_cursor FROM connections")
    assert (row.id, row.state, row.failures, row.token_version) == (number, "importing", 0, 2)
    assert row.orders_cursor is not None
    assert own_secret(number) == secret


def own_secret(number: int) -> str:
    (row,) = rows("SELECT webhook_secret FROM connections WHERE id = :id", id=number)
    return vault().open_text(bytes(row.webhook_secret))


def test_a_shops_server_may_answer_by_a_post(merchant: Caller) -> None:
    answer = merchant.post(
        "/connections", {"platform": "woocommerce", "config": {"store_url": "http://127.0.0.1:9"}}
    )
    state = parse_qs(urlsplit(answer.json()["authorize_url"]).query)["user_id"][0]
    url = f"{merchant.base_url}/connect/woocommerce/callback"

    forged = requests.post(url, json={"user_id": "forged", "consumer_key": "x"}, timeout=10)
    assert forged.status_code == 422
    assert forged.json()["code"] == "invalid_input"

    unusable = requests.post(url, json={"user_id": state, "key_permissions": "read"}, timeout=10)
    assert unusable.status_code == 422
    assert "read and write" in unusable.json()["detail"]


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"user_id": ["x"]}', b"{" * 100_000])
def test_junk_posted_to_the_callback_is_refused(base_url: str, body: bytes) -> None:
    answer = requests.post(f"{base_url}/connect/woocommerce/callback", data=body, timeout=10)
    assert answer.status_code == 422


def test_the_page_after_a_consent_says_how_it_went(base_url: str) -> None:
    url = f"{base_url}/connect/woocommerce/done"
    assert "is connected" in requests.get(url, params={"success": "1"}, timeout=10).text
    assert "was not connected" in requests.get(url, params={"success": "0"}, timeout=10).text
    assert requests.get(f"{base_url}/connect/nobody/done", timeout=10).status_code == 404


def test_pausing_and_resuming_are_repeatable_and_read_anew(
    merchant: Caller, make_connection: Callable[..., Connection], nudges: list[tuple[Drain, int]]
) -> None:
    number = make_connection(merchant.account_id).id
    execute("UPDATE connections SET orders_polled_at = now(), levels_swept_at = now()")
    for _ in range(2):
        assert merchant.post(f"/connections/{number}/pause").json()["state"] == "paused"
    for _ in range(2):
        assert merchant.post(f"/connections/{number}/resume").json()["state"] == "active"

    (row,) = rows("SELECT orders_polled_at, levels_swept_at FROM connections")
    assert (row.orders_polled_at, row.levels_swept_at) == (None, None)
    assert {drain for drain, _ in nudges} == {Drain.RECONCILE, Drain.INTAKE, Drain.PUSH}


@pytest.mark.parametrize("action", ["pause", "resume", "import", "first-sync"])
def test_a_connection_that_needs_auth_cannot_be_worked_on(
    merchant: Caller, make_connection: Callable[..., Connection], action: str
) -> None:
    number = make_connection(merchant.account_id, state="needs_auth").id
    answer = merchant.post(f"/connections/{number}/{action}")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_disconnecting_forgets_the_credentials(
    merchant: Caller, make_connection: Callable[..., Connection]
) -> None:
    number = make_connection(merchant.account_id).id
    assert merchant.post(f"/connections/{number}/disconnect").json()["state"] == "disconnected"
    (row,) = rows("SELECT credentials FROM connections")
    assert row.credentials is None


def test_refused_credentials_stop_a_connection_once(make_connection: Callable[..., Connection]) -> None:
    number = make_connection().id
    connections.mark_needs_auth(number, "revoked")
    connections.mark_needs_auth(number, "again")
    (row,) = rows("SELECT state, state_reason FROM connections")
    assert (row.state, row.state_reason) == ("needs_auth", "revoked")
    assert actions() == ["connection.needs_auth"]


def test_a_merchant_chooses_name_and_drift_policy(
    merchant: Caller, make_connection: Callable[..., Connection]
) -> None:
    number = make_connection(merchant.account_id).id
    changed = merchant.call("PATCH", f"/connections/{number}", json={"drift_policy": "syncflow_wins"})
    assert changed.json()["drift_policy"] == "syncflow_wins"
    renamed: Any = merchant.call("PATCH", f"/connections/{number}", json={"name": "Blue"}).json()
    assert (renamed["name"], renamed["drift_policy"]) == ("Blue", "syncflow_wins")
    wrong = merchant.call("PATCH", f"/connections/{number}", json={"drift_policy": "nonsense"})
    assert wrong.status_code == 422
    unknown = merchant.call("PATCH", f"/connections/{number}", json={"state": "active"})
    assert unknown.status_code == 422


def test_authorisations_that_came_to_nothing_are_forgotten(merchant: Caller) -> None:
    connect(merchant)
    execute("UPDATE connections SET created_at = now() - interval '2 days'")
    connect(merchant)
    assert len(rows("SELECT id FROM connections")) == 1


def test_a_shop_is_opened_with_its_credentials_and_its_own_address(
    make_connection: Callable[..., Connection],
) -> None:
    connection = make_connection()
    shop = shops.open_channel(connection.id)
    assert shop.webhook_url.endswith(f"/webhooks/{SLUG}/{connection.public_id}")
    assert shop.webhook_secret == WEBHOOK_SECRET
    opened = shop.channel.shop  # type: ignore[attr-defined]  # the fake's
    assert opened.credentials.current() == {"token": "t0", "refresh": "r0"}
    assert opened.settings["allow_private"] == "true"


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"state": "needs_auth"}, AuthExpired),
        ({"state": "disconnected"}, AuthExpired),
        ({"state": "connecting"}, Conflict),
        ({"platform": "shopify"}, Conflict),
        ({"webhook_secret": b"sealed with a lost key"}, CredentialsUnreadable),
    ],
)
def test_a_shop_that_cannot_be_opened_says_why(
    make_connection: Callable[..., Connection], columns: dict[str, Any], fault: type[Exception]
) -> None:
    with pytest.raises(fault):
        shops.open_channel(make_connection(**columns).id)
