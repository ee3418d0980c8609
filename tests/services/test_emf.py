"""What CloudWatch is told of the figures, and how."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.measures.catalogue import JOB_SECONDS, JOBS, LEDGER_PROOF, QUEUE_AGE, QUEUE_DEPTH, REQUESTS
from app.services.emf import EmbeddedMetrics, quantile
from app.services.figures import Distribution, Figure
from tests.services.world import World
from workers.schedule import tasks


def told(*minutes: list[Figure]) -> list[dict[str, Any]]:
    """What is said of the last of these minutes."""
    lines: list[str] = []
    emf = EmbeddedMetrics(lines.append)
    for number, figures in enumerate(minutes):
        lines.clear()
        emf.tell(figures, 1_700_000_000.5 + 60 * number)
    return [json.loads(line) for line in lines]


def test_a_line_is_in_the_embedded_metric_format() -> None:
    [line] = told([Figure(QUEUE_DEPTH, ("push",), 3), Figure(QUEUE_AGE, ("push",), 1.25)])
    assert line == {
        "_aws": {
            "Timestamp": 1_700_000_000_500,
            "CloudWatchMetrics": [
                {
                    "Namespace": "SyncFlow",
                    "Dimensions": [["queue"]],
                    "Metrics": [
                        {"Name": "syncflow_queue_depth", "Unit": "Count"},
                        {"Name": "syncflow_queue_oldest_job_age_seconds", "Unit": "Seconds"},
                    ],
                }
            ],
        },
        "queue": "push",
        "syncflow_queue_depth": 3,
        "syncflow_queue_oldest_job_age_seconds": 1.25,
    }


def test_counters_are_told_by_what_they_grew(monkeypatch: pytest.MonkeyPatch) -> None:
    def at(amount: float) -> list[Figure]:
        return [Figure(JOBS, ("reconcile", "done"), amount)]

    assert told(at(5)) == []  # since when, nobody knows
    assert told(at(5), at(7))[0]["syncflow_jobs_total"] == 2
    assert told([], at(7))[0]["syncflow_jobs_total"] == 7  # the first ones of their kind
    assert told(at(7), at(2))[0]["syncflow_jobs_total"] == 2  # Redis was emptied


def test_routes_and_methods_are_added_up() -> None:
    figures = [
        Figure(REQUESTS, ("GET", "/a", "2xx"), 3),
        Figure(REQUESTS, ("POST", "/b", "2xx"), 4),
        Figure(REQUESTS, ("GET", "/a", "5xx"), 1),
    ]
    lines = {line["status"]: line["syncflow_http_requests_total"] for line in told([], figures)}
    assert lines == {"2xx": 7, "5xx": 1}


def test_of_a_histogram_the_last_minutes_count_mean_and_quantiles_are_told() -> None:
    empty = [0] * (len(JOB_SECONDS.upper_bounds) + 1)

    def at(first: int, second: int, total: float) -> list[Figure]:
        counts = (first, second, *empty[2:])
        return [Figure(JOB_SECONDS, ("reconcile",), Distribution(counts, total))]

    [line] = told(at(10, 0, 0.1), at(10, 4, 0.3))
    assert line["syncflow_job_duration_seconds_count"] == 4
    assert line["syncflow_job_duration_seconds_mean"] == 0.05
    assert line["syncflow_job_duration_seconds_p50"] == pytest.approx(0.03)
    assert told(at(10, 0, 0.1), at(10, 0, 0.1)) == []


def test_what_lies_beyond_the_last_bound_counts_as_it() -> None:
    assert quantile((1.0, 2.0), (0, 0, 5), 0.5) == 2.0
    assert quantile((1.0, 2.0), (2, 2, 0), 0.5) == 1.0


def test_a_moment_has_no_unit() -> None:
    [line] = told([Figure(LEDGER_PROOF, (), 1_700_000_000.0)])
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]
    assert line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Unit"] == "None"


@pytest.mark.parametrize("wanted", ["", "emf"])
def test_the_scheduler_tells_if_asked_to(
    engine_app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, capsys: Any, wanted: str
) -> None:
    settings = replace(engine_app.extensions["settings"], metrics=wanted)
    monkeypatch.setitem(engine_app.extensions, "settings", settings)
    for task in tasks(engine_app):
        if task.seconds == 60 and "metrics" in getattr(task.run, "__name__", ""):
            task.run()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any("syncflow_queue_depth" in line for line in lines) is bool(wanted)
