"""Writing prices, whatever comes between: races, crashes, lost answers, refusals."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.errors import Conflict
from app.platforms.errors import AuthExpired, Permanent
from app.services import publishing, sweeper
from app.services.prices import drain, listings, readings
from app.services.prices.listings import Choice
from app.services.uow import unit_of_work
from tests.services.price_shops import Prices
from tests.services.shop import Crash
from tests.services.threads import in_threads

LATER = timedelta(minutes=5)


def only_shopify(prices: Prices) -> None:
    if prices.shop.platform.slug != "shopify":
        pytest.skip("of Shopify")


# ----------------------------------------------------------------------------------------- versions and races


def test_a_price_that_moved_while_it_was_written_is_written_again(prices: Prices) -> None:
    prices.switch_on()
    prices.set_base(A=1100)
    prices.shop.wire.after_write.append(lambda: prices.set_base(A=1200) and None)
    prices.drain()
    assert prices.row("A").dirty
    prices.drain()
    assert prices.shop.writes() == [("A", "11.00"), ("A", "12.00")]
    assert not prices.row("A").dirty


def test_the_price_is_that_of_the_moment_of_the_claim(prices: Prices) -> None:
    prices.switch_on()
    prices.set_base(A=1100)
    prices.shop.wire.after_read.append(lambda: prices.set_base(A=1200) and None)
    prices.drain()
    assert prices.shop.writes() == [("A", "12.00")]


def test_two_workers_at_once_write_each_price_once(prices: Prices, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also without the lease, which only keeps them apart to save work."""
    prices.switch_on()
    prices.set_base(A=1100, B=1200, C=1250)

    @contextmanager
    def no_lease(*_args: Any, **_named: Any) -> Iterator[object]:
        yield object()

    monkeypatch.setattr(drain, "lease", no_lease)
    in_threads(prices.drain, prices.drain)
    prices.drain()
    assert sorted(prices.shop.writes()) == [("A", "11.00"), ("B", "12.00"), ("C", "12.50")]
    assert prices.outcomes() == ["applied"] * 3


@pytest.mark.parametrize("moment", ["before_write", "after_write"])
def test_a_worker_that_dies_leaves_an_attempt_that_a_reading_settles(prices: Prices, moment: str) -> None:
    prices.switch_on()
    prices.set_base(A=1100)

    def die() -> None:
        raise Crash

    getattr(prices.shop.wire, moment).append(die)
    with pytest.raises(Crash):
        prices.drain()
    assert prices.outcomes() == ["open"]
    prices.age(timedelta(seconds=10))
    prices.drain()
    assert prices.outcomes() == ["open"], "it could still land"
    prices.age(LATER)
    prices.drain()
    landed = moment == "after_write"
    assert prices.outcomes() == (["applied"] if landed else ["not_applied", "applied"])
    assert prices.shop.writes() == [("A", "11.00")]
    assert not prices.row("A").dirty


@pytest.mark.parametrize("landed", [True, False])
def test_an_answer_that_got_lost_is_read_before_anything_is_written_again(
    prices: Prices, landed: bool
) -> None:
    prices.switch_on()
    prices.set_base(A=1100)
    seed = next(n for n in range(100) if _coin(n) is landed)
    faults = partial(prices.shop.process.faults, seed=seed)
    prices.shop.wire.before_write.append(lambda: faults(call_disconnect=1.0))
    prices.shop.wire.after_write.append(lambda: faults(call_disconnect=0.0))
    prices.drain()
    assert prices.outcomes() == ["unknown"]
    prices.set_base(A=1150)
    prices.drain()
    assert prices.outcomes() == ["unknown"], "nothing is written while it could still land"
    prices.age(LATER)
    prices.drain()
    assert prices.outcomes() == ["applied" if landed else "not_applied", "applied"]
    assert prices.shop.writes()[-1] == ("A", "11.50")
    assert len(prices.shop.writes()) == 1 + landed
    assert prices.open_events() == set(), "what we wrote ourselves is nobody's change"


def test_a_price_that_never_gets_an_answer_is_given_up_with_words(prices: Prices) -> None:
    prices.switch_on()
    prices.set_base(A=1100)
    seed = next(n for n in range(100) if not _coin(n))
    faults = partial(prices.shop.process.faults, seed=seed)
    for _time in range(7):
        prices.shop.wire.before_write.append(lambda: faults(call_disconnect=1.0))
        prices.shop.wire.after_write.append(lambda: faults(call_disconnect=0.0))
        prices.drain()
        prices.age(LATER)
    assert prices.outcomes() == ["not_applied"] * 5
    assert (prices.row("A").state, prices.row("A").error) == ("failed", "The shop did not answer.")
    assert prices.open_events() == {"prices_refused"}


def _coin(seed: int) -> bool:
    """Whether the first faulty call of the sandbox's script takes effect."""
    dice = random.Random(f"calls {seed}")
    dice.random()
    return dice.random() < 0.5


def test_a_reading_from_before_our_write_is_no_change_at_the_shop(prices: Prices) -> None:
    prices.switch_on()
    asked_at = readings.request_time()
    [*pages] = prices.shop.wire.catalog()
    prices.set_base(A=1100)
    prices.drain()
    with unit_of_work() as uow:
        for page in pages:
            readings.note_products(uow.session, prices.world.account_id, prices.connection, page, asked_at)
        uow.commit()
    assert (prices.row("A").state, prices.row("A").shop_minor) == ("active", 1100)


# -------------------------------------------------------------------------------------------- what goes wrong


def test_a_shop_that_is_away_is_left_alone_and_asked_again(prices: Prices) -> None:
    prices.switch_on()
    prices.set_base(A=1100)
    prices.shop.process.faults(call_429=1.0)
    prices.drain()
    state = prices.world.one("SELECT backoff_until > now() AS waits FROM connections")
    assert state.waits
    prices.shop.process.faults(call_429=0.0)
    prices.age(LATER)
    prices.drain()
    assert prices.shop.prices()["A"] == "11.00"


def test_a_refused_price_says_why_and_holds_up_no_other(prices: Prices) -> None:
    only_shopify(prices)
    prices.switch_on()
    prices.set_base(A=1100, C=1200)
    prices.shop.wire.before_write.append(
        lambda: prices.shop.process.do("delete_product", {"sku": "C"}) and None
    )
    prices.drain()
    assert prices.shop.prices()["A"] == "11.00"
    assert (prices.row("C").state, prices.row("C").error) == ("failed", "Product does not exist")
    assert prices.open_events() == {"prices_refused"}
    prices.set_base(C=1250)
    prices.drain()
    assert (prices.row("C").state, prices.row("C").problem) == ("active", "vanished")
    assert prices.open_events() == set()


def test_a_shop_that_refuses_altogether_fails_its_listings_with_words(prices: Prices) -> None:
    prices.switch_on()
    prices.set_base(A=1100)

    def refuse() -> None:
        raise Permanent("Not here.")

    prices.shop.wire.before_write.append(refuse)
    prices.drain()
    assert (prices.row("A").state, prices.row("A").error) == ("failed", "Not here.")
    listings.decide(prices.world.account_id, prices.listing("A"), Choice.OURS, actor="user:1")
    prices.drain()
    assert prices.shop.prices()["A"] == "11.00"


def test_a_shop_that_knows_us_no_more_stops(prices: Prices) -> None:
    prices.switch_on()
    prices.set_base(A=1100, C=1200)

    def refuse() -> None:
        raise AuthExpired

    prices.shop.wire.before_write.append(refuse)
    prices.drain()
    assert prices.world.one("SELECT state FROM connections").state == "needs_auth"
    assert sorted(prices.outcomes()) == ["applied", "not_applied"]
    assert sum(prices.row(sku).dirty for sku in "AC") == 1


def test_a_shop_that_did_not_allow_it_is_not_switched_on(
    prices: Prices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prices.shop.wire, "price_obstacle", lambda: "Connect it again.", raising=False)
    with pytest.raises(Conflict, match="Connect it again"):
        prices.set_rule()
    assert prices.world.rows("SELECT id FROM price_syncs") == []


# --------------------------------------------------------------------------------------------------- sweeping


def test_what_a_lost_nudge_left_is_found_and_what_waits_is_left_alone(prices: Prices) -> None:
    prices.switch_on()
    prices.set_base(A=1100)

    def swept() -> int:
        prices.world.redis.flushall()
        sweeper.sweep()
        found = prices.world.redis.lrange("rq:queue:sync", 0, -1)
        names = [prices.world.redis.hget(b"rq:job:" + job, "description") or b"" for job in found]
        return sum(b"drain_prices" in name for name in names)

    assert swept() == 1
    prices.world.sql("UPDATE price_syncs SET braked_at = now()")
    assert swept() == 0
    prices.world.sql("UPDATE price_syncs SET braked_at = NULL")
    publishing.stop_writes(prices.world.account_id, actor="user:1")
    assert swept() == 0
    publishing.allow_writes(prices.world.account_id, actor="user:1")
    prices.drain()
    assert swept() == 0


def test_an_unanswered_write_is_looked_after_once_it_cannot_land_any_more(prices: Prices) -> None:
    prices.switch_on()
    prices.set_base(A=1100)
    prices.drain()
    prices.world.sql("UPDATE price_attempts SET outcome = 'unknown', closed_at = NULL")
    with unit_of_work() as uow:
        assert uow.session.execute(sweeper._TO_PRICE).all() == []
    prices.age(LATER)
    with unit_of_work() as uow:
        assert [row.connection_id for row in uow.session.execute(sweeper._TO_PRICE)] == [prices.connection]
