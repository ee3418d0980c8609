"""Counted numbers from a CSV file: all of them or none."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.errors import Conflict, InvalidInput
from app.services import count_sheets, counts
from app.services.count_sheets import InvalidRows, record_sheet
from app.services.queries.counts import lines
from tests.services.shop import Shop, stocked
from tests.services.world import World, now


@pytest.fixture
def count(world: World) -> int:
    """Of a shop that sells SKU and OTHER."""
    world.connect(stocked(Shop()), syncing=False)
    place = world.one("SELECT id FROM locations WHERE account_id = :a", a=world.account_id).id
    return counts.begin(world.account_id, place, actor="cli", key="c")


def sheet(world: World, count: int, content: str | bytes, at: datetime | None = None) -> int:
    raw = content if isinstance(content, bytes) else content.encode()
    return record_sheet(world.account_id, count, io.BytesIO(raw), at=at or now(), actor="cli")


def noted(world: World, count: int) -> dict[str, int]:
    return {row["sku"]: row["counted"] for row in lines(world.account_id, count, limit=100).items}


@pytest.mark.parametrize(
    "content",
    [
        "sku,counted\nSKU,7\nOTHER,0\n",
        "\ufeffSKU;Counted;note\r\nSKU;7;a, b\r\nOTHER;0;\r\n",
        'counted\tsku\n7\t"SKU"\n\n0\t OTHER ',
    ],
)
def test_a_sheet_as_spreadsheets_write_it_is_read(world: World, count: int, content: str) -> None:
    assert sheet(world, count, content) == 2
    assert noted(world, count) == {"SKU": 7, "OTHER": 0}


def test_a_row_has_its_own_time_or_that_of_the_sheet(world: World, count: int) -> None:
    noon = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    own = (noon + timedelta(hours=1)).astimezone(UTC).isoformat()
    sheet(world, count, f"sku,counted,counted_at\nSKU,7,{own}\nOTHER,1,\n", at=noon)
    times = [row["counted_at"] for row in lines(world.account_id, count, limit=9).items]
    assert sorted(times) == [noon, noon + timedelta(hours=1)]
    naive = (noon + timedelta(hours=2)).replace(tzinfo=None).isoformat()
    sheet(world, count, f"sku,counted,counted_at\nSKU,8,{naive}\n", at=noon)
    assert noted(world, count)["SKU"] == 8


def test_of_two_rows_of_a_sku_the_last_stands(
    world: World, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now()
    for rows_per_statement in (1000, 1):
        monkeypatch.setattr(count_sheets, "ROWS_PER_STATEMENT", rows_per_statement)
        sheet(world, count, "sku,counted\nSKU,7\nSKU,3\nSKU,5\n", at=at)
        assert noted(world, count) == {"SKU": 5}


def test_every_row_that_is_wrong_is_named_by_its_line_and_nothing_is_recorded(
    world: World, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(count_sheets, "ROWS_PER_STATEMENT", 2)
    rows = [
        "SKU,7,",
        "OTHER,1,",
        "sku,1,",
        "SKU,-1,",
        "SKU,1.5,",
        "SKU,,",
        "SKU,999999999999,",
        "SKU,1,yesterday",
        "SKU,1,2016-01-01",
        "S\0KU,1,",
        "SKU",
        ",3,",
        "OTHER,2,",
    ]
    with pytest.raises(InvalidRows) as refused:
        sheet(world, count, "sku,counted,counted_at\n" + "\n".join(rows))
    assert list(refused.value.errors) == [str(line) for line in range(4, 14)]
    assert refused.value.errors["4"] == "There is no variant with the SKU 'sku'."
    assert noted(world, count) == {}


def test_a_fault_in_the_last_row_undoes_the_first(
    world: World, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(count_sheets, "ROWS_PER_STATEMENT", 1)
    with pytest.raises(InvalidRows) as refused:
        sheet(world, count, "sku,counted\nSKU,7\nOTHER,1\nNONE,1\n")
    assert list(refused.value.errors) == ["4"]
    assert noted(world, count) == {}


def test_only_the_first_faults_are_told(world: World, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count_sheets, "MOST_FAULTS", 3)
    with pytest.raises(InvalidRows) as refused:
        sheet(world, count, "sku,counted\n" + "NONE,1\n" * 5000)
    assert list(refused.value.errors) == ["2", "3", "4"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "first line names"),
        (b"sku,number\nSKU,1\n", "first line names"),
        (b"sku,counted\n", "no rows"),
        (b"sku,counted\nSK\xff,1\n", "UTF-8"),
        (b"PK\x03\x04\x00\x00\xff\xfe", "UTF-8"),
    ],
)
def test_what_is_no_sheet_is_refused(world: World, count: int, content: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        sheet(world, count, content)


def test_what_cannot_be_split_into_rows_is_refused_with_its_line(world: World, count: int) -> None:
    with pytest.raises(InvalidRows) as refused:
        sheet(world, count, "sku,counted\nSKU,1\n" + "x" * 200_000 + ",1\n")
    assert list(refused.value.errors) == ["3"]


def test_a_sheet_has_no_more_rows_than_can_be_taken(
    world: World, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(count_sheets, "MOST_ROWS", 2)
    assert sheet(world, count, "sku,counted\nSKU,1\nSKU,1\n") == 2
    with pytest.raises(InvalidInput, match="at most 2"):
        sheet(world, count, "sku,counted\nSKU,2\nSKU,2\nSKU,2\n")
    assert noted(world, count) == {"SKU": 1}


def test_a_sheet_is_read_row_by_row(world: World, count: int) -> None:
    """A long file is never whole in memory: what is read ahead is a buffer, and the rows of one statement."""
    content = b"sku,counted\n" + b"SKU,1\n" * 20_000

    class Watched(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1, /) -> bytes:
            part = super().read(size)
            Watched.largest = max(Watched.largest, len(part))
            return part

        read1 = read

    given: dict[str, Any] = {"at": now(), "actor": "cli"}
    assert record_sheet(world.account_id, count, Watched(content), **given) == 20_000
    assert 0 < Watched.largest < 100_000


def test_a_closed_count_takes_no_sheet(world: World, count: int) -> None:
    counts.cancel(world.account_id, count, actor="cli")
    with pytest.raises(Conflict):
        sheet(world, count, "sku,counted\nSKU,1\n")
