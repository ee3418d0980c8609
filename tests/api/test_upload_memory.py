"""A long file never is in memory whole: neither while it is received, nor while it is checked."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

from app.services.imports import check, work
from tests.api.conftest import Caller

MEGABYTE = 1024 * 1024
ROWS = 20_000
MEGABYTES = 24
"""Of the file; most of it are cells of a column that means nothing to us."""


LONG_ROWS = 400


def long_rows() -> Iterator[bytes]:
    """Few, of which each is nearly as long as a row may be."""
    yield b"sku,title,note\n"
    for number in range(LONG_ROWS):
        yield b"SKU-%d,Thing,%s\n" % (number, b"x" * 125_000)


def body() -> Iterator[bytes]:
    note = b"x" * (MEGABYTES * MEGABYTE // ROWS)
    yield b"sku,title,note\n"
    for number in range(ROWS):
        yield b"SKU-%d,Thing,%s\n" % (number, note)


def test_a_long_file_is_received_and_checked_in_little_memory(merchant: Caller) -> None:
    tracemalloc.start()
    answer = merchant.call("POST", "/imports/catalog", data=body())
    _now, received = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    assert answer.status_code == 202, answer.text
    work.work_on(answer.json()["id"])
    _now, checked = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    shown = merchant.get(f"/imports/{answer.json()['id']}")
    while shown["state"] == "checking":  # a slow machine: its slice ended
        work.work_on(shown["id"])
        shown = merchant.get(f"/imports/{shown['id']}")
    assert (shown["state"], shown["creates"]) == ("checked", ROWS)
    assert shown["size_bytes"] > MEGABYTES * MEGABYTE
    assert received < 10 * MEGABYTE
    assert checked < 10 * MEGABYTE + check.ROWS_PER_BATCH * MEGABYTES * MEGABYTE // ROWS


def test_long_rows_are_checked_a_few_at_a_time(merchant: Caller) -> None:
    answer = merchant.call("POST", "/imports/catalog", data=long_rows())
    assert answer.status_code == 202, answer.text
    tracemalloc.start()
    work.work_on(answer.json()["id"])
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert merchant.get(f"/imports/{answer.json()['id']}")["creates"] == LONG_ROWS
    assert most < 15 * MEGABYTE
