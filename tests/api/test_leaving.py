"""Taking an account's data along, and having it removed: whole, and nobody else's."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.api.policy import RANKS
from app.domain.backoff import RETRIES, Retries
from app.models import Base, Connection
from app.platforms.errors import Transient
from app.services import account_deletion, account_exports, connecting, nudge, stopping
from app.services.tenant_rows import SMALL, TenantTable, tenant_tables
from app.services.threads import in_this_app
from app.services.uow import unit_of_work
from tests.api.conftest import PASSWORD, Caller, execute, rows
from tests.api.every_table import counts, fill
from tests.api.foreign import Foreign, another_merchant
from tests.api.mails import mails
from tests.api.test_team import while_held


@pytest.fixture
def make_whole(
    make_merchant: Callable[[], Caller], make_connection: Callable[..., Connection]
) -> Callable[[], Foreign]:
    """Merchants with a row in every table."""

    def make() -> Foreign:
        caller = make_merchant()
        found = another_merchant(caller, make_connection(caller.account_id))
        fill(caller.account_id)
        return found

    return make


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def asked(merchant: Caller) -> int:
    answer = merchant.post("/account/exports")
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "waiting"
    return int(answer.json()["id"])


def downloaded(merchant: Caller, export_id: int) -> dict[str, list[Any]]:
    answer = merchant.call("GET", f"/account/exports/{export_id}/download")
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {
            name.removesuffix(".ndjson"): [json.loads(line) for line in archive.read(name).splitlines()]
            for name in archive.namelist()
        }


# ---------------------------------------------------------------------------------------------- exports


def test_an_export_holds_every_row_of_the_account_and_none_of_others(
    make_whole: Callable[[], Foreign],
) -> None:
    mine, theirs = make_whole().caller, make_whole().caller
    execute("DELETE FROM account_exports")
    awkward = 'a "quoted" back\\slash\\n, a tab\t, a line\nbreak, \u2028 and \U0001f600'
    execute("UPDATE orders SET number = :n WHERE account_id = :a", n=awkward, a=mine.account_id)
    export_id = asked(mine)
    account_exports.run(export_id)
    shown = mine.get(f"/account/exports/{export_id}")
    assert (shown["state"], shown["error"], shown["asked_by"]) == ("done", "", mine.email)

    found = downloaded(mine, export_id)
    expected = {
        name: number
        for name, number in counts(mine.account_id).items()
        if name not in account_exports.LEFT_OUT
    }
    found_counts = {name: len(lines) for name, lines in found.items()}
    expected["audit_log"] -= 1  # the download's own entry came later
    assert found_counts == {**expected, "account": 1, "users": 1}
    assert shown["row_count"] == sum(found_counts.values())
    assert shown["byte_count"] > 0
    accounts = {
        row["account_id"]
        for name, lines in found.items()
        if name not in ("account", "users")
        for row in lines
    }
    assert accounts == {mine.account_id}
    assert theirs.email not in str(found)
    assert found["users"] == [{"id": mine.user_id, "email": mine.email, "role": "owner"}]
    assert {order["number"] for order in found["orders"]} == {awkward}


def test_an_export_holds_no_secret(make_whole: Callable[[], Foreign]) -> None:
    """No column of a table is called like one without being left out."""
    mine = make_whole().caller
    execute("DELETE FROM account_exports")
    export_id = asked(mine)
    account_exports.run(export_id)
    found = downloaded(mine, export_id)
    for name, lines in found.items():
        for row in lines:
            assert not {column for column in row if account_exports.SECRET.search(column)}, name
    assert "credentials" in Base.metadata.tables["connections"].columns
    assert "credentials" not in found["connections"][0]
    assert "body" not in Base.metadata.tables["users"].columns


def test_an_export_of_many_pieces_is_one_file(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_exports, "CHUNK_BYTES", 100)
    export_id = asked(merchant)
    account_exports.run(export_id)
    sizes = [size for (size,) in rows("SELECT length(content) FROM export_chunks ORDER BY number")]
    assert len(sizes) > 10
    assert set(sizes[:-1]) == {100}
    assert downloaded(merchant, export_id)["account"][0]["name"] == "A shop"


def test_an_export_whose_worker_has_to_stop_is_begun_anew_by_the_next_and_that_is_no_failure(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_exports, "CHUNK_BYTES", 100)
    monkeypatch.setattr(account_exports, "retries", lambda _kind: Retries(attempts=1))
    export_id = asked(merchant)
    monkeypatch.setattr(stopping, "_asked", True)
    for _ in range(2):
        with pytest.raises(stopping.Stopping):
            account_exports.run(export_id)
    monkeypatch.setattr(stopping, "_asked", False)
    account_exports.run(export_id)
    assert downloaded(merchant, export_id)["account"][0]["name"] == "A shop"


def test_an_export_is_of_one_moment(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A location that comes while it is written is in no file."""
    lines = account_exports._lines
    came = []

    def late(connection: Any, source: Any, account_id: int) -> Any:
        yield from lines(connection, source, account_id)
        if not came:
            came.append(1)
            merchant.post("/locations", {"name": "Late"})

    monkeypatch.setattr(account_exports, "_lines", late)
    export_id = asked(merchant)
    account_exports.run(export_id)
    assert len(merchant.get("/locations")["items"]) > len(downloaded(merchant, export_id)["locations"])


def test_one_export_is_made_at_a_time(merchant: Caller, make_merchant: Callable[[], Caller]) -> None:
    export_id = asked(merchant)
    assert code(merchant.post("/account/exports")) == (409, "conflict")
    assert code(merchant.call("GET", f"/account/exports/{export_id}/download")) == (409, "conflict")
    asked(make_merchant())
    account_exports.run(export_id)
    later = asked(merchant)
    assert [one["id"] for one in merchant.get("/account/exports")["items"]] == [later, export_id]
    first = merchant.get("/account/exports", limit=1)
    rest = merchant.get("/account/exports", limit=1, cursor=first["next"])
    assert (rest["items"][0]["id"], rest["next"]) == (export_id, None)


def test_a_worker_that_died_is_followed_by_another_and_what_it_writes_later_is_not_taken(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker stops in the midst; the second makes the file; then the first goes on."""
    monkeypatch.setattr(account_exports, "CHUNK_BYTES", 100)
    lines = account_exports._lines
    export_id = asked(merchant)
    second = []

    def stopped(connection: Any, source: Any, account_id: int) -> Any:
        yield from lines(connection, source, account_id)
        if source.name == "connections" and not second:
            second.append(1)
            account_exports.run(export_id)  # the claim lasts: nothing happens
            assert merchant.get(f"/account/exports/{export_id}")["state"] == "running"
            execute("UPDATE account_exports SET due_at = now()")
            account_exports.run(export_id)
            assert merchant.get(f"/account/exports/{export_id}")["state"] == "done"

    monkeypatch.setattr(account_exports, "_lines", stopped)
    account_exports.run(export_id)
    assert second
    assert downloaded(merchant, export_id)["account"][0]["id"] == merchant.account_id
    assert rows("SELECT attempts FROM account_exports")[0][0] == 2


def test_an_export_that_no_worker_can_make_is_given_up(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_id = asked(merchant)

    def broken(*_: Any) -> int:
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(account_exports, "_write", broken)
    for _attempt in range(RETRIES["export"].attempts):
        with pytest.raises(psycopg.OperationalError):
            account_exports.run(export_id)
        execute("UPDATE account_exports SET due_at = now()")
    account_exports.run(export_id)
    assert merchant.get(f"/account/exports/{export_id}")["state"] == "failed"
    monkeypatch.undo()
    asked(merchant)


def test_an_export_that_was_lost_is_woken_and_one_that_is_old_is_removed(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import sweeper

    export_id = asked(merchant)
    woken: list[Any] = []
    monkeypatch.setattr(nudge, "enqueue", lambda *given, **_: woken.append(given))
    account_exports.wake_due()
    assert woken == []
    execute("UPDATE account_exports SET due_at = now()")
    account_exports.wake_due()
    account_exports.wake_due()
    assert woken == [("reports", "export_account", export_id)]

    account_exports.run(export_id)
    sweeper.house_keeping(30)
    assert downloaded(merchant, export_id)
    execute("UPDATE account_exports SET expires_at = now()")
    assert merchant.call("GET", f"/account/exports/{export_id}/download").status_code == 409
    sweeper.house_keeping(30)
    assert merchant.call("GET", f"/account/exports/{export_id}/download").status_code == 404
    assert rows("SELECT 1 FROM export_chunks") == []


def test_exports_are_the_accounts_own_and_are_written_down(
    merchant: Caller, make_merchant: Callable[[], Caller]
) -> None:
    export_id = asked(merchant)
    account_exports.run(export_id)
    stranger = make_merchant()
    for path in (f"/account/exports/{export_id}", f"/account/exports/{export_id}/download"):
        assert stranger.call("GET", path).status_code == 404
    assert stranger.get("/account/exports")["items"] == []
    downloaded(merchant, export_id)
    actions = [entry["action"] for entry in merchant.get("/audit-log")["items"]]
    assert actions == ["account.export_downloaded", "account.export_asked"]


@pytest.mark.parametrize("table", [table for table in tenant_tables() if table.name not in SMALL], ids=str)
def test_an_accounts_rows_are_found_by_an_index(table: TenantTable) -> None:
    """Whatever other accounts have: both for an export and for a removal."""
    with unit_of_work() as uow:
        plan = "\n".join(
            uow.session.execute(text(f"EXPLAIN SELECT 1 FROM {table.rows}"), {"account_id": 1}).scalars()
        )
    assert "Seq Scan" not in plan, plan


# --------------------------------------------------------------------------------------------- deletion


def test_a_deletion_disconnects_at_once_tells_the_owners_and_can_be_taken_back(
    merchant: Caller, make_member: Callable[[int, str], Caller], make_connection: Callable[..., Connection]
) -> None:
    number = make_connection(merchant.account_id).id
    other, admin = make_member(merchant.account_id, "owner"), make_member(merchant.account_id, "admin")
    assert code(merchant.call("DELETE", "/account/deletion")) == (409, "conflict")
    assert code(merchant.post("/account/deletion", {"password": "guess"})) == (403, "wrong_password")
    assert merchant.get("/account")["delete_at"] is None

    answer = merchant.post("/account/deletion", {"password": PASSWORD})
    assert answer.status_code == 202
    delete_at = datetime.fromisoformat(answer.json()["delete_at"])
    assert timedelta(days=6) < delete_at - datetime.now(UTC) <= timedelta(days=7)
    assert code(merchant.post("/account/deletion", {"password": PASSWORD})) == (409, "conflict")
    shown = merchant.get(f"/connections/{number}")
    assert (shown["state"], shown["reason"]) == ("disconnected", account_deletion.REASON)
    assert rows("SELECT credentials FROM connections")[0][0] is None
    for owner in (merchant, other):
        assert "A shop will be deleted" in [mail["subject"] for mail in mails(owner.email)]
    assert mails(admin.email) == []

    account_deletion.remove(merchant.account_id)
    assert other.call("DELETE", "/account/deletion").json()["delete_at"] is None
    actions = [row.action for row in rows("SELECT action FROM audit_log ORDER BY id")]
    assert actions == ["connection.disconnected", "account.deletion_asked", "account.deletion_cancelled"]


def test_the_shops_are_asked_to_send_no_more(
    merchant: Caller, make_connection: Callable[..., Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the credentials were forgotten here, and whether or not a shop listens."""
    from tests.api import fake_platform

    for _shop in range(2):
        make_connection(merchant.account_id)
    told: list[Any] = []

    def remove(channel: Any, url: str) -> None:
        told.append(
            (channel.shop.credentials.current(), rows("SELECT DISTINCT state FROM connections")[0][0])
        )
        raise Transient("not now")

    monkeypatch.setattr(fake_platform.FakeChannel, "remove_webhooks", remove)
    assert merchant.post("/account/deletion", {"password": PASSWORD}).status_code == 202
    assert told == [({"token": "t0", "refresh": "r0"}, "disconnected")] * 2


def test_no_shop_is_connected_while_an_account_is_leaving(merchant: Caller) -> None:
    """Neither anew, nor by an authorisation that was under way."""
    from tests.api.fake_platform import SLUG

    merchant.post("/account/deletion", {"password": PASSWORD})
    answer = merchant.post("/connections", {"platform": SLUG, "config": {"shop": "one"}})
    assert answer.status_code == 409, answer.text
    assert rows("SELECT 1 FROM connections") == []
    assert connecting.require_staying is account_deletion.require_staying


def test_when_its_time_has_come_every_row_goes_and_other_accounts_keep_theirs(
    make_whole: Callable[[], Foreign], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_deletion, "BATCH_ROWS", 2)
    monkeypatch.setattr(account_deletion, "BATCH_PARENTS", 2)
    leaving, staying = make_whole(), make_whole()
    gone, kept = leaving.caller, staying.caller
    assert min(counts(gone.account_id).values()) > 0
    before = staying.rows()
    assert gone.post("/account/deletion", {"password": PASSWORD}).status_code == 202

    execute("UPDATE accounts SET delete_at = now() WHERE id = :a", a=gone.account_id)
    assert code(gone.call("DELETE", "/account/deletion")) == (409, "conflict")
    account_deletion.remove(gone.account_id)
    assert set(counts(gone.account_id).values()) == {0}
    assert rows("SELECT 1 FROM accounts WHERE id = :a", a=gone.account_id) == []
    assert rows("SELECT 1 FROM users WHERE id = :u", u=gone.user_id) == []
    assert rows("SELECT 1 FROM mails WHERE about_account_id = :a", a=gone.account_id) == []
    assert gone.call("GET", "/account").status_code == 401
    assert staying.rows() == before
    assert kept.get("/account")["delete_at"] is None
    account_deletion.remove(gone.account_id)


def test_a_removal_that_was_broken_off_goes_on(
    make_whole: Callable[[], Foreign], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = make_whole().caller
    execute("UPDATE accounts SET delete_at = now()")
    delete_some, calls = account_deletion._delete_some, []

    def dies(*given: Any) -> int:
        calls.append(given)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return delete_some(*given)

    monkeypatch.setattr(account_deletion, "_delete_some", dies)
    with pytest.raises(KeyboardInterrupt):
        account_deletion.remove(gone.account_id)
    assert sum(counts(gone.account_id).values()) > 0
    account_deletion.remove(gone.account_id)
    assert rows("SELECT 1 FROM accounts") == []


def test_an_account_whose_time_has_not_come_is_not_touched(make_whole: Callable[[], Foreign]) -> None:
    foreign = make_whole()
    before = foreign.rows()
    account_deletion.remove(foreign.caller.account_id)
    execute("UPDATE accounts SET delete_at = now() + interval '1 minute'")
    account_deletion.remove(foreign.caller.account_id)
    assert foreign.rows() == before


def test_a_removal_waits_for_who_takes_it_back_and_then_does_nothing(merchant: Caller) -> None:
    execute("UPDATE accounts SET delete_at = now()")
    removal = in_this_app(lambda: account_deletion.remove(merchant.account_id))
    with ThreadPoolExecutor(1) as pool, unit_of_work() as uow:
        uow.session.execute(text("UPDATE accounts SET delete_at = NULL"))
        removing = pool.submit(removal)
        while rows("SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0] < 1:
            pass
        uow.commit()
        removing.result()
    assert merchant.get("/account")["delete_at"] is None


def test_of_two_workers_at_a_removal_one_does_it(
    make_whole: Callable[[], Foreign], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = make_whole().caller
    execute("UPDATE accounts SET delete_at = now()")
    removing, twice = account_deletion._remove_rows, []

    def remove_rows(account_id: int) -> None:
        twice.append(account_id)
        account_deletion.remove(account_id)
        removing(account_id)

    monkeypatch.setattr(account_deletion, "_remove_rows", remove_rows)
    account_deletion.remove(gone.account_id)
    assert twice == [gone.account_id]
    assert rows("SELECT 1 FROM accounts") == []


def test_a_user_of_another_account_stays_and_keeps_what_they_made_there(
    merchant: Caller, make_merchant: Callable[[], Caller]
) -> None:
    other = make_merchant()
    execute(
        "INSERT INTO memberships (account_id, user_id, role) VALUES (:a, :u, 'admin')",
        a=other.account_id,
        u=merchant.user_id,
    )
    execute("UPDATE accounts SET delete_at = now() WHERE id = :a", a=merchant.account_id)
    account_deletion.remove(merchant.account_id)
    assert [member["user_id"] for member in other.get("/members")["items"]] == [
        other.user_id,
        merchant.user_id,
    ]
    assert merchant.sign_in().json()["account_id"] == other.account_id


def test_the_ledger_is_emptied_of_accounts_whose_time_has_come_alone(
    make_whole: Callable[[], Foreign],
) -> None:
    account_id = make_whole().caller.account_id
    delete = "DELETE FROM stock_movements WHERE account_id = :a"
    for due in ("NULL", "now() + interval '1 hour'"):
        execute(f"UPDATE accounts SET delete_at = {due}")
        with pytest.raises(DBAPIError, match="append-only"):
            execute(delete, a=account_id)
    execute("UPDATE accounts SET delete_at = now()")
    with pytest.raises(DBAPIError, match="append-only"):
        execute("UPDATE stock_movements SET on_hand_delta = 0")
    execute(delete, a=account_id)


def test_due_removals_are_woken(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[Any] = []
    monkeypatch.setattr(nudge, "enqueue", lambda *given, **_: woken.append(given))
    execute("UPDATE accounts SET delete_at = now() + interval '1 hour'")
    account_deletion.wake_due()
    assert woken == []
    execute("UPDATE accounts SET delete_at = now()")
    account_deletion.wake_due()
    assert woken == [("reports", "delete_account", merchant.account_id)]


@pytest.mark.parametrize("role", [role for role in RANKS if role != "owner"])
def test_only_owners_export_and_delete(
    merchant: Caller, make_member: Callable[[int, str], Caller], role: str
) -> None:
    member = make_member(merchant.account_id, role)
    for method, path in (
        ("POST", "/account/exports"),
        ("GET", "/account/exports"),
        ("POST", "/account/deletion"),
        ("DELETE", "/account/deletion"),
    ):
        answer = member.call(method, path, json={"password": PASSWORD} if method == "POST" else None)
        assert code(answer) == (403, "forbidden"), path


# ---------------------------------------------------------------------------------------------- account


def test_an_account_is_renamed(merchant: Caller) -> None:
    renamed = merchant.call("PATCH", "/account", json={"name": " Cups & Co "}).json()
    assert (renamed["name"], renamed["safety_stock"]) == ("Cups & Co", 0)
    [entry] = merchant.get("/audit-log")["items"]
    assert (entry["action"], entry["detail"]) == ("account.renamed", {"name": "Cups & Co"})
    for wrong in ({}, {"name": ""}, {"name": "  "}, {"name": "x" * 201}, {"name": None}, {"title": "x"}):
        assert merchant.call("PATCH", "/account", json=wrong).status_code == 422
    assert merchant.get("/me")["account_name"] == "Cups & Co"


def test_who_asks_twice_at_once_is_told_once(merchant: Caller) -> None:
    answers = while_held(
        "SELECT 1 FROM accounts FOR UPDATE",
        2,
        *[lambda: merchant.post("/account/deletion", {"password": PASSWORD}).status_code] * 2,
    )
    assert sorted(answers) == [202, 409]
    assert len(mails(merchant.email)) == 1
