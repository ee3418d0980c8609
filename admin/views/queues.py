"""Queues and workers: what waits, what is worked on, and the switch that pauses a queue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import redis
from flask import url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.base import Action, Column, ConsoleView, Field
from app.api.errors import OK, UNAVAILABLE
from app.errors import NotFound
from app.services import queues as service
from app.services.queries import queues
from app.services.queries.paging import Row
from app.services.queue_states import QUEUES

REDIS_AWAY = "Redis does not answer: what waits and who works cannot be seen now."
REASON = Field("reason", "Reason")


def duration(seconds: float | None) -> str | None:
    """As a person says it, to the whole unit."""
    if seconds is None:
        return None
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def state_of(row: Row) -> str:
    """ "ok", or what is wrong."""
    return "paused" if row["paused"] else row["words"]


def tone_of(row: Row) -> str:
    return "warn" if row["paused"] else "" if row["words"] == "ok" else "bad"


class QueuesView(ConsoleView):
    words = (
        "Jobs only wake workers for what is in the database: a job that is lost is made again within seconds."
    )
    columns = (
        Column("queue", "queue", link=lambda row: url_for("queuesview.one", name=row["queue"])),
        Column("state", "state", text=state_of, tone=lambda row: tone_of(row)),
        Column("waiting", "waiting", number=True),
        Column("oldest", "oldest waits", text=lambda row: duration(row["oldest_seconds"]), number=True),
        Column("under_way", "under way", number=True),
        Column("rate", "done per minute", text=lambda row: f"{row['per_minute']:.1f}", number=True),
        Column("failed", "failed", number=True),
        Column("workers", "workers", number=True),
    )

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> ResponseReturnValue:
        try:
            found = queues.queues()
        except redis.RedisError:
            return self.page("queues.html", found=[], error=REDIS_AWAY), UNAVAILABLE
        return self.page("queues.html", found=found), OK

    @expose("/<name>")  # type: ignore[untyped-decorator]
    def one(self, name: str) -> ResponseReturnValue:
        if name not in QUEUES:
            raise NotFound("There is no such queue.")
        try:
            row = next(row for row in queues.queues() if row["queue"] == name)
            workers = [worker for worker in queues.workers() if worker["queue"] == name]
        except redis.RedisError:
            return self.page("fault.html", words=REDIS_AWAY, code="unavailable"), UNAVAILABLE
        return self.page(
            "queue.html",
            title=f"Queue {name}",
            facts_of_queue=_facts(row),
            workers=workers,
            worker_columns=WorkersView.columns,
            actions=[_action(row)],
        )

    @expose("/<name>/pause", methods=["POST"])  # type: ignore[untyped-decorator]
    def pause(self, name: str) -> ResponseReturnValue:
        service.pause(self.staff, name, **self.given(REASON))
        return self.done(f"Workers take nothing more from {name}.", self.address("one", name=name))

    @expose("/<name>/resume", methods=["POST"])  # type: ignore[untyped-decorator]
    def resume(self, name: str) -> ResponseReturnValue:
        service.resume(self.staff, name)
        return self.done(f"Workers take jobs from {name} again.", self.address("one", name=name))


class WorkersView(ConsoleView):
    words = "The worker processes that Redis knows of. Each tells that it lives every five seconds."
    columns = (
        Column("queue", "queue", link=lambda row: url_for("queuesview.one", name=row["queue"])),
        Column("process", "process", text=lambda row: f"{row['host']} · {row['pid']}"),
        Column(
            "state",
            "state",
            text=lambda row: "silent" if row["late"] else row["state"],
            tone=lambda row: "bad" if row["late"] else "",
        ),
        Column("jobs", "works on, and for how long", text=lambda row: jobs_of(row)),
        Column("heard", "last heard (UTC)"),
        Column("begun", "since (UTC)"),
        Column("done", "done", number=True),
        Column("failed", "failed", number=True),
    )

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> ResponseReturnValue:
        try:
            found = queues.workers()
        except redis.RedisError:
            return self.page("workers.html", found=[], error=REDIS_AWAY), UNAVAILABLE
        return self.page("workers.html", found=found), OK


def jobs_of(row: Row) -> str:
    now = datetime.now(UTC)
    return "\n".join(f"{job['job']}: {duration((now - job['since']).total_seconds())}" for job in row["jobs"])


def _facts(row: Row) -> dict[str, Any]:
    facts = {
        "state": state_of(row),
        "jobs that wait": row["waiting"],
        "the oldest waits for": duration(row["oldest_seconds"]),
        "under way": row["under_way"],
        "done per minute": f"{row['per_minute']:.1f}",
        "failed, and kept": row["failed"],
    }
    if pause := row["paused"]:
        facts |= {
            "paused since (UTC)": pause["created_at"],
            "paused by": pause["who"],
            "reason": pause["reason"],
        }
    return facts


def _action(row: Row) -> Action:
    values = {"name": row["queue"]}
    if row["paused"]:
        return Action("resume", "Resume", values=values)
    words = (
        "Workers end what is under way and take nothing more, within a second or two. Orders and numbers keep"
        " waiting in the database; merchants see them late."
    )
    return Action("pause", "Pause this queue", words, [REASON], danger=True, values=values)
