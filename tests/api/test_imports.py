"""CSV files over the API: uploaded, checked row by row, applied batch by batch, or refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from app.api.policy import MOST_BYTES
from app.domain.backoff import RETRIES
from app.errors import Conflict
from app.models import Connection
from app.services import stopping, sweeper, variants
from app.services.imports import apply, check, decide, receive, work
from tests.api.books import Books, keep_books
from tests.api.conftest import Caller, execute, rows

HEAD = "sku,title,barcode,currency,price,unit_cost,low_stock_threshold\n"


@pytest.fixture
def books(merchant: Caller, make_connection: Callable[..., Connection]) -> Books:
    """CUP-0 to CUP-2 with ten of each, without prices."""
    return keep_books(make_connection(merchant.account_id), variants=3, orders=0)


def upload(merchant: Caller, content: str | bytes, to: str = "catalog", **query: Any) -> Any:
    data = content if isinstance(content, bytes) else content.encode()
    return merchant.call("POST", f"/imports/{to}", params=query, data=data)


def checked(merchant: Caller, content: str | bytes, to: str = "catalog", **query: Any) -> dict[str, Any]:
    """Uploaded, and as a worker leaves it."""
    answer = upload(merchant, content, to, **query)
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "checking"
    work.work_on(answer.json()["id"])
    return dict(merchant.get(f"/imports/{answer.json()['id']}"))


def applied(merchant: Caller, imported: dict[str, Any], **given: Any) -> dict[str, Any]:
    answer = merchant.post(f"/imports/{imported['id']}/apply", given)
    assert answer.status_code == 202, answer.text
    work.work_on(imported["id"])
    return dict(merchant.get(f"/imports/{imported['id']}"))


def lines(merchant: Caller, imported: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    return list(merchant.get(f"/imports/{imported['id']}/rows", **query)["items"])


def problems(merchant: Caller, imported: dict[str, Any]) -> dict[int, str]:
    return {row["line"]: row["problem"] for row in lines(merchant, imported, outcome="fault", limit=250)}


def told(row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return row["problem_said"]["code"], row["problem_said"]["values"]


def numbers(imported: dict[str, Any]) -> tuple[int, ...]:
    return tuple(imported[name] for name in ("creates", "changes", "unchanged", "faulty"))


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def catalog(merchant: Caller) -> dict[str, dict[str, Any]]:
    found = merchant.get("/variants", limit=250, archived="any")["items"]
    return {item["sku"]: item for item in found}


# ------------------------------------------------------------------------------------------- dry run, apply


def test_a_file_shows_what_it_would_do_and_does_it_when_it_is_applied(merchant: Caller, books: Books) -> None:
    file = (
        f"{HEAD}CUP-0,Cup 100% no. 0,,,,,\n"
        "CUP-1,Becher,4006381333931,EUR,12.50,3,5\n"
        'NEW-1,"A ""new"", thing",,eur,"1,99",,\n'
    )
    imported = checked(merchant, file, file_name="autumn.csv")
    assert (imported["state"], imported["file_name"], numbers(imported)) == (
        "checked",
        "autumn.csv",
        (1, 1, 1, 0),
    )
    same, change, create = lines(merchant, imported)
    assert (same["outcome"], same["changes"], same["applied"]) == ("same", {}, False)
    assert change["variant_id"] == books.variant_ids[1]
    assert change["changes"] == {
        "title": ["Cup 100% no. 1", "Becher"],
        "barcode": [None, "4006381333931"],
        "price_minor": [None, 1250],
        "unit_cost_minor": [None, 300],
        "low_stock_threshold": [None, 5],
    }
    assert (create["line"], create["variant_id"], create["changes"]["price_minor"]) == (4, None, [None, 199])
    assert "NEW-1" not in catalog(merchant)  # a dry run

    done = applied(merchant, imported)
    assert (done["state"], done["applied"], done["to_apply"]) == ("applied", 2, 2)
    now = catalog(merchant)
    assert (now["CUP-1"]["title"], now["CUP-1"]["unit_cost_minor"]) == ("Becher", 300)
    assert (now["NEW-1"]["title"], now["NEW-1"]["currency"]) == ('A "new", thing', "EUR")
    assert [row["applied"] for row in lines(merchant, imported, outcome="create")] == [True]
    audited = rows("SELECT action FROM audit_log WHERE action LIKE 'import.%' ORDER BY id")
    assert [row.action for row in audited] == ["import.uploaded", "import.begun", "import.applied"]


def test_applied_twice_it_is_done_once(merchant: Caller) -> None:
    imported = checked(merchant, "sku,title\nA,Thing\n")
    applied(merchant, imported)
    variants.change(merchant.account_id, catalog(merchant)["A"]["id"], {"title": "Since"}, actor="cli")
    assert applied(merchant, imported)["applied"] == 1
    assert catalog(merchant)["A"]["title"] == "Since"


def test_ones_own_export_changes_nothing(merchant: Caller, books: Books) -> None:
    fields = {"currency": "KWD", "price_minor": 1234, "unit_cost_minor": 0, "low_stock_threshold": 0}
    for title in ("=1+1", "-5 °C", "'quoted'", '"', "a\nb", "ünï, cödé;", "@home", "+"):
        variants.create(merchant.account_id, {"title": title, "sku": title, **fields}, actor="cli")
    variants.create(merchant.account_id, {"title": "No SKU"}, actor="cli")
    execute(
        "UPDATE variants SET title = ' ' || repeat('x', 3000), price_minor = 0, currency = 'EUR'"
        " WHERE sku = 'CUP-2'"
    )
    file = merchant.call("GET", "/variants.csv").content
    for content in (file, b"\xef\xbb\xbf" + file):
        imported = checked(merchant, content)
        assert numbers(imported) == (0, 0, 12, 0), problems(merchant, imported)
    assert "available" in imported["ignored_columns"]
    assert imported["columns"] == [
        *("id", "sku", "title", "barcode", "currency", "price", "unit_cost", "low_stock_threshold")
    ]


def test_an_id_finds_a_variant_whose_sku_changes(merchant: Caller, books: Books) -> None:
    cup = books.variant_ids[0]
    applied(merchant, checked(merchant, f"id;sku\n{cup};CUP-NEW\n"))
    assert catalog(merchant)["CUP-NEW"]["id"] == cup


def test_a_row_tells_the_currency_of_what_was(merchant: Caller) -> None:
    fields = {"title": "T", "currency": "USD", "price_minor": 4317}
    for sku in ("BOARD", "OTHER"):
        variants.create(merchant.account_id, {**fields, "sku": sku}, actor="cli")
    file = "sku;title;price;currency\nBOARD;Brett;12,50;\nOTHER;;12,50;EUR\nNEW;Neu;1;\n"
    imported = checked(merchant, file, currency="EUR")
    found = lines(merchant, imported)
    assert [row["currency"] for row in found] == ["USD", "USD", None]
    assert [row["changes"].get("currency") for row in found] == [None, ["USD", "EUR"], [None, "EUR"]]

    applied(merchant, imported)
    now = catalog(merchant)
    assert (now["BOARD"]["currency"], now["BOARD"]["price_minor"]) == ("USD", 1250)
    assert [row["currency"] for row in lines(merchant, imported)][:2] == ["USD", "USD"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_files_come_as_spreadsheets_write_them(merchant: Caller, separator: str) -> None:
    file = "\ufeffSKU,Title,NOTE\r\n A ,Thing,x\r\n\r\n,,\r\nB,Other\r\n".replace(",", separator)
    imported = checked(merchant, file)
    assert (numbers(imported), imported["ignored_columns"]) == ((2, 0, 0, 0), ["note"])
    assert [row["given"] for row in lines(merchant, imported)] == [
        {"sku": "A", "title": "Thing"},
        {"sku": "B", "title": "Other"},
    ]


def test_an_empty_cell_leaves_what_is_there(merchant: Caller, books: Books) -> None:
    applied(merchant, checked(merchant, f"{HEAD}CUP-0,,4006381333931,EUR,5,,\n"))
    applied(merchant, checked(merchant, f"{HEAD}CUP-0,,,,,2.5,\n"))
    cup = catalog(merchant)["CUP-0"]
    assert (cup["title"], cup["barcode"]) == ("Cup 100% no. 0", "4006381333931")
    assert (cup["price_minor"], cup["unit_cost_minor"]) == (500, 250)


def test_a_files_currency_is_that_of_rows_and_variants_without_one(merchant: Caller) -> None:
    variants.create(merchant.account_id, {"sku": "A", "title": "T", "currency": "JPY"}, actor="cli")
    applied(merchant, checked(merchant, "sku,title,price\nA,,700\nB,New,7.00\n", currency="EUR"))
    now = catalog(merchant)
    assert (now["A"]["currency"], now["A"]["price_minor"]) == ("JPY", 700)
    assert (now["B"]["currency"], now["B"]["price_minor"]) == ("EUR", 700)


# --------------------------------------------------------------------------------------------------- faults


def test_every_broken_row_is_told_with_its_line_and_none_is_applied_unless_asked(
    merchant: Caller, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "ROWS_PER_BATCH", 3)
    wrong = {
        3: ("NEW-8,T,,,12,,", "currency"),
        4: ("CUP-1,,,EUR,12.345,,", "digits"),
        5: ("CUP-1,,,EUR,1.234.567,,", "price"),
        6: ("CUP-1,,,EURO,1,,", "currency"),
        7: ("CUP-1,,,EUR,0,,", "price"),
        8: ("CUP-1,,,EUR,=1+1,,", "price"),
        9: ("CUP-1,,,,,,many", "low_stock_threshold"),
        10: ("CUP-1,,,,,,9999999999", "threshold"),
        11: (",Title only,,,,,", "no sku"),
        12: ("NEW-1,,,,,,", "needs a title"),
        13: ("x" * 256 + ",Long,,,,,", "SKU"),
        14: ("NEW-2," + "x" * 1001 + ",,,,,", "title"),
        15: ("NEW-3,\0,,,,,", "NUL"),
        16: ("NEW-4,T,,,,,,,extra", "9 cells"),
        17: ('NEW-5,"T"x,,,,,', "not CSV"),
        18: ("NEW-6," + "x" * 200_000 + ",,,,,", "not CSV"),
        19: ("NEW-7,T," + "1" * 101 + ",,,,", "barcode"),
        20: ("NEW-9," + "x" * 10_001 + ",,,,,", "10000 characters"),
    }
    file = "\n".join(
        [HEAD.strip(), "NEW-0,Good,,,,,", *(row for row, _said in wrong.values()), "CUP-2,Good,,,,,"]
    )
    imported = checked(merchant, file)
    found = problems(merchant, imported)
    assert list(found) == [*wrong]
    assert all(said in found[line] for line, (_row, said) in wrong.items()), found
    assert max(len(row["given"].get("title", "")) for row in lines(merchant, imported, limit=250)) < 10_000
    assert numbers(imported) == (1, 1, 0, len(wrong))

    answer = merchant.post(f"/imports/{imported['id']}/apply", {})
    assert refused(answer) == (409, "import_has_faults")
    assert catalog(merchant).keys() == {"CUP-0", "CUP-1", "CUP-2"}
    done = applied(merchant, imported, skip_faulty=True)
    assert (done["state"], done["applied"]) == ("applied", 2)
    assert catalog(merchant).keys() == {"CUP-0", "CUP-1", "CUP-2", "NEW-0"}
    assert catalog(merchant)["CUP-2"]["title"] == "Good"


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_what_is_in_a_file_twice_is_a_fault_at_both_lines(
    merchant: Caller, books: Books, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(check, "ROWS_PER_BATCH", batch)
    cup = books.variant_ids[0]
    file = f"id,sku,title\n,A,x\n,CUP-1,y\n,A,z\n{cup},,x\n,B,x\n,CUP-0,x\n,A,w\n"
    imported = checked(merchant, file)
    assert list(problems(merchant, imported)) == [2, 4, 5, 7, 8]
    assert numbers(imported) == (1, 1, 0, 5)
    assert problems(merchant, imported)[2] == "Line 4 is about the same variant."


def test_two_rows_do_not_take_one_sku(merchant: Caller, books: Books) -> None:
    first, second, _third = books.variant_ids
    file = f"id,sku,title\n{first},TAKEN,\n{second},TAKEN,\n{10**9},X,\n{first + 2},CUP-1,\n"
    found = problems(merchant, checked(merchant, file))
    assert found[3] == "Another variant has the SKU 'TAKEN'."
    assert found[4] == f"There is no variant with the id {10**9}."
    assert found[5] == "Another variant has the SKU 'CUP-1'."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"title,price\nA,1\n", "first line names"),
        (b"sku,title\n", "no rows"),
        (b"sku,title\n\n,\n", "no rows"),
        (b"sku,title\nA,T\nB,\xff\n", "Line 3 is not in UTF-8"),
        ("sku,title\nA,T\n".encode("utf-16"), "Line 1 is not in UTF-8"),
        (b"PK\x03\x04\x14\x00\x06\x00\xff", "UTF-8"),
        (b"sku,title,SKU\nA,T,B\n", "twice: sku"),
        (b'sku,title\nA,T\nB,"open\nC,x\nD,y\n', "Line 3: This is not CSV: a quote that is opened here"),
        (b"sku,title\nA," + b"x" * 300_000 + b"\nB,T\n", "Line 2: This is not CSV: the line is too long"),
        (b"," * 300, "at most 200 columns"),
        (b"\0" * 100, "first line names"),
        (b"sku,title,no\0te\nA,T,x\n", "NUL"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_says_where(
    merchant: Caller, content: bytes, said: str
) -> None:
    imported = checked(merchant, content)
    assert imported["state"] == "refused"
    assert said in imported["problem"]
    assert imported["problem_said"] is not None
    assert rows("SELECT 1 FROM csv_import_parts") == []
    assert refused(merchant.post(f"/imports/{imported['id']}/apply", {})) == (409, "conflict")
    assert catalog(merchant) == {}


def test_what_is_wrong_is_told_to_programs_too(merchant: Caller) -> None:
    """So that it can be said in another language."""
    imported = checked(merchant, "sku,title,price\nA,T,cheap\nB,,\n,T,1\nC,T,1\n", currency="EUR")
    found = {row["line"]: row for row in lines(merchant, imported)}
    assert told(found[2]) == ("cell_wrong_like", {"cell": "cheap", "column": "price", "example": "12.50"})
    assert told(found[3]) == ("new_needs_title", {"sku": "B"})
    assert told(found[4]) == ("no_sku", {})
    assert found[5]["problem_said"] is None
    assert imported["problem_said"] is None
    refused = checked(merchant, b'sku,title\nA,T\nB,"open\nC,x\nD,y\n')
    assert told(refused)[0] == "rest_unreadable"
    inner = told(refused)[1]["problem_said"]
    assert (inner["code"], inner["values"]["problem_said"]["code"]) == ("row_no_csv", "open_quote")


def test_a_file_has_no_more_rows_and_bytes_than_can_be_taken(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "MOST_ROWS", 2)
    assert checked(merchant, "sku,title\nA,T\nB,T\n")["state"] == "checked"
    assert "at most 2 rows" in checked(merchant, "sku,title\nA,T\nB,T\nC,T\n")["problem"]
    monkeypatch.setitem(MOST_BYTES, "imports.upload_catalog", 1000)

    def in_chunks() -> Iterator[bytes]:
        yield from [b"x" * 600] * 3

    for body in (b"x" * 1001, in_chunks()):
        answer = merchant.call("POST", "/imports/catalog", data=body)
        assert answer.status_code == 413, answer.text
    assert refused(upload(merchant, b"")) == (422, "invalid_input")
    assert len(rows("SELECT 1 FROM csv_imports")) == 2  # what broke off left nothing


def test_no_more_imports_are_open_than_a_merchant_can_look_at(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "MOST_OPEN", 1)
    first = checked(merchant, "sku,title\nA,T\n")
    assert refused(upload(merchant, "sku,title\nB,T\n")) == (409, "conflict")
    assert merchant.post(f"/imports/{first['id']}/cancel").json()["state"] == "cancelled"
    assert upload(merchant, "sku,title\nB,T\n").status_code == 202


@pytest.mark.parametrize("query", [{"currency": "eur"}, {"file_name": "x" * 501}, {"mode": "fast"}])
def test_what_is_said_of_a_file_is_checked(merchant: Caller, query: dict[str, str]) -> None:
    assert refused(upload(merchant, "sku\nA\n", **query)) == (422, "invalid_input")


# ------------------------------------------------------------------------------------ crashes, races, cancels


class Killed(BaseException):
    """As if the process ended."""


def test_a_worker_that_dies_between_two_batches_is_gone_on_from_there(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "ROWS_PER_BATCH", 3)
    monkeypatch.setattr(apply, "ROWS_PER_BATCH", 3)
    file = "sku,title\n" + "".join(f"S{n},Title {n}\n" for n in range(10))
    imported = upload(merchant, file).json()
    calls = 0

    def once_more(*_args: Any, **_options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Killed
        return original(*_args, **_options)

    for module, name in ((check.store, "add_rows"), (apply.store, "rewrite")):
        original, calls = getattr(module, name), 0
        with monkeypatch.context() as patched:
            patched.setattr(module, name, once_more)
            with pytest.raises(Killed):
                work.work_on(imported["id"])
        half = merchant.get(f"/imports/{imported['id']}")
        if name == "add_rows":
            assert (half["state"], half["rows"]) == ("checking", 6)
            work.work_on(imported["id"])
            assert numbers(merchant.get(f"/imports/{imported['id']}")) == (10, 0, 0, 0)
            assert merchant.post(f"/imports/{imported['id']}/apply", {}).status_code == 202
        else:
            assert (half["state"], half["applied"], len(catalog(merchant))) == ("applying", 6, 6)
            work.work_on(imported["id"])
    done = merchant.get(f"/imports/{imported['id']}")
    assert (done["state"], done["applied"], numbers(done)) == ("applied", 10, (10, 0, 0, 0))
    assert catalog(merchant).keys() == {f"S{n}" for n in range(10)}


def test_a_worker_that_has_to_stop_ends_its_batch_and_wakes_another_for_the_rest(
    merchant: Caller, clean_redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "ROWS_PER_BATCH", 3)
    monkeypatch.setattr(apply, "ROWS_PER_BATCH", 3)
    imported = upload(merchant, "sku,title\n" + "".join(f"S{n},Title {n}\n" for n in range(10))).json()
    with redis.Redis.from_url(clean_redis) as client:
        for state, column in (("checking", "rows"), ("applying", "applied")):
            monkeypatch.setattr(stopping, "_asked", True)
            waiting = client.llen("rq:queue:reports")
            work.work_on(imported["id"])
            half = merchant.get(f"/imports/{imported['id']}")
            assert (half["state"], half[column]) == (state, 3)
            assert client.llen("rq:queue:reports") == waiting + 1
            monkeypatch.setattr(stopping, "_asked", False)
            work.work_on(imported["id"])
            if state == "checking":
                assert merchant.post(f"/imports/{imported['id']}/apply", {}).status_code == 202
    assert merchant.get(f"/imports/{imported['id']}")["applied"] == 10


def test_two_workers_at_once_do_each_row_once(
    merchant: Caller, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "ROWS_PER_BATCH", 7)
    monkeypatch.setattr(apply, "ROWS_PER_BATCH", 7)
    imported = upload(merchant, "sku,title\n" + "".join(f"S{n},T\n" for n in range(200))).json()

    def together() -> None:
        barrier = threading.Barrier(3)

        def run() -> None:
            with app.app_context():
                barrier.wait(10)
                work.work_on(imported["id"])

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    together()
    assert numbers(merchant.get(f"/imports/{imported['id']}")) == (200, 0, 0, 0)
    merchant.post(f"/imports/{imported['id']}/apply", {})
    together()
    done = merchant.get(f"/imports/{imported['id']}")
    assert (done["state"], done["applied"]) == ("applied", 200)
    assert len(rows("SELECT 1 FROM variants")) == 200
    assert len(rows("SELECT 1 FROM audit_log WHERE action = 'import.applied'")) == 1


def test_a_slice_ends_and_the_import_goes_on_with_the_next(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "SLICE_SECONDS", 0)
    monkeypatch.setattr(check, "ROWS_PER_BATCH", 1)
    imported = upload(merchant, "sku,title\nA,T\nB,T\n").json()
    for rows_done in (1, 2, 2):
        work.work_on(imported["id"])
        assert merchant.get(f"/imports/{imported['id']}")["rows"] == rows_done
    assert merchant.get(f"/imports/{imported['id']}")["state"] == "checked"


def test_a_lost_nudge_is_made_up_for(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = upload(merchant, "sku,title\nA,T\n").json()
    woken: list[int] = []
    monkeypatch.setattr(sweeper.imports, "wake", woken.append)
    sweeper.wake_due()
    assert woken == []
    execute("UPDATE csv_imports SET wake_at = now()")
    sweeper.wake_due()
    sweeper.wake_due()
    assert woken == [imported["id"]]


def test_our_fault_is_tried_again_and_at_last_said(merchant: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = upload(merchant, "sku,title\nA,T\n").json()

    def break_down(*_args: Any) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(check.store, "add_rows", break_down)
        for _time in range(RETRIES["import"].attempts):
            assert merchant.get(f"/imports/{imported['id']}")["state"] == "checking"
            with pytest.raises(RuntimeError):
                work.work_on(imported["id"])
    failed = merchant.get(f"/imports/{imported['id']}")
    assert (failed["state"], failed["problem"]) == ("failed", work.OUR_FAULT)
    assert rows("SELECT 1 FROM csv_import_parts") == []
    assert refused(merchant.post(f"/imports/{imported['id']}/cancel")) == (409, "conflict")


def test_what_changed_since_the_check_is_seen_when_it_is_applied(merchant: Caller, books: Books) -> None:
    file = "sku,title\nA,First\nCUP-0,Becher\nCUP-1,Glas\nB,Second\n"
    imported = checked(merchant, file)
    variants.create(merchant.account_id, {"sku": "A", "title": "Of somebody else"}, actor="cli")
    variants.change(merchant.account_id, books.variant_ids[0], {"sku": "GONE"}, actor="cli")
    variants.change(merchant.account_id, books.variant_ids[1], {"title": "Glas"}, actor="cli")
    done = applied(merchant, imported)
    assert (done["state"], numbers(done)) == ("applied", (2, 1, 1, 0))
    now = catalog(merchant)
    assert (now["A"]["title"], now["GONE"]["title"]) == ("First", "Cup 100% no. 0")
    assert now["CUP-0"]["title"] == "Becher"  # a new one
    assert lines(merchant, imported, outcome="change")[0]["changes"] == {
        "title": ["Of somebody else", "First"]
    }


@pytest.mark.parametrize("rows_per_batch", [1, 10])
def test_a_row_that_turns_out_to_be_about_another_rows_variant_is_a_fault(
    merchant: Caller, books: Books, monkeypatch: pytest.MonkeyPatch, rows_per_batch: int
) -> None:
    """Checked by itself, it would make a new variant."""
    monkeypatch.setattr(check, "ROWS_PER_BATCH", 1)
    monkeypatch.setattr(apply, "ROWS_PER_BATCH", rows_per_batch)
    cup = books.variant_ids[0]
    imported = checked(merchant, f"id,sku,title,barcode\n{cup},NEW,,123\n,NEW,Another,\n")
    done = applied(merchant, imported)
    assert (done["state"], done["applied"], numbers(done)) == ("applied", 1, (0, 1, 0, 1))
    assert problems(merchant, imported) == {3: "Line 2 is about the same variant."}
    now = catalog(merchant)["NEW"]
    assert (now["id"], now["title"], now["barcode"]) == (cup, "Cup 100% no. 0", "123")


def test_a_cancelled_import_stops_after_the_batch_it_is_at(
    merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "ROWS_PER_BATCH", 2)
    monkeypatch.setattr(work, "SLICE_SECONDS", 0)
    imported = upload(merchant, "sku,title\n" + "".join(f"S{n},T\n" for n in range(6))).json()
    for _slice in range(2):
        work.work_on(imported["id"])
    merchant.post(f"/imports/{imported['id']}/apply", {})
    work.work_on(imported["id"])
    for _time in range(2):
        answer = merchant.post(f"/imports/{imported['id']}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    work.work_on(imported["id"])
    assert len(catalog(merchant)) == 2
    assert merchant.get(f"/imports/{imported['id']}")["applied"] == 2
    assert refused(merchant.post(f"/imports/{imported['id']}/apply", {})) == (409, "conflict")


def test_an_upload_that_is_cancelled_meanwhile_is_not_checked(merchant: Caller) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"sku,title\n"
        [row] = rows("SELECT id FROM csv_imports")
        assert merchant.post(f"/imports/{row.id}/cancel").status_code == 200
        yield b"A,T\n"
        pytest.fail("nobody wants the rest")

    with pytest.raises(Conflict):
        receive.receive(merchant.account_id, receive.Upload(kind="catalog"), pieces(), actor="cli")
    assert [row.state for row in rows("SELECT state FROM csv_imports")] == ["cancelled"]
    assert rows("SELECT 1 FROM csv_import_parts") == []


# --------------------------------------------------------------------------------------------------- counts


def test_counted_stock_becomes_a_finished_count(merchant: Caller, books: Books) -> None:
    at = rows("SELECT now() - interval '1 minute' AS at")[0].at.isoformat()
    file = "sku,counted\nCUP-0,7\nCUP-1,10\nCUP-9,1\nCUP-2,x\n"
    query = {"location_id": books.location_id, "counted_at": at}
    imported = checked(merchant, file, "counts", **query)
    assert numbers(imported) == (0, 1, 1, 2)
    assert list(problems(merchant, imported)) == [4, 5]
    assert lines(merchant, imported, outcome="change")[0]["changes"] == {"on_hand": [10, 7]}
    done = applied(merchant, imported, skip_faulty=True)
    assert (done["state"], done["applied"], done["to_apply"]) == ("applied", 2, 2)
    count = merchant.get(f"/counts/{done['count_id']}")
    assert (count["state"], count["variants"], count["corrected"], count["correction"]) == (
        "finished",
        2,
        1,
        -3,
    )
    assert merchant.get(f"/variants/{books.variant_ids[0]}")["on_hand"] == 7
    applied(merchant, imported)
    assert len(merchant.get("/counts")["items"]) == 1


def test_a_cancelled_import_of_counts_books_nothing(
    merchant: Caller, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "ROWS_PER_BATCH", 1)
    at = rows("SELECT now() - interval '1 minute' AS at")[0].at.isoformat()
    query = {"location_id": books.location_id, "counted_at": at}
    imported = checked(merchant, "sku,counted\nCUP-0,7\nCUP-1,1\n", "counts", **query)
    monkeypatch.setattr(work, "SLICE_SECONDS", 0)
    applied(merchant, imported)
    cancelled = merchant.post(f"/imports/{imported['id']}/cancel").json()
    assert (cancelled["state"], cancelled["applied"]) == ("cancelled", 1)
    assert merchant.get(f"/counts/{cancelled['count_id']}")["state"] == "cancelled"
    work.work_on(imported["id"])
    assert merchant.get(f"/variants/{books.variant_ids[0]}")["on_hand"] == 10


def test_a_cancelled_import_of_counts_leaves_no_count_open_whatever_crashed(
    merchant: Caller, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = rows("SELECT now() - interval '1 minute' AS at")[0].at.isoformat()
    query = {"location_id": books.location_id, "counted_at": at}
    imported = checked(merchant, "sku,counted\nCUP-0,7\n", "counts", **query)
    begun = merchant.post(f"/imports/{imported['id']}/apply", {}).json()

    def crash(*_args: Any, **_options: Any) -> None:
        raise RuntimeError("it ended here")

    with monkeypatch.context() as patched:
        patched.setattr(decide.counts, "cancel", crash)
        assert merchant.post(f"/imports/{imported['id']}/cancel").status_code == 500
    assert merchant.post(f"/imports/{imported['id']}/cancel").json()["state"] == "cancelled"
    assert merchant.get(f"/counts/{begun['count_id']}")["state"] == "cancelled"


def test_counts_are_of_a_place_of_ones_own(
    merchant: Caller, make_merchant: Callable[[], Caller], books: Books
) -> None:
    at = "2026-11-25T10:00:00Z"
    answer = upload(make_merchant(), "sku,counted\n", "counts", location_id=books.location_id, counted_at=at)
    assert refused(answer) == (404, "not_found")
    assert refused(upload(merchant, "sku\n", "counts", counted_at=at)) == (422, "invalid_input")


# ----------------------------------------------------------------------------------------- lists, strangers


def test_imports_and_their_rows_come_in_pages(merchant: Caller) -> None:
    first = checked(merchant, "sku,title\nA,T\nB,\nC,T\nD,\n")
    second = checked(merchant, "sku,title\nE,T\n")
    page = merchant.get("/imports", limit=1)
    assert [item["id"] for item in page["items"]] == [second["id"]]
    assert [item["id"] for item in merchant.get("/imports", cursor=page["next"])["items"]] == [first["id"]]
    page = merchant.get(f"/imports/{first['id']}/rows", outcome="fault", limit=1)
    rest = merchant.get(f"/imports/{first['id']}/rows", outcome="fault", cursor=page["next"])
    assert [row["line"] for row in page["items"] + rest["items"]] == [3, 5]


def test_another_merchant_finds_no_import(merchant: Caller, make_merchant: Callable[[], Caller]) -> None:
    imported, stranger = checked(merchant, "sku,title\nA,T\n"), make_merchant()
    for method, path in (("GET", ""), ("GET", "/rows"), ("POST", "/apply"), ("POST", "/cancel")):
        body = {} if path == "/apply" else None
        answer = stranger.call(method, f"/imports/{imported['id']}{path}", json=body)
        assert refused(answer) == (404, "not_found")
    assert stranger.get("/imports")["items"] == []
    variants.create(stranger.account_id, {"sku": "A", "title": "Mine"}, actor="cli")
    theirs = catalog(stranger)["A"]["id"]
    found = problems(merchant, checked(merchant, f"id,title\n{theirs},Stolen\n"))
    assert found == {2: f"There is no variant with the id {theirs}."}
    applied(merchant, imported)
    assert catalog(stranger)["A"]["title"] == "Mine"


def test_old_imports_are_forgotten(merchant: Caller) -> None:
    imported = checked(merchant, "sku,title\nA,T\n")
    sweeper.house_keeping(30)
    assert merchant.get(f"/imports/{imported['id']}")["rows"] == 1
    execute("UPDATE csv_imports SET created_at = now() - interval '31 days'")
    sweeper.house_keeping(30)
    assert rows("SELECT 1 FROM csv_imports UNION ALL SELECT 1 FROM csv_import_rows") == []
