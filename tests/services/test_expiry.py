"""Credentials that end are renewed in time, also where nobody calls the shop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from app.platforms.base import RENEW_AHEAD
from app.platforms.errors import AuthExpired
from app.services import expiry, shops, work
from app.services.credentials import vault
from tests.services.sandboxes import ShopifySandbox
from tests.services.shop import Shop
from tests.services.threads import in_threads
from tests.services.world import World, now


def give(world: World, connection: int, *, left: timedelta, **more: str) -> None:
    """Credentials that end after `left`."""
    document = {"access_token": "a", "expires_at": (now() + left).isoformat(), **more}
    world.sql(
        "UPDATE connections SET credentials = :sealed WHERE id = :id",
        sealed=vault().seal(document),
        id=connection,
    )


def woken(world: World) -> set[str]:
    return {job for job in world.queued("sync") if job.startswith("renew-")}


@pytest.fixture(autouse=True)
def _quiet(world: World, connection: int) -> None:
    world.redis.flushall()


@pytest.mark.parametrize("state", ["importing", "review", "active", "paused"])
def test_what_ends_within_a_minute_is_renewed_whoever_calls_the_shop(
    world: World, connection: int, state: str
) -> None:
    world.sql("UPDATE connections SET state = :state", state=state)
    give(world, connection, left=timedelta(seconds=50), refresh_token="r")
    for _ in range(2):
        expiry.wake_due()
    assert woken(world) == {f"renew-{connection}"}


@pytest.mark.parametrize("left", [timedelta(seconds=-1), timedelta(days=-1)])
def test_what_has_ended_meanwhile_is_renewed_too(world: World, connection: int, left: timedelta) -> None:
    give(world, connection, left=left, refresh_token="r")
    expiry.wake_due()
    assert woken(world) == {f"renew-{connection}"}


def test_what_is_far_from_its_end_or_cannot_be_renewed_is_left_alone(world: World, connection: int) -> None:
    give(world, connection, left=RENEW_AHEAD, refresh_token="r")
    expiry.wake_due()
    give(world, connection, left=timedelta(seconds=10))
    expiry.wake_due()
    world.sql("UPDATE connections SET credentials = :sealed", sealed=vault().seal({"consumer_key": "k"}))
    expiry.wake_due()
    world.sql("UPDATE connections SET credentials = 'nonsense'")
    expiry.wake_due()
    assert woken(world) == set()


@pytest.mark.parametrize(
    "change",
    [
        "state = 'needs_auth'",
        "state = 'disconnected'",
        "backoff_until = now() + interval '1 hour'",
    ],
)
def test_a_shop_that_is_left_alone_or_refuses_us_is_not_called(
    world: World, connection: int, change: str
) -> None:
    give(world, connection, left=timedelta(seconds=10), refresh_token="r")
    world.sql(f"UPDATE connections SET {change}")
    expiry.wake_due()
    assert woken(world) == set()


def test_each_shop_has_a_moment_of_its_own_while_a_call_renews(world: World) -> None:
    """All of them within the minutes in which any call does."""
    others = [world.add_connection(Shop(), state="review") for _ in range(30)]
    moment = now()
    for connection in others:
        give(world, connection, left=timedelta(minutes=10), refresh_token="r")
    begun: dict[int, int] = {}
    for minute in range(11):
        world.redis.flushall()
        expiry.wake_due(lambda minute=minute: moment + timedelta(minutes=minute))
        for job in woken(world):
            begun.setdefault(int(job.removeprefix("renew-")), minute)
    assert begun.keys() == set(others)
    assert set(begun.values()) <= {6, 7, 8, 9}
    assert len(set(begun.values())) >= 3


def test_after_a_standstill_those_that_end_first_come_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "MOST_AT_ONCE", 2)
    others = [world.add_connection(Shop(), state="review") for _ in range(4)]
    for minutes, connection in zip((2, 4, 1, 3), others, strict=True):
        give(world, connection, left=-timedelta(minutes=minutes), refresh_token="r")
    expiry.wake_due()
    assert woken(world) == {f"renew-{others[1]}", f"renew-{others[3]}"}


@pytest.fixture
def shopify(tmp_path: Path) -> Iterator[ShopifySandbox]:
    sandbox = ShopifySandbox(tmp_path)
    yield sandbox
    sandbox.stop()


def test_the_shop_is_asked_for_new_credentials_once_though_several_renew(
    world: World, shopify: ShopifySandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shops, "platform_settings", lambda _platform: shopify._shop.settings)
    monkeypatch.setattr(shops, "require_settings", lambda *_: None)
    monkeypatch.setattr(work, "open_channel", shops.open_channel)
    connection = world.add_connection(Shop(), state="review")
    ends = (now() + timedelta(minutes=4)).isoformat()
    world.sql(
        "UPDATE connections SET platform = 'shopify', external_shop_id = :shop, credentials = :sealed,"
        " webhook_secret = :secret WHERE id = :id",
        shop=shopify.shop_id,
        sealed=vault().seal({**shopify.credentials, "expires_at": ends}),
        secret=vault().seal_text("secret"),
        id=connection,
    )
    before = world.one("SELECT token_version FROM connections WHERE id = :id", id=connection)
    in_threads(*[partial(expiry.renew, connection)] * 3)
    after = world.one("SELECT token_version, credentials FROM connections WHERE id = :id", id=connection)
    assert after.token_version == before.token_version + 1
    document = vault().open(bytes(after.credentials))
    assert document["access_token"] != shopify.credentials["access_token"]
    assert datetime.fromisoformat(document["expires_at"]) > now() + RENEW_AHEAD


def test_a_shop_that_does_not_renew_has_to_be_connected_again(world: World) -> None:
    class Refusing(Shop):
        def probe(self) -> None:
            raise AuthExpired("No more.")

    connection = world.add_connection(Refusing(), state="review")
    expiry.renew(connection)
    row = world.one("SELECT state, state_reason FROM connections WHERE id = :id", id=connection)
    assert (row.state, row.state_reason) == ("needs_auth", "No more.")
