"""Look whether the service does its work for merchants: what it is made of, one after the other.

- `redis` answers. (The database answers if what was seen can be written down.)
- `web` is ready at PUBLIC_URL, where shops send their webhooks. An error of ours (5xx) or a refused
  connection means that it does not work. Anything else may be the network's doing, or a gate in front of us:
  then the port of this machine is asked, and at last whether a webhook came in within a minute. If none of
  that tells, it is unknown, which counts neither way.
- each queue has a worker that is alive; and those whose jobs are short leave none waiting for minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import redis
import requests
from flask import current_app
from sqlalchemy import text

from app.services.queue_states import queue_states
from app.services.uow import unit_of_work
from app.settings import Settings

PATIENCE_SECONDS = 8
"""/readyz takes some seconds where it waits for others."""
LONGEST_WAIT_SECONDS = 300
LONG_JOBS = ("sync", "reports")
"""Queues on which one may wait for long: imports and nightly proofs take as long as they take."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The parts that do not work, and those of which nothing can be told."""

    down: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        return not self.down and not self.unknown


def look() -> Seen:
    """All of it; takes some seconds if much is wrong. Raises SQLAlchemyError where the database does not
    answer."""
    web = _web(current_app.extensions["settings"])
    down = [] if web is not False else ["web"]
    try:
        down += _idle_queues()
    except redis.RedisError:
        down.append("redis")
    return Seen(tuple(down), ("web",) if web is None else ())


def _web(settings: Settings) -> bool | None:
    """None if it cannot be told."""
    status = _status(settings.public_url)
    if status == requests.codes.ok:
        return True
    if isinstance(status, int) and status >= requests.codes.server_error:
        return False
    if _status(f"http://127.0.0.1:{settings.port}") == requests.codes.ok:
        return True
    if status is _Fault.REFUSED:
        return False
    with unit_of_work() as uow:
        return True if uow.session.execute(_HEARD_LATELY).scalar() else None


class _Fault(Enum):
    REFUSED = "nobody listens there"
    UNREACHED = "no answer, for whatever reason"


def _status(url: str) -> int | _Fault:
    try:
        with requests.get(
            f"{url}/readyz", timeout=PATIENCE_SECONDS, allow_redirects=False, stream=True
        ) as answer:
            return answer.status_code
    except requests.ConnectionError as err:
        return _Fault.REFUSED if _is_refusal(err) else _Fault.UNREACHED
    except requests.RequestException:
        return _Fault.UNREACHED


def _is_refusal(err: BaseException | None) -> bool:
    """Whether a refused connection is at the bottom of it; requests wraps urllib3's wrap of the socket's."""
    seen: set[int] = set()
    while err is not None and id(err) not in seen:
        if isinstance(err, ConnectionRefusedError):
            return True
        seen.add(id(err))
        reason = err.args[0] if err.args and isinstance(err.args[0], BaseException) else None
        err = getattr(err, "reason", None) or err.__cause__ or reason or err.__context__
    return False


def _idle_queues() -> list[str]:
    """Those that nobody works on. Raises RedisError."""
    states = queue_states(current_app.extensions["redis"])
    return [
        name
        for name, state in states.items()
        if not state.workers or (name not in LONG_JOBS and state.oldest_seconds > LONGEST_WAIT_SECONDS)
    ]


_HEARD_LATELY = text(
    "SELECT EXISTS (SELECT 1 FROM inbound_events WHERE received_at > now() - interval '1 minute')"
)
