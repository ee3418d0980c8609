"""The figures for CloudWatch: a line of its embedded metric format for each set of labels, once a minute.

No agent and no call: who collects what processes write (the `awslogs` driver, FireLens) takes them out of it.
CloudWatch adds up what it is told, so counters are told by what they grew since the last time. Each set of
labels is a metric that costs money there: routes and methods are added up first.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from app.measures.catalogue import Kind, Metric
from app.services.figures import Distribution, Figure

NAMESPACE = "SyncFlow"
ADDED_UP = frozenset({"route", "method"})
"""Labels that are left out."""
QUANTILES = {"p50": 0.5, "p95": 0.95}

Labels: TypeAlias = tuple[tuple[str, str], ...]
Values: TypeAlias = dict[tuple[str, Labels], tuple[Metric, float | Distribution]]


class EmbeddedMetrics:
    """Remembers what counters were at; the first time it tells of none."""

    def __init__(self, write: Callable[[str], object] | None = None) -> None:
        self._write = write or _to_stdout
        self._before: Values | None = None

    def tell(self, figures: Sequence[Figure], at: float) -> None:
        """`at`: Unix time."""
        now = _added_up(figures)
        lines: defaultdict[Labels, dict[str, tuple[float, str]]] = defaultdict(dict)
        for (name, labels), (metric, value) in now.items():
            lines[labels].update(self._told(metric, name, labels, value))
        self._before = now
        for labels, values in lines.items():
            if values:
                self._write(_line(labels, values, at))

    def _told(
        self, metric: Metric, name: str, labels: Labels, value: float | Distribution
    ) -> Iterator[tuple[str, tuple[float, str]]]:
        if metric.kind is Kind.GAUGE:
            assert not isinstance(value, Distribution)
            yield name, (value, _unit(name))
        elif self._before is not None:
            before = self._before.get((name, labels), (metric, None))[1]
            if isinstance(value, Distribution):
                assert before is None or isinstance(before, Distribution)
                yield from _of_distribution(metric, _grown(value, before))
            else:
                assert before is None or isinstance(before, int | float)
                grown = value - (before or 0.0)
                yield name, (grown if grown >= 0 else value, "Count")  # less: Redis was emptied


def _added_up(figures: Sequence[Figure]) -> Values:
    found: Values = {}
    for figure in figures:
        named = zip(figure.metric.labels, figure.labels, strict=True)
        labels = tuple((name, value) for name, value in named if name not in ADDED_UP)
        key = (figure.metric.name, labels)
        _metric, before = found.get(key, (figure.metric, None))
        found[key] = (figure.metric, figure.value if before is None else _sum(before, figure.value))
    return found


def _sum(one: float | Distribution, other: float | Distribution) -> float | Distribution:
    if isinstance(one, Distribution) and isinstance(other, Distribution):
        counts = tuple(a + b for a, b in zip(one.counts, other.counts, strict=True))
        return Distribution(counts, one.total + other.total)
    assert not isinstance(one, Distribution)
    assert not isinstance(other, Distribution)
    return one + other


def _grown(now: Distribution, before: Distribution | None) -> Distribution:
    if before is None or sum(now.counts) < sum(before.counts):
        return now
    counts = tuple(max(a - b, 0) for a, b in zip(now.counts, before.counts, strict=True))
    return Distribution(counts, max(now.total - before.total, 0.0))


def _of_distribution(metric: Metric, grown: Distribution) -> Iterator[tuple[str, tuple[float, str]]]:
    """How many, their mean and quantiles, of the last minute; nothing where there was none."""
    count = sum(grown.counts)
    if not count:
        return
    yield f"{metric.name}_count", (count, "Count")
    yield f"{metric.name}_mean", (grown.total / count, "Seconds")
    for name, share in QUANTILES.items():
        yield f"{metric.name}_{name}", (quantile(metric.upper_bounds, grown.counts, share), "Seconds")


def quantile(upper_bounds: Sequence[float], counts: Sequence[int], share: float) -> float:
    """As Prometheus reckons it: within its bucket values lie evenly; beyond the last bound nobody knows."""
    rank, below = share * sum(counts), 0
    for number, count in enumerate(counts[:-1]):
        if below + count >= rank and count:
            low = upper_bounds[number - 1] if number else 0.0
            return low + (upper_bounds[number] - low) * (rank - below) / count
        below += count
    return upper_bounds[-1]


def _line(labels: Labels, values: Mapping[str, tuple[float, str]], at: float) -> str:
    told = {
        "Namespace": NAMESPACE,
        "Dimensions": [[name for name, _value in labels]],
        "Metrics": [{"Name": name, "Unit": unit} for name, (_value, unit) in values.items()],
    }
    return json.dumps(
        {
            "_aws": {"Timestamp": round(at * 1000), "CloudWatchMetrics": [told]},
            **dict(labels),
            **{name: round(value, 6) for name, (value, _unit) in values.items()},
        }
    )


def _unit(name: str) -> str:
    if name.endswith("_timestamp_seconds"):
        return "None"
    return "Seconds" if name.endswith("_seconds") else "Count"


def _to_stdout(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
