"""The first page: what is wrong now, at a glance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import redis
import structlog
from flask import current_app, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from sqlalchemy.exc import SQLAlchemyError

from admin.base import ConsoleView
from admin.views.queues import REDIS_AWAY, duration
from app.domain.alerts import AlertKind
from app.services.health import check
from app.services.queries import alerts, operations, queues

log = structlog.get_logger(__name__)

SHOWN_LIVE = (AlertKind.REDIS_AWAY, AlertKind.QUEUE_WITHOUT_WORKER, AlertKind.QUEUE_LATE)
LATE_SECONDS = 60
"""What waits longer than this waits too long."""


@dataclass(frozen=True, slots=True)
class Card:
    """One thing to look at; `tone` is bad, warn, or good where nothing is wrong."""

    label: str
    figure: str | int
    words: str = ""
    tone: str = "bad"
    to: str | None = None


def installation() -> Iterator[Card]:
    found = check(current_app.extensions["settings"])
    for name, state in (
        ("database", found.database),
        ("migrations", found.migrations),
        ("Redis", found.redis),
    ):
        yield Card(name, "ok" if state == "ok" else "fault", state, "good" if state == "ok" else "bad")
    if found.scheduler == "ok":
        yield Card("scheduler", "", tone="good")
    elif found.database == "ok":
        yield Card("scheduler", "off", "No scheduler works: nothing is polled, lost jobs are not made again.")


def of_alerts() -> Iterator[Card]:
    """What the watch has found, but for what a card after it shows as it is this moment."""
    found = [row for row in alerts.open_alerts() if row["kind"] not in SHOWN_LIVE]
    for row in found:
        label = f"{row['kind'].replace('_', ' ')} {row['subject']}".strip()
        yield Card(label, "!", row["remedy"], "bad", url_for("alertsview.index", open="yes"))
    if not found:
        yield Card("alerts", 0, tone="good", to=url_for("alertsview.index"))


def waiting() -> Iterator[Card]:
    seconds = operations.oldest_waiting_event()
    late = seconds is not None and seconds > LATE_SECONDS
    words = "The oldest webhook that nobody has processed yet."
    yield Card("webhooks", duration(seconds) or 0, words, "bad" if late else "good")


def of_queues() -> Iterator[Card]:
    for row in queues.queues():
        to, label = url_for("queuesview.one", name=row["queue"]), f"queue {row['queue']}"
        if row["paused"]:
            yield Card(label, "paused", f"By {row['paused']['who']}: {row['paused']['reason']}", "warn", to)
        elif not row["workers"]:
            yield Card(label, "no worker", "Nothing is taken from it.", "bad", to)
        elif row["words"] != "ok":
            yield Card(label, duration(row["oldest_seconds"]) or "", "The oldest job waits.", "bad", to)
        else:
            yield Card(label, row["waiting"], tone="good", to=to)


def of_merchants() -> Iterator[Card]:
    found = operations.troubles()
    for name, label, words, to in (
        (
            "needs_auth",
            "shops that refuse us",
            "Their merchants have to connect them again.",
            url_for("connectionsview.index", state="needs_auth"),
        ),
        (
            "failing",
            "shops that fail",
            "Calls to them failed last; they are tried again by themselves.",
            url_for("connectionsview.index", trouble="failing"),
        ),
        (
            "dead_letters",
            "dead letters",
            "What failed in all of its tries waits for a person.",
            url_for("deadlettersview.index"),
        ),
    ):
        yield Card(label, found[name], words, "warn" if found[name] else "good", to)


CARDS: tuple[Callable[[], Iterator[Card]], ...] = (of_alerts, installation, waiting, of_queues, of_merchants)
"""What the page is made of; each in a few statements, however much there is."""


class HomeView(ConsoleView):
    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> ResponseReturnValue:
        cards = [card for part in CARDS for card in _cards(part)]
        wrong = sorted((card for card in cards if card.tone != "good"), key=lambda card: card.tone != "bad")
        well = [card for card in cards if card.tone == "good"]
        return self.page("home.html", title="What is wrong now", wrong=wrong, well=well)


def _cards(part: Callable[[], Iterator[Card]]) -> list[Card]:
    """What cannot be seen is itself a thing to look at, and hides no other."""
    try:
        return list(part())
    except redis.RedisError:
        return [Card("queues", "?", REDIS_AWAY)]
    except SQLAlchemyError as err:
        log.warning("home_not_whole", part=part.__name__, error=type(err).__name__)
        return [Card(part.__name__.replace("_", " "), "?", "The database did not answer.")]
