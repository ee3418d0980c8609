"""One trial from its options to its judgement."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from syncflow.trial.chaos import FAULTS, Chaos
from syncflow.trial.evidence import gather, keep
from syncflow.trial.facts import Disturbance, PlacedOrder
from syncflow.trial.floor import PROBE, measure_floor
from syncflow.trial.judge.figures import Judgement, Measured, judge
from syncflow.trial.judge.traffic import QUIET_SECONDS, Schedule
from syncflow.trial.memory import MemoryWatch
from syncflow.trial.player import Player, StockBook
from syncflow.trial.quiet import wait_until_settled
from syncflow.trial.scenario import SHOPS, Scenario, bundles_of
from syncflow.trial.stage import Say, Stage, staged

TICK_SECONDS = 0.2
RECOVERED_WITHIN_SECONDS = 120.0
"""After disturbances."""

PLANS: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "basic": {"shopify": {"plan": "basic"}, "woocommerce": {"requests_per_second": 5}},
    "advanced": {"shopify": {"plan": "advanced"}, "woocommerce": {"requests_per_second": 10}},
    "plus": {"shopify": {"plan": "plus"}, "woocommerce": {"requests_per_second": 50}},
    "enterprise": {"shopify": {"plan": "enterprise"}, "woocommerce": {"requests_per_second": None}},
}
"""What --plan takes: how much each sandbox shop lets its callers do."""
LARGEST_PLAN = "enterprise"


@dataclass(frozen=True, slots=True)
class Options:
    """`latency_ms` of every call of a shop's API. `keep`: where logs and records go, if anywhere."""

    faults: str
    chaos: Collection[str]
    """What is done to the product meanwhile: names from EVERY_SECONDS."""
    plan: str
    latency_ms: int
    policy: str = "merge"
    """What it means when a merchant changes a number at a shop."""
    locations: int = 1
    """Of the shop that knows them; the scenario's places."""
    keep: Path | None = None
    watch_seconds: float = QUIET_SECONDS
    """How long to look for writes after everything is quiet."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`tally` counts what could not be played as planned; `all_mb` is the memory of all processes."""

    judgement: Judgement
    tally: Counter[str]
    disturbances: Counter[str]
    all_mb: float


Progress = Callable[[], None]
"""Called for every order that was played, in any thread."""


def rehearse(scenario: Scenario, options: Options, *, logs: Path, say: Say, progress: Progress) -> Outcome:
    """Play a scenario against the whole product and judge what came of it. Call it in the main thread.

    Raises what `staged` raises, FloorNotFound, and ShopFailed for a sandbox that breaks down.
    """
    began = time.monotonic()
    catalog = (*scenario.catalog, PROBE)
    with staged(
        catalog, locations=options.locations, latency_ms=options.latency_ms, logs=logs, say=say
    ) as stage:
        with MemoryWatch(
            lambda: [pid for pids in stage.product.launcher.pids.values() for pid in pids]
        ) as memory:
            say("measuring what one sale alone takes")
            floor_ms, probes = measure_floor(stage)
            for connection_id in stage.connections.values():
                stage.merchant.choose_policy(connection_id, options.policy)
            play = _play(stage, scenario, options, say=say, progress=progress)
            placed = [*probes, *play.placed]
            say("waiting until everything is quiet, lost webhooks included")
            settled = wait_until_settled(stage, placed=len(placed), bundles=bundles_of(catalog))
            say(f"watching for writes that nobody needs, {options.watch_seconds:.0f} s")
            time.sleep(options.watch_seconds)
        say("judging")
        evidence = gather(stage, catalog, placed)
        evidence = replace(
            evidence,
            disturbances=play.disturbances,
            began_at=play.began_at,
            played_at=play.played_at,
            quiet_at=settled.at,
        )
        if options.keep:
            keep(stage, options.keep)
        measured = Measured(
            seed=scenario.seed,
            propagation_floor_ms=floor_ms,
            duration_s=time.monotonic() - began,
            peak_rss_mb=memory.largest_mb,
            became_quiet=settled.quiet,
            quiet_within_s=RECOVERED_WITHIN_SECONDS if options.chaos else None,
            schedule=Schedule(
                stage.product.settings.order_poll_seconds, stage.product.settings.level_sweep_seconds
            ),
        )
        return Outcome(
            judgement=judge(evidence, measured),
            tally=play.tally + Counter(reviews_decided=settled.decided),
            disturbances=Counter(d.kind for d in play.disturbances),
            all_mb=memory.together_mb,
        )


@dataclass(frozen=True, slots=True)
class _Play:
    placed: Sequence[PlacedOrder]
    tally: Counter[str]
    disturbances: Sequence[Disturbance]
    began_at: float
    played_at: float


def _play(stage: Stage, scenario: Scenario, options: Options, *, say: Say, progress: Progress) -> _Play:
    """Play the scenario with its faults and disturbances until its last action."""
    for slug, shop in stage.shops.items():
        shop.set_plan(PLANS[options.plan][slug])
        shop.set_faults(seed=scenario.seed, **FAULTS[options.faults])
    chaos = Chaos(stage.product, stage.services, random.Random(scenario.seed))
    play_seconds = scenario.actions[-1].at_seconds
    chaos.plan(play_seconds, options.chaos)
    stopping = threading.Event()
    book = StockBook(scenario.catalog)
    players = [Player(stage.shops[slug].twin(), book, stopping, progress) for slug in SHOPS]
    say(f"playing for {play_seconds:.0f} s")
    began_at, began = time.time(), time.monotonic()
    with ThreadPoolExecutor(len(players), thread_name_prefix="player") as pool, ExitStack() as ending:
        ending.callback(stopping.set)  # before the first plays: a signal may come between two of them
        playing = [pool.submit(player.play, scenario.actions, began) for player in players]
        _watch(playing, chaos, began)
    return _Play(
        placed=[order for player in players for order in player.placed],
        tally=sum((player.tally for player in players), Counter()),
        disturbances=chaos.done,
        began_at=began_at,
        played_at=time.time(),
    )


def _watch(playing: Sequence[Future[None]], chaos: Chaos, began: float) -> None:
    """Disturb the product until all players are done. Raises what a player raises."""
    pending: set[Future[None]] = set(playing)
    while pending:
        done, pending = wait(pending, timeout=TICK_SECONDS, return_when=FIRST_EXCEPTION)
        for player in done:
            player.result()
        chaos.act(time.monotonic() - began)
