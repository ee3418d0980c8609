"""A shop that keeps failing is left alone for a growing while; one worker tries it, and that is told."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from app.platforms.errors import AuthExpired, Transient
from app.services import breaker, connections, work
from app.services.queries.connection_health import health
from app.services.shops import OpenShop
from app.services.work import work_on
from tests.services.shop import Shop
from tests.services.threads import in_threads
from tests.services.world import World

WORKERS = 8


class Probed(Shop):
    """A shop that counts the calls by which it is tried, and answers them when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.probes = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.faults: list[Exception] = []

    def probe(self) -> None:
        self.probes += 1
        self.may_answer.wait(30)
        if self.faults:
            raise self.faults.pop()


@pytest.fixture
def shop() -> Probed:
    shop = Probed()
    shop.stock("A", "SKU", 10)
    return shop


def fail(connection_id: int, *, together: threading.Barrier | None = None) -> bool:
    """One piece of work that the shop fails. False if it was not begun."""
    with work_on(connection_id, states=("active",)) as job:
        if job is None:
            return False
        if together is not None:
            together.wait()
        raise Transient("502")
    return True


def succeed(connection_id: int) -> bool:
    with work_on(connection_id, states=("active",)) as job:
        return job is not None


def its_time_comes(world: World) -> None:
    world.sql("UPDATE connections SET backoff_until = now() - interval '1 millisecond'")


def open_breaker(world: World, connection_id: int) -> None:
    for _ in range(3):
        assert fail(connection_id)
        its_time_comes(world)


def state(world: World) -> tuple[int, timedelta | None]:
    row = world.one("SELECT failures, backoff_until - clock_timestamp() AS waits FROM connections")
    return row.failures, row.waits


def events(world: World) -> list[bool]:
    """Of each event that the shop fails, whether it is over."""
    found = world.rows(
        "SELECT cleared_at IS NOT NULL AS over FROM events WHERE kind = 'shop_failing' ORDER BY id"
    )
    return [row.over for row in found]


def test_it_opens_at_the_third_fault_in_a_row_and_that_is_told_once(
    world: World, connection: int, shop: Probed
) -> None:
    assert fail(connection)
    assert not fail(connection)  # left alone
    its_time_comes(world)
    assert fail(connection)
    assert (events(world), shop.probes) == ([], 0)
    its_time_comes(world)
    assert fail(connection)
    assert events(world) == [False]
    its_time_comes(world)
    assert fail(connection)
    assert (events(world), shop.probes) == ([False], 1)


def test_it_is_left_alone_for_longer_each_time(world: World, connection: int) -> None:
    waits = []
    for _ in range(9):
        assert fail(connection)
        waits.append(state(world)[1])
        its_time_comes(world)
    assert all(wait is not None for wait in waits)
    assert waits[8] > timedelta(seconds=50) > timedelta(seconds=5) > waits[2] > waits[0]  # type: ignore[operator]


def test_what_fails_at_the_same_time_counts_once(world: World, connection: int) -> None:
    together = threading.Barrier(WORKERS)
    in_threads(*[partial(fail, connection, together=together)] * WORKERS)
    assert state(world)[0] == 1


def test_of_many_workers_one_tries_the_shop_and_then_all_may_work(
    world: World, connection: int, shop: Probed
) -> None:
    open_breaker(world, connection)
    shop.may_answer.clear()
    begun: list[bool] = []
    came = threading.Semaphore(0)

    def work_once() -> None:
        begun.append(succeed(connection))
        came.release()

    def let_answer() -> None:
        for _ in range(WORKERS - 1):
            assert came.acquire(timeout=30)  # the others have been and gone, while the shop has not answered
        shop.may_answer.set()

    in_threads(let_answer, *[work_once] * WORKERS)
    assert (sorted(begun), shop.probes) == ([False] * (WORKERS - 1) + [True], 1)
    assert succeed(connection)
    assert (state(world), shop.probes, events(world)) == ((0, None), 1, [True])


def test_a_try_that_fails_opens_it_for_longer(world: World, connection: int, shop: Probed) -> None:
    open_breaker(world, connection)
    shop.faults.append(Transient("still away"))
    assert not succeed(connection)
    failures, waits = state(world)
    assert failures == 4
    assert waits is not None
    assert waits > timedelta(seconds=3)
    assert not succeed(connection)
    assert (shop.probes, events(world)) == (1, [False])


def test_a_shop_that_answers_the_try_and_fails_at_its_work_is_no_new_event(
    world: World, connection: int, shop: Probed
) -> None:
    open_breaker(world, connection)
    assert fail(connection)
    assert (state(world)[0], events(world), shop.probes) == (4, [False], 1)


def test_who_tries_and_dies_is_followed_by_another(world: World, connection: int, shop: Probed) -> None:
    open_breaker(world, connection)
    assert breaker.claim_probe(connection)
    assert not breaker.claim_probe(connection)
    assert not succeed(connection)
    its_time_comes(world)
    assert succeed(connection)
    assert shop.probes == 1


def test_work_that_asked_the_shop_nothing_says_nothing_of_it(
    world: World, connection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(connection_id: int) -> OpenShop:
        return replace(world.open_channel(connection_id), answers=lambda: 0)

    assert fail(connection)
    its_time_comes(world)
    with monkeypatch.context() as patched:
        patched.setattr(work, "open_channel", silent)
        assert succeed(connection)
    assert state(world)[0] == 1
    assert succeed(connection)
    assert state(world)[0] == 0


def test_what_began_before_the_shop_went_away_does_not_close_it(world: World, connection: int) -> None:
    assert fail(connection)
    its_time_comes(world)
    with work_on(connection, states=("active",)) as job:
        assert job is not None
        for _ in range(2):
            assert fail(connection)
            its_time_comes(world)
    assert state(world)[0] == 3
    assert events(world) == [False]


def test_credentials_that_die_meanwhile_stop_the_connection(
    world: World, connection: int, shop: Probed
) -> None:
    open_breaker(world, connection)
    shop.faults.append(AuthExpired("revoked"))
    assert not succeed(connection)
    assert world.one("SELECT state FROM connections").state == "needs_auth"
    assert events(world) == [True]


def test_a_disconnected_shop_is_no_longer_told_of(
    world: World, connection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections.shops, "open_channel", world.open_channel)
    open_breaker(world, connection)
    connections.disconnect(world.account_id, connection, actor="user:1")
    assert events(world) == [True]


@pytest.mark.parametrize(("moment", "words"), [("40 minutes", "in 39 minutes"), ("-1 s", "now")])
def test_the_merchant_reads_when_it_is_tried_again(
    world: World, connection: int, moment: str, words: str
) -> None:
    open_breaker(world, connection)
    world.sql(f"UPDATE connections SET backoff_until = now() + interval '{moment}'")
    found = health(world.account_id, connection)["light"]
    assert found["code"] == "failing"
    assert "3 times in a row" in found["reason"]
    assert "502" in found["reason"]
    assert words in found["remedy"]
