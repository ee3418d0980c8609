"""What orders come to is exact: folded or not, changed since, or folded meanwhile."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text

from app.models import Connection
from app.platforms.base import OrderState, PaymentState
from app.services.queries import order_totals
from app.services.queries.order_filters import OrderFilter, chosen
from app.services.queries.order_totals import totals
from app.services.rollups import orders as order_fold
from app.services.rollups.fold import FOLDS, ORDERS
from app.services.rollups.proof import prove
from app.services.threads import in_this_app
from app.services.uow import unit_of_work
from tests.api.conftest import Caller, execute, rows
from tests.api.many_orders import counted, place

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 6
SECOND = timedelta(seconds=1)
MOMENTS = (
    None,
    FIRST,
    FIRST + timedelta(days=2),
    FIRST + timedelta(days=2, hours=7, minutes=3),
    FIRST + timedelta(days=2, hours=9),
    FIRST + timedelta(days=3) - timedelta(microseconds=1),
    FIRST + timedelta(days=4, hours=12),
    datetime.max.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=UTC),
)


@pytest.fixture
def shops(merchant: Caller, make_connection: Callable[..., Connection]) -> list[Connection]:
    """Two of the merchant's, and one of another's."""
    return [
        make_connection(merchant.account_id),
        make_connection(merchant.account_id, name="Second"),
        make_connection(),
    ]


@pytest.fixture
def dice() -> random.Random:
    return random.Random(11)


def test_sums_of_days_and_a_look_at_every_order_agree_whatever_is_folded(
    shops: list[Connection], dice: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orders come in and are edited, some of them are folded, and every sum is compared each time."""
    monkeypatch.setattr(order_fold, "ORDERS_AT_ONCE", 40)
    compared = set()
    for step in range(6):
        _sell(shops, dice, 60)
        for _slice in range(step % 3):
            FOLDS[ORDERS]()
        _edit(dice, 50)
        for asked in _filters(shops, dice, 40):
            found = _by_look(shops[0].account_id, asked)
            assert _by_sums(shops[0].account_id, asked) == found, asked
            compared.add(str(found))
    assert len(compared) > 50
    while FOLDS[ORDERS]():
        pass
    assert rows("SELECT 1 FROM orders WHERE counted_hash IS DISTINCT FROM content_hash") == []
    assert not any(prove(shops[0].account_id).values())
    for asked in _filters(shops, dice, 200):
        assert _by_sums(shops[0].account_id, asked) == _by_look(shops[0].account_id, asked), asked


def test_folded_days_are_not_added_up_again(merchant: Caller, shops: list[Connection]) -> None:
    """What makes it cheap: the sum follows the days, and the rows of orders are not looked at."""
    place(shops[0], 20)
    while FOLDS[ORDERS]():
        pass
    execute("UPDATE order_day_sums SET orders = orders + 1 WHERE connection_id = :c", c=shops[0].id)
    days = rows("SELECT count(*) FROM order_day_sums WHERE orders > 0")[0][0]
    assert merchant.get("/orders/totals")["count"] == 20 + days


def test_nothing_is_missing_or_twice_in_a_sum_while_orders_are_folded(
    shops: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two folds that take few at a time, edits that put orders back for them, and a reader."""
    monkeypatch.setattr(order_fold, "ORDERS_AT_ONCE", 7)
    place(shops[0], 300)
    account_id, ended = shops[0].account_id, threading.Event()
    expected = _by_look(account_id, OrderFilter())

    def keep_folding() -> None:
        while not ended.is_set():
            FOLDS[ORDERS]()

    def keep_editing() -> None:
        """A penny goes from one order to another, which changes places with it."""
        luck = random.Random(3)
        while not ended.is_set():
            execute(
                """
                UPDATE orders o SET total_minor = o.total_minor + x.more, content_hash = :hash,
                    state = CASE o.state WHEN 'open' THEN 'cancelled' ELSE 'open' END
                FROM (
                    SELECT id, CASE row_number() OVER (ORDER BY id) WHEN 1 THEN 1 ELSE -1 END AS more
                    FROM orders
                    WHERE account_id = :account AND currency = 'EUR' AND id % 50 = :some ORDER BY id LIMIT 2
                ) AS x WHERE x.id = o.id
                """,
                account=account_id,
                hash=str(luck.random()),
                some=luck.randrange(50),
            )

    with ThreadPoolExecutor(3) as pool:
        beside = [pool.submit(in_this_app(act)) for act in (keep_folding, keep_folding, keep_editing)]
        try:
            seen = [_by_sums(account_id, OrderFilter()) for _ in range(100)]
        finally:
            ended.set()
        for each in beside:
            each.result()
    assert [one for one in seen if one != expected] == [], expected
    while FOLDS[ORDERS]():
        pass
    assert _by_sums(account_id, OrderFilter()) == expected
    assert not any(prove(account_id).values())


def test_while_very_many_wait_for_their_fold_orders_are_looked_at_one_by_one(
    merchant: Caller, shops: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days that are wrong tell whether they were read."""
    monkeypatch.setattr(order_totals, "MOST_WAITING", 4)
    place(shops[0], 4)
    execute(
        """
        INSERT INTO order_day_sums (account_id, at, connection_id, currency, state, payment, orders)
        VALUES (:account, '2026-01-01T00:00Z', :shop, 'EUR', 'open', 'paid', 100)
        """,
        account=merchant.account_id,
        shop=shops[0].id,
    )
    assert merchant.get("/orders/totals")["count"] == 104
    place(shops[0], 1, start=5)
    assert merchant.get("/orders/totals")["count"] == 5
    assert merchant.get("/orders/totals", state="trashed") == {"count": 0, "at_least": False, "revenue": []}


def test_totals_take_as_many_statements_whatever_there_is(merchant: Caller, shops: list[Connection]) -> None:
    few = counted(lambda: merchant.get("/orders/totals", placed_from="2026-01-01T00:30:00Z"))
    place(shops[0], 100)
    assert counted(lambda: merchant.get("/orders/totals", placed_from="2026-01-01T00:30:00Z")) == few
    while FOLDS[ORDERS]():
        pass
    assert counted(lambda: merchant.get("/orders/totals", placed_from="2026-01-01T00:30:00Z")) == few


def _by_sums(account_id: int, asked: OrderFilter) -> list[tuple[Any, ...]]:
    found = totals(account_id, asked)
    assert found.count == sum(row["orders"] for row in found.revenue)
    assert found.at_least is False
    return [tuple(row.values()) for row in found.revenue]


def _by_look(account_id: int, asked: OrderFilter) -> list[tuple[Any, ...]]:
    with unit_of_work() as uow:
        query = f"""
            SELECT currency, count(*), sum(total_minor), sum(refunded_minor) FROM orders o
            WHERE {chosen(asked)} GROUP BY currency ORDER BY currency
        """
        return [tuple(row) for row in uow.session.execute(text(query), asked.parameters(account_id))]


def _filters(shops: list[Connection], dice: random.Random, count: int) -> Iterator[OrderFilter]:
    """None first, then by chance."""
    yield OrderFilter()
    flags = list(product((None, True, False), repeat=2))
    for _ in range(count):
        needs_review, is_test = dice.choice(flags)
        yield OrderFilter(
            connection_id=dice.choice([None, None, *(shop.id for shop in shops)]),
            states=dice.choice([[], [], ["cancelled"], ["open", "fulfilled"]]),
            payments=dice.choice([[], [], ["paid"], ["failed", "pending", "voided"]]),
            placed_from=dice.choice(MOMENTS),
            placed_to=dice.choice(MOMENTS),
            needs_review=needs_review,
            is_test=is_test,
        )


def _facts(dice: random.Random) -> dict[str, Any]:
    """An order by chance: often at the edge of a day, sometimes without a date, a test, or in review."""
    midnight = FIRST + timedelta(days=dice.randrange(DAYS))
    return {
        "at": dice.choice(
            [
                midnight,
                midnight - timedelta(microseconds=1),
                midnight + dice.randrange(86_400) * SECOND,
                midnight + dice.randrange(86_400) * SECOND,
                None if dice.random() < 0.3 else midnight + SECOND,
            ]
        ),
        "state": dice.choice([state.value for state in OrderState]),
        "payment": dice.choice([payment.value for payment in PaymentState]),
        "currency": dice.choice(["EUR", "EUR", "USD", ""]),
        "total": dice.randrange(-5, 10_000),
        "refunded": dice.choice([0, 0, dice.randrange(10_000)]),
        "test": dice.random() < 0.1,
        "review": "look" if dice.random() < 0.2 else None,
        "hash": str(dice.random()),
    }


def _sell(shops: list[Connection], dice: random.Random, count: int) -> None:
    for _ in range(count):
        shop = dice.choice(shops)
        execute(
            """
            INSERT INTO orders (account_id, connection_id, external_id, placed_at, state, payment, currency,
                total_minor, refunded_minor, is_test, review_reason, content_hash)
            VALUES (:account, :shop, gen_random_uuid()::text, :at, :state, :payment, :currency, :total,
                :refunded, :test, :review, :hash)
            """,
            account=shop.account_id,
            shop=shop.id,
            **_facts(dice),
        )


def _edit(dice: random.Random, count: int) -> None:
    """Anything about an order may change, and what it counted for with it."""
    ids = [row.id for row in rows("SELECT id FROM orders ORDER BY id")]
    for order_id in dice.sample(ids, count):
        execute(
            """
            UPDATE orders SET placed_at = :at, state = :state, payment = :payment, currency = :currency,
                total_minor = :total, refunded_minor = :refunded, is_test = :test, review_reason = :review,
                content_hash = :hash
            WHERE id = :id
            """,
            id=order_id,
            **_facts(dice),
        )
