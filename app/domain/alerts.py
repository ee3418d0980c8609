"""What those who run the installation should know of, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class AlertKind(StrEnum):
    """Each stays open for as long as it is so."""

    REDIS_AWAY = "redis_away"
    QUEUE_WITHOUT_WORKER = "queue_without_worker"
    QUEUE_LATE = "queue_late"
    NOT_WORKING = "not_working"
    DEAD_LETTERS_RISING = "dead_letters_rising"
    LEDGER_MISMATCHES = "ledger_mismatches"
    MANY_SHOPS_FAIL = "many_shops_fail"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is so. `detail` holds neither secrets nor customer data."""

    kind: AlertKind
    subject: str = ""
    detail: Mapping[str, int | str] | None = None


@dataclass(frozen=True, slots=True)
class Words:
    means: str
    remedy: str


WORDS: Mapping[AlertKind, Words] = {
    AlertKind.REDIS_AWAY: Words(
        "Redis does not answer: no worker is woken.",
        "See that it runs. Nothing is lost: what waits is in the database.",
    ),
    AlertKind.QUEUE_WITHOUT_WORKER: Words(
        "Nobody takes jobs from this queue.", "Start a worker for it, or see why its workers end."
    ),
    AlertKind.QUEUE_LATE: Words(
        "A job has waited for too long in this queue.",
        "Start another worker for it, unless it is paused, or its workers hang in a slow shop.",
    ),
    AlertKind.NOT_WORKING: Words(
        "For some minutes nobody has answered at PUBLIC_URL, or only with faults of ours: shops' webhooks and"
        " browsers do not get through.",
        "See that the web process runs, that the proxy leads to it, and its log.",
    ),
    AlertKind.DEAD_LETTERS_RISING: Words(
        "Much has failed for good within the last hour.",
        "Look at the dead letters by their error: one cause is often behind most of them.",
    ),
    AlertKind.LEDGER_MISMATCHES: Words(
        "Books of merchants do not agree with themselves.",
        "Run syncflow verify-ledger, and look for the reason: nothing should leave a ledger like that.",
    ),
    AlertKind.MANY_SHOPS_FAIL: Words(
        "Many shops of this platform fail at the same time.",
        "See the platform's status page, and whether this machine reaches it. Shops are tried again by"
        " themselves.",
    ),
}
