"""What operators are told of metrics, and what dashboards and alerts ask for, is what there is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import workers.jobs
from app.api.webhooks import REFUSED
from app.domain.alerts import AlertKind
from app.domain.event_log import EventKind
from app.measures.catalogue import CATALOGUE, Kind, Metric
from app.models.calls import OUTCOMES
from app.models.connections import CONNECTION_STATES
from app.services.dead_letters.kinds import KINDS
from app.services.intake import Receipt
from app.services.queue_states import QUEUES

PROJECT = Path(__file__).parents[1]
FOLDER = PROJECT / "infrastructure" / "observability"
PAGE = PROJECT / "docs" / "operators" / "observing.md"


def row(metric: Metric) -> str:
    """Of the page's table."""
    labels = "; ".join(f"`{name}`: {meaning}" for name, meaning in metric.labels.items())
    return f"| `{metric.name}` | {metric.kind.value} | {metric.help} | {labels or 'none'} |"


def test_the_page_lists_every_metric_as_the_catalogue_has_it() -> None:
    listed = [
        line for line in PAGE.read_text().splitlines() if re.match(r"\| `syncflow_\w+` \| \w+ \|", line)
    ]
    assert listed == [row(metric) for metric in CATALOGUE.values()]


# --------------------------------------------------------------------------------- dashboard and alerts


@dataclass(frozen=True)
class Asked:
    """A selector of an expression: `name{label="value"}`."""

    name: str
    labels: tuple[tuple[str, str, str], ...]
    """(label, operator, value)"""


def alerts() -> dict[str, dict[str, Any]]:
    [group] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
    return found


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if "targets" in panel]


def expressions() -> list[str]:
    return [
        *(rule["expr"] for rule in alerts().values()),
        *(target["expr"] for panel in panels() for target in panel["targets"]),
    ]


def selectors(expression: str) -> list[Asked]:
    plain = re.sub(r'"[^"]*"', _kept, expression)  # what is quoted may hold anything
    found = re.findall(r"\b([a-z]+_[a-z0-9_]+)\b(?!\s*\()(?:\{([^}]*)\})?", plain)
    return [
        Asked(name, tuple(re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', _restored(inside))))
        for name, inside in found
        if name.startswith("syncflow_")
    ]


_words: list[str] = []


def _kept(match: re.Match[str]) -> str:
    _words.append(match.group())
    return f"§{len(_words) - 1}§"


def _restored(inside: str) -> str:
    return re.sub(r"§(\d+)§", lambda match: _words[int(match[1])], inside)


def metric_of(name: str) -> Metric | None:
    base = re.sub(r"_(bucket|count|sum)$", "", name)
    found = CATALOGUE.get(base)
    return found if found and found.kind is Kind.HISTOGRAM else CATALOGUE.get(name)


KNOWN_VALUES = {
    ("syncflow_open_events", "kind"): set(EventKind),
    ("syncflow_open_alerts", "kind"): set(AlertKind),
    ("syncflow_connections", "state"): set(CONNECTION_STATES),
    ("syncflow_source_up", "source"): {"database", "redis"},
    ("syncflow_dead_letters", "kind"): set(KINDS) | set(vars(workers.jobs)),
    ("syncflow_webhooks_total", "outcome"): {r.value for r in Receipt} | {*REFUSED, "refused", "failed"},
    ("syncflow_platform_calls_total", "outcome"): set(OUTCOMES),
    ("syncflow_jobs_total", "outcome"): {"done", "failed", "again"},
    ("syncflow_web_vitals_total", "rating"): {"good", "fair", "poor"},
    ("syncflow_http_requests_total", "status"): {f"{n}xx" for n in range(1, 6)},
}


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_names_metrics_labels_and_values_that_there_are(expression: str) -> None:
    asked = selectors(expression)
    assert asked
    of_all: set[str] = set()
    for each in asked:
        metric = metric_of(each.name)
        assert metric is not None, each.name
        if metric.kind is Kind.HISTOGRAM:
            assert each.name != metric.name, f"{each.name} has _bucket, _count and _sum"
        of_all |= {*metric.labels, *(["le"] if each.name.endswith("_bucket") else [])}
        for label, _operator, value in each.labels:
            assert label in metric.labels, (each.name, label)
            known = {*QUEUES} if label == "queue" else KNOWN_VALUES[metric.name, label]
            assert set(value.split("|")) <= known, (each.name, value)
        if metric.kind is Kind.COUNTER or each.name.endswith(("_bucket", "_count", "_sum")):
            uses = len(re.findall(rf"\b{each.name}\b", expression))
            rates = len(re.findall(rf"\b(?:rate|increase)\({each.name}\b", expression))
            assert rates == uses, f"{each.name} only ever grows"
    for grouped in re.findall(r"\b(?:by|without|on) \(([^)]*)\)", expression):
        assert {label.strip() for label in grouped.split(",")} <= of_all, grouped
    if "histogram_quantile" in expression:
        assert re.search(r"by \([^)]*\ble\b", expression)


def test_alerts_cover_what_has_to_be_known_and_say_what_to_do() -> None:
    found = alerts()
    assert {
        "SyncFlowSyncFailing",
        "SyncFlowDeadLettersRising",
        "SyncFlowQueueOld",
        "SyncFlowBreakerOpen",
        "SyncFlowCredentialsExpiring",
        "SyncFlowLedgerMismatch",
        "SyncFlowWebhooksMissed",
    } <= set(found)
    for name, rule in found.items():
        assert rule["labels"]["severity"] in ("page", "ticket"), name
        assert set(rule["annotations"]) == {"summary", "description"}, name
        used = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        assert used <= labels_of([rule["expr"]]), name


def labels_of(asked: list[str]) -> set[str]:
    return {label for metric in metrics_of(asked) for label in metric.labels}


def metrics_of(asked: list[str]) -> list[Metric]:
    found = [metric_of(each.name) for expression in asked for each in selectors(expression)]
    return [metric for metric in found if metric is not None]


def test_the_dashboard_shows_every_metric() -> None:
    shown = set()
    for panel in panels():
        asked = [target["expr"] for target in panel["targets"]]
        legends = " ".join(target["legendFormat"] for target in panel["targets"])
        assert set(re.findall(r"{{(\w+)}}", legends)) <= labels_of(asked), panel["title"]
        shown |= {metric.name for metric in metrics_of(asked)}
    assert shown == set(CATALOGUE)


def test_the_dashboards_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    everything = dashboard()["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    for panel in everything:
        at = panel["gridPos"]
        spots = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not spots & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= spots
