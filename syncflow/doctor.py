"""What `syncflow doctor` looks at. Each check says in plain words what is wrong and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import redis
import requests
from flask import Flask
from rq import Queue, Worker
from rq.registry import FailedJobRegistry

from app.errors import SyncFlowError
from app.platforms.errors import PlatformError
from app.production import is_private, leads_here
from app.services import health
from app.services.queries.connections import all_connections
from app.services.queries.operations import (
    SCHEDULER_LOCK,
    clock_difference_seconds,
    holds_advisory_lock,
    oldest_waiting_event,
)
from app.services.queries.paging import Row
from app.services.shops import open_channel
from app.settings import Settings

PATIENCE_SECONDS = 5
EVENT_WAITS_SECONDS = 120
CLOCK_SECONDS = 2
WORKER_COMMAND = re.compile(r"workers\.run (\S+)")


class Verdict(StrEnum):
    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing is broken."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject`: what was looked at; `what`: how it is; `remedy`: what to do, if anything."""

    verdict: Verdict
    subject: str
    what: str
    remedy: str = ""


Findings = Iterator[Finding]


def examine(settings: Settings, app: Flask, procfile: Path) -> Findings:
    """Everything, in the order in which one thing needs the other. In the application's context."""
    found = health.check(settings)
    yield from _environment(settings)
    yield from _health(found)
    if found.database == "ok" and health.admits_anybody(settings):
        yield Finding(
            Verdict.WRONG if settings.in_production else Verdict.NOTE,
            "database",
            "lets anybody in",
            health.OPEN_DATABASE,
        )
    if found.redis == "ok":
        yield from _workers(app.extensions["redis"], procfile.read_text())
    if found.database == found.migrations == "ok":
        yield from _scheduler()
        yield from _clock()
        yield from _waiting_events()
        for connection in all_connections():
            yield from _connection(connection)
    yield from _public_url(settings)
    yield from _mail(settings)


def _environment(settings: Settings) -> Findings:
    if settings.in_production:
        yield Finding(Verdict.OK, "ENVIRONMENT", "production: nothing that is set is refused")
    else:
        yield Finding(
            Verdict.NOTE if leads_here(settings.public_url) else Verdict.WRONG,
            "ENVIRONMENT",
            "development: weak keys and open doors are let pass",
            "Where others reach it, set production: what has to change is then said, all at once.",
        )


def _health(found: health.Health) -> Findings:
    remedies = {
        "database": "Start PostgreSQL, or correct DATABASE_URL.",
        "migrations": "Run `syncflow db upgrade`.",
        "redis": "Start Redis or Valkey, or correct REDIS_URL. Until then work waits for the sweeper.",
    }
    for name, remedy in remedies.items():
        said: str = getattr(found, name)
        if said == "ok":
            yield Finding(Verdict.OK, name, "answers" if name != "migrations" else "applied")
        elif said != "unknown":
            yield Finding(Verdict.WRONG, name, said, remedy)


def _workers(client: redis.Redis, procfile: str) -> Findings:
    """Every queue of the Procfile has a worker; what failed for good waits for a person."""
    alive: dict[str, int] = {}
    for worker in Worker.all(connection=client):
        for name in worker.queue_names():
            alive[name] = alive.get(name, 0) + 1
    for name in WORKER_COMMAND.findall(procfile):
        queue = Queue(name, connection=client)
        subject, workers = f"queue {name}", alive.get(name, 0)
        if not workers:
            yield Finding(
                Verdict.WRONG,
                subject,
                f"no worker is alive, {queue.count} jobs wait",
                f"Start `python -m workers.run {name}`, or everything with `syncflow up`.",
            )
        else:
            yield Finding(Verdict.OK, subject, f"{workers} at work, {queue.count} jobs wait")
        if failed := FailedJobRegistry(queue=queue).count:
            yield Finding(
                Verdict.NOTE,
                subject,
                f"{failed} jobs failed for good",
                "`syncflow dead-letters` says what and why; correct it, and replay them.",
            )


def _scheduler() -> Findings:
    if holds_advisory_lock(SCHEDULER_LOCK):
        yield Finding(Verdict.OK, "scheduler", "at work")
    else:
        yield Finding(
            Verdict.WRONG,
            "scheduler",
            "is not running: lost webhooks stay lost and nothing is tried again",
            "Start `python -m workers.schedule`, or everything with `syncflow up`.",
        )


def _clock() -> Findings:
    seconds = clock_difference_seconds(datetime.now(UTC))
    if abs(seconds) > CLOCK_SECONDS:
        yield Finding(
            Verdict.WRONG,
            "clock",
            f"this machine and the database differ by {seconds:.0f} s",
            "Let both machines set their clocks by NTP: orders and levels are put in order by time.",
        )


def _waiting_events() -> Findings:
    waiting = oldest_waiting_event()
    if waiting is not None and waiting > EVENT_WAITS_SECONDS:
        yield Finding(
            Verdict.WRONG,
            "webhooks",
            f"the oldest unprocessed one has waited for {waiting:.0f} s",
            "See whether the workers of queue intake are alive and the shop below answers.",
        )


def _connection(row: Row) -> Findings:
    subject = f"connection {row['id']} ({row['name']}, {row['platform']})"
    state = row["state"]
    if state == "needs_auth":
        yield Finding(
            Verdict.WRONG, subject, f"the shop refuses our credentials: {row['reason']}", "Connect it again."
        )
    elif state == "review":
        yield Finding(Verdict.NOTE, subject, "waits for the first sync to be approved", "Approve it.")
    elif state == "paused":
        yield Finding(Verdict.NOTE, subject, "is paused: orders come in, nothing is written", "Resume it.")
    if state in ("importing", "review", "active", "paused"):
        yield _probe(subject, row["id"])
    if row["failures"]:
        yield Finding(
            Verdict.WRONG,
            subject,
            f"{row['failures']} pieces of work in a row failed: {row['last_error']}",
            "If the shop is up, look at the log of the workers; they try again by themselves.",
        )
    if row["counts"]["failed_cells"]:
        yield Finding(
            Verdict.NOTE,
            subject,
            f"the shop refuses {row['counts']['failed_cells']} numbers",
            f"GET /api/v1/connections/{row['id']}/listings says which and why.",
        )


def _probe(subject: str, connection_id: int) -> Finding:
    try:
        open_channel(connection_id).channel.probe()
    except PlatformError as err:
        return Finding(Verdict.WRONG, subject, str(err), "See whether the shop is up; else connect it again.")
    except SyncFlowError as err:
        return Finding(Verdict.WRONG, subject, str(err), "Correct the environment of all processes.")
    return Finding(Verdict.OK, subject, "answers and accepts our credentials")


def _public_url(settings: Settings, get: Callable[..., requests.Response] = requests.get) -> Findings:
    """Whether webhooks find us: the address leads to a SyncFlow, and shops can know it."""
    url, subject = settings.public_url, "PUBLIC_URL"
    try:
        answer = get(f"{url}/readyz", timeout=PATIENCE_SECONDS, allow_redirects=False)
        ours = isinstance(answer.json(), dict) and "migrations" in answer.json()
    except (requests.RequestException, ValueError):
        ours = False
    if ours:
        yield Finding(Verdict.OK, subject, f"{url} leads here")
    else:
        yield Finding(
            Verdict.WRONG,
            subject,
            f"{url} does not lead to SyncFlow: webhooks get lost and wait for the next poll",
            "Start the web process, or set PUBLIC_URL to the address that the outside reaches.",
        )
    if is_private(urlsplit(url).hostname or ""):
        yield Finding(
            Verdict.NOTE,
            subject,
            "only this machine or network reaches it: shops on the internet cannot send webhooks",
            "For real shops, set it to a public https address.",
        )
    elif not url.startswith("https://"):
        yield Finding(Verdict.WRONG, subject, "is not https: shops refuse to use it", "Set an https address.")


def _mail(settings: Settings) -> Findings:
    if settings.mail_url:
        yield Finding(Verdict.OK, "MAIL_URL", "mails leave by a server")
    else:
        yield Finding(
            Verdict.NOTE,
            "MAIL_URL",
            "is not set: mails to register, to reset a password or to invite somebody are not sent",
            "Set it and MAIL_FROM, see docs/operators/running.md.",
        )
