"""All figures at one moment, over all processes and machines: what `/metrics` shows and CloudWatch is told.

Counters come from Redis, where processes add theirs (`app.measures.meter`); the rest is asked here by a few
statements that an index answers, whatever the number of orders. Whatever is away leaves its figures out.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
import redis
import structlog

from app.measures import catalogue
from app.measures.catalogue import CATALOGUE, Kind, Metric
from app.measures.meter import SUM, read_pools, read_sums
from app.platforms.registry import platforms
from app.services.queries.figures import STATEMENTS, Statement
from app.services.queue_states import queue_states
from app.settings import Settings

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 2
OTHER = "other"
Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Distribution:
    """Of a histogram: how many values fell into each bucket, the infinite one included, and their sum."""

    counts: tuple[int, ...]
    total: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One value; `labels` in the order of the metric's."""

    metric: Metric
    labels: Labels
    value: float | Distribution


def figures(settings: Settings, client: redis.Redis) -> list[Figure]:
    """Never raises for Redis or the database, and takes some seconds at most."""
    found, up = [], {}
    for source, ask in (("redis", _from_redis(client)), ("database", _from_database(settings))):
        try:
            found += list(ask)
            up[source] = 1.0
        except (redis.RedisError, psycopg.Error) as err:
            log.warning("figures_missing", source=source, error=type(err).__name__)
            up[source] = 0.0
    found += [Figure(catalogue.SOURCE_UP, (source,), value) for source, value in up.items()]
    return found


def platform_label(slug: str) -> str:
    """What a slug is called in labels: platforms that there are not share a name."""
    return slug if slug in platforms() else OTHER


def _from_redis(client: redis.Redis) -> Iterator[Figure]:
    yield from counted(read_sums(client))
    for process, (most, limit) in read_pools(client, time.time()).items():
        yield Figure(catalogue.POOL_MOST, (process,), most)
        yield Figure(catalogue.POOL_LIMIT, (process,), limit)
    for name, state in queue_states(client).items():
        yield Figure(catalogue.QUEUE_DEPTH, (name,), state.waiting)
        yield Figure(catalogue.QUEUE_AGE, (name,), state.oldest_seconds)
        yield Figure(catalogue.QUEUE_WORKERS, (name,), state.workers)
        yield Figure(catalogue.QUEUE_FAILED, (name,), state.failed)
        yield Figure(catalogue.QUEUE_PAUSED, (name,), int(state.paused))


def counted(sums: Mapping[tuple[str, Labels, str], float]) -> Iterator[Figure]:
    """From what processes added; what an earlier release counted under other names or labels is left out."""
    spread: dict[tuple[str, Labels], dict[str, float]] = defaultdict(dict)
    for (name, labels, part), amount in sums.items():
        metric = CATALOGUE.get(name)
        if metric is None or len(labels) != len(metric.labels):
            continue
        if metric.kind is Kind.HISTOGRAM:
            spread[name, labels][part] = amount
        else:
            yield Figure(metric, labels, amount)
    for (name, labels), parts in spread.items():
        metric = CATALOGUE[name]
        buckets = range(len(metric.upper_bounds) + 1)
        counts = tuple(int(parts.get(str(number), 0)) for number in buckets)
        yield Figure(metric, labels, Distribution(counts, parts.get(SUM, 0.0)))


def _from_database(settings: Settings) -> Iterator[Figure]:
    """By a connection of its own: a pool that is used up is among what one wants to know."""
    with psycopg.connect(
        settings.database_url,
        connect_timeout=PATIENCE_SECONDS,
        options=f"-c statement_timeout={PATIENCE_SECONDS * 1000} -c default_transaction_read_only=on",
        autocommit=True,
    ) as connection:
        for statement in STATEMENTS:
            for row in connection.execute(statement.query):
                yield from _figures_of(statement, row)


def _figures_of(statement: Statement, row: tuple[Any, ...]) -> Iterator[Figure]:
    """A row has a value for each of the statement's labels, then one for each of its metrics."""
    width = len(row) - len(statement.metrics)
    labels = row[:width]
    if statement.labelled_by_platform:
        labels = (platform_label(labels[0]), *labels[1:])
    for metric, value in zip(statement.metrics, row[width:], strict=True):
        if value is not None:
            yield Figure(metric, labels[: len(metric.labels)], float(value))
