"""Shops are polled and swept at moments of their own, and not all at once after a standstill."""

from __future__ import annotations

from collections import Counter

from flask import current_app

from app.services import reconcile, sweeper
from app.services.turns import is_due
from tests.services.shop import Shop
from tests.services.world import World

SHOPS = 40


def shops(world: World) -> None:
    for _ in range(SHOPS):
        world.add_connection(Shop(), state="active")


def test_shops_that_were_looked_at_together_are_due_apart(world: World) -> None:
    shops(world)
    due = is_due("c.done", "60").replace("clock_timestamp()", "c.at")
    rows = world.rows(
        f"""
        SELECT c.id, min(c.second) AS second FROM (
            SELECT id, now() AS done, now() + make_interval(secs => n) AS at, n AS second
            FROM connections CROSS JOIN generate_series(1, 66) n
        ) c WHERE {due} GROUP BY c.id
        """
    )
    assert len(rows) == SHOPS
    assert max(row.second for row in rows) <= 61
    assert max(Counter(row.second for row in rows).values()) <= 6, "at most those whose turn was just then"


def test_what_was_asked_for_is_due_at_once(world: World) -> None:
    shops(world)
    world.sql("UPDATE connections SET sweep_not_before = now() + interval '1 hour', levels_swept_at = NULL")
    world.redis.flushall()
    sweeper.wake_due()
    assert len(world.queued("sync")) == SHOPS


def test_sweeps_that_were_missed_are_spread_and_polls_are_not(world: World) -> None:
    shops(world)
    world.sql(
        "UPDATE connections SET levels_swept_at = now() - interval '1 hour',"
        " orders_polled_at = now() - interval '1 hour'"
    )
    sweeper.spread_sweeps()
    every = current_app.extensions["settings"].level_sweep_seconds
    waits = world.rows(
        "SELECT extract(epoch FROM sweep_not_before - clock_timestamp()) AS seconds FROM connections"
    )
    assert all(row.seconds <= every / 3 for row in waits)
    assert len({round(row.seconds) for row in waits}) > SHOPS / 2
    due = [reconcile._due(job) for job in _jobs(world)]
    assert all(row.poll for row in due)
    assert sum(row.sweep for row in due) < SHOPS / 4
    world.sql("UPDATE connections SET sweep_not_before = now() - interval '1 second'")
    assert all(reconcile._due(job).sweep for job in _jobs(world))


def test_who_was_swept_lately_is_not_kept_waiting(world: World) -> None:
    shops(world)
    world.sql("UPDATE connections SET levels_swept_at = now() - interval '10 minutes'")
    sweeper.spread_sweeps()
    assert {row.sweep_not_before for row in world.rows("SELECT sweep_not_before FROM connections")} == {None}


def _jobs(world: World) -> list[reconcile.Job]:
    return [_Job(row.id) for row in world.rows("SELECT id FROM connections")]  # type: ignore[misc]


class _Job:
    """As much of a job as `_due` asks for."""

    def __init__(self, connection_id: int) -> None:
        self.scope = _Scope(connection_id)
        self.settings = current_app.extensions["settings"]


class _Scope:
    def __init__(self, connection_id: int) -> None:
        self.connection_id = connection_id
