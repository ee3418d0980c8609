"""Every metric there is. docs/operators/observing.md lists them, made from here.

Labels have few values that we choose ourselves: never an account, a connection, a SKU or a URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """`labels`: what each may be. `upper_bounds`: of a histogram's buckets, in its unit, without the last,
    which is infinite."""

    name: str
    kind: Kind
    help: str
    labels: Mapping[str, str]
    upper_bounds: tuple[float, ...] = ()


FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds that somebody waits."""
WORK = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0)
"""Seconds of work in the background."""
PAGES = (0.05, 0.1, 0.2, 0.5, 0.8, 1.2, 1.8, 2.5, 3.0, 4.0, 6.0, 10.0)
"""Seconds that a page takes; among them what is good and what is poor (https://web.dev/articles/vitals)."""
NEWS = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 120.0, 600.0)
"""Seconds until what is known has reached where it matters."""

_PLATFORM = "the platform's slug, or `other`"
_QUEUE = "a queue's name"

# Counted by the processes themselves (`meter.py`).

REQUESTS = Metric(
    "syncflow_http_requests_total",
    Kind.COUNTER,
    "Requests answered.",
    {
        "method": "the HTTP method, or `other`",
        "route": "the route's template, or `unmatched`",
        "status": "`2xx` to `5xx`",
    },
)
REQUEST_SECONDS = Metric(
    "syncflow_http_request_duration_seconds",
    Kind.HISTOGRAM,
    "Time from a request's arrival in a web process until its answer began.",
    {"method": "the HTTP method, or `other`", "route": "the route's template, or `unmatched`"},
    FAST,
)
WEBHOOKS = Metric(
    "syncflow_webhooks_total",
    Kind.COUNTER,
    "Webhooks of platforms, by what became of them.",
    {
        "platform": _PLATFORM,
        "outcome": "`stored`, `duplicate`, `handshake`, `unknown_shop`; refused: `invalid_signature`,"
        " `not_found`, `refused`; ours: `failed`",
    },
)
EVENT_SECONDS = Metric(
    "syncflow_event_processing_delay_seconds",
    Kind.HISTOGRAM,
    "Time from a webhook's receipt until what it told of was looked at and booked.",
    {"lane": "`orders`, `hints` or `privacy`"},
    NEWS,
)
JOBS = Metric(
    "syncflow_jobs_total",
    Kind.COUNTER,
    "Jobs that ended.",
    {"kind": "the job's name", "outcome": "`done`, `failed`, or `again`: put back to be done again"},
)
JOB_SECONDS = Metric(
    "syncflow_job_duration_seconds",
    Kind.HISTOGRAM,
    "Time that a job took.",
    {"kind": "the job's name"},
    WORK,
)
JOB_WAIT_SECONDS = Metric(
    "syncflow_job_wait_seconds",
    Kind.HISTOGRAM,
    "Time that a job waited in its queue.",
    {"queue": _QUEUE},
    WORK,
)
PLATFORM_CALLS = Metric(
    "syncflow_platform_calls_total",
    Kind.COUNTER,
    "Calls to shops, each try by itself.",
    {
        "platform": _PLATFORM,
        "outcome": "`succeeded`, `refused` (3xx, 4xx), `throttled` (429), `failed` (5xx, half an answer) or"
        " `unreachable`",
    },
)
PLATFORM_CALL_SECONDS = Metric(
    "syncflow_platform_call_duration_seconds",
    Kind.HISTOGRAM,
    "Time until a shop had answered, or was given up.",
    {"platform": _PLATFORM},
    FAST,
)
PROPAGATION_SECONDS = Metric(
    "syncflow_propagation_seconds",
    Kind.HISTOGRAM,
    "Time from the booking of a change until a shop confirmed the number that follows from it.",
    {"platform": _PLATFORM},
    NEWS,
)
WEB_VITALS = Metric(
    "syncflow_web_vitals_total",
    Kind.COUNTER,
    "Visits to the web app, as browsers measured how they went.",
    {
        "metric": "`CLS`, `FCP`, `INP`, `LCP` or `TTFB` (https://web.dev/articles/vitals)",
        "rating": "`good`, `fair` or `poor`",
    },
)
WEB_VITAL_SECONDS = Metric(
    "syncflow_web_vital_seconds",
    Kind.HISTOGRAM,
    "Time that people waited for the web app, as browsers measured it.",
    {"metric": "as above, but for `CLS`, which is no time"},
    PAGES,
)
POOL_MOST = Metric(
    "syncflow_database_pool_busiest_connections",
    Kind.GAUGE,
    "The most database connections that one process of this kind had in use at once within a few seconds.",
    {"process": "`web`, `scheduler` or a worker's queue"},
)
POOL_LIMIT = Metric(
    "syncflow_database_pool_limit_connections",
    Kind.GAUGE,
    "The most database connections that a process of this kind may have in use.",
    {"process": "as above"},
)

# Asked for when somebody wants to know (`app.services.figures`).

QUEUE_DEPTH = Metric("syncflow_queue_depth", Kind.GAUGE, "Jobs that wait in a queue.", {"queue": _QUEUE})
QUEUE_AGE = Metric(
    "syncflow_queue_oldest_job_age_seconds",
    Kind.GAUGE,
    "How long a queue's next job has waited; 0 in an empty one.",
    {"queue": _QUEUE},
)
QUEUE_WORKERS = Metric(
    "syncflow_queue_workers", Kind.GAUGE, "Workers that are alive, on all machines.", {"queue": _QUEUE}
)
QUEUE_FAILED = Metric(
    "syncflow_queue_failed_jobs",
    Kind.GAUGE,
    "Jobs in a queue's registry of those that failed for good.",
    {"queue": _QUEUE},
)
QUEUE_PAUSED = Metric(
    "syncflow_queue_paused", Kind.GAUGE, "1 while somebody has paused a queue.", {"queue": _QUEUE}
)
BACKLOG = Metric(
    "syncflow_backlog",
    Kind.GAUGE,
    "Rows that wait for work that could be done now, counted up to 100000; not those that are tried again"
    " later, or whose shop is left alone.",
    {"kind": "`events_orders`, `events_hints`, `events_privacy` or `numbers` (to be written to shops)"},
)
BACKLOG_AGE = Metric(
    "syncflow_backlog_oldest_age_seconds",
    Kind.GAUGE,
    "How long the oldest of them has waited.",
    {"kind": "as above"},
)
DEAD_LETTERS = Metric(
    "syncflow_dead_letters",
    Kind.GAUGE,
    "What failed in all of its attempts and waits for a person.",
    {"kind": "the letter's kind, such as `event` or `cell`, else a job's name"},
)
CONNECTIONS = Metric(
    "syncflow_connections",
    Kind.GAUGE,
    "Connected shops.",
    {"platform": _PLATFORM, "state": "the connection's state, such as `active` or `needs_auth`"},
)
BREAKERS = Metric(
    "syncflow_breaker_open_connections",
    Kind.GAUGE,
    "Shops that are left alone, but for a try now and then, because calls to them keep failing.",
    {"platform": _PLATFORM},
)
OPEN_EVENTS = Metric(
    "syncflow_open_events",
    Kind.GAUGE,
    "Things that somebody should know of and that are so now, such as `webhooks_missed`.",
    {"kind": "an event's kind (docs/users/what-you-are-told.md)"},
)
OPEN_ALERTS = Metric(
    "syncflow_open_alerts",
    Kind.GAUGE,
    "What is wrong with the installation now, as the scheduler sees it and the console shows it.",
    {"kind": "an alert's kind (running.md#errors-and-alerts)"},
)
LEDGER_MISMATCHES = Metric(
    "syncflow_ledger_mismatches", Kind.GAUGE, "Places where the ledger's last proof found it to disagree.", {}
)
LEDGER_PROOF = Metric(
    "syncflow_ledger_proof_oldest_timestamp_seconds",
    Kind.GAUGE,
    "When the ledger was last proved of the account where that is longest ago (Unix time); if never, when"
    " that account began.",
    {},
)
SCHEDULER = Metric(
    "syncflow_scheduler_working", Kind.GAUGE, "1 while a scheduler works, on whatever machine.", {}
)
SOURCE_UP = Metric(
    "syncflow_source_up",
    Kind.GAUGE,
    "Whether a source of these figures answered; 0 means that those from it are missing here.",
    {"source": "`database` or `redis`"},
)

COUNTED = (
    REQUESTS,
    REQUEST_SECONDS,
    WEBHOOKS,
    EVENT_SECONDS,
    JOBS,
    JOB_SECONDS,
    JOB_WAIT_SECONDS,
    PLATFORM_CALLS,
    PLATFORM_CALL_SECONDS,
    PROPAGATION_SECONDS,
    WEB_VITALS,
    WEB_VITAL_SECONDS,
)
"""These live in Redis, as sums over all processes."""
ASKED = (
    POOL_MOST,
    POOL_LIMIT,
    QUEUE_DEPTH,
    QUEUE_AGE,
    QUEUE_WORKERS,
    QUEUE_FAILED,
    QUEUE_PAUSED,
    BACKLOG,
    BACKLOG_AGE,
    DEAD_LETTERS,
    CONNECTIONS,
    BREAKERS,
    OPEN_EVENTS,
    OPEN_ALERTS,
    LEDGER_MISMATCHES,
    LEDGER_PROOF,
    SCHEDULER,
    SOURCE_UP,
)
CATALOGUE = {metric.name: metric for metric in (*COUNTED, *ASKED)}
