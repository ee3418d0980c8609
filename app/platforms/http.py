"""The one way out to a shop: time-outs, the shared rate budget, bounded repeats, telemetry.

What becomes of each answer (`safe` calls are repeated first, within bounds):

| answer                                             | safe call             | unsafe call      |
| -------------------------------------------------- | --------------------- | ---------------- |
| no rate budget, no connection, DNS, TLS refused    | Transient             | Transient        |
| 429                                                | Transient             | Transient        |
| 5xx, 408, nothing, time-out, disconnect            | OutcomeUnknown        | OutcomeUnknown   |
| 2xx: HTML, half a JSON, nothing where JSON belongs | OutcomeUnknown        | OutcomeUnknown   |
| an answer larger than the limit                    | Permanent             | OutcomeUnknown   |
| 3xx                                                | Permanent             | Permanent        |
| any other 4xx (401, 403, 404, ...), good 2xx       | returned              | returned         |

OutcomeUnknown is a Transient, so that a reader need not care. What a 401, a 403 or an error inside a
good 200 means differs per platform: its `client.py` maps them to AuthExpired, Permanent or Transient.
"""

from __future__ import annotations

import math
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
import structlog
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import NewConnectionError
from urllib3.util import Timeout

from app import tracing
from app.platforms.answers import Response, TooLarge, host_of, parse, read, retry_after, split_lines
from app.platforms.errors import Permanent, PlatformError, Transient
from app.platforms.rate_budget import Budget, Unlimited
from app.platforms.sessions import guard_public, new_session

__all__ = ["CallRecord", "Http", "OutcomeUnknown", "Response", "guard_public", "new_session"]

log = structlog.get_logger(__name__)

TRIES = 3
CONNECT_SECONDS = 5.0
SAFE_SECONDS = (2.5, 6.0, 12.0)
"""The longest wait for an answer, per try of a safe call: one that hangs is soon asked again, and a shop
that really needs longer gets it."""
ANSWER_SECONDS = 12.0
"""The longest wait for a whole answer."""
MAX_BODY_BYTES = 50 * 1024 * 1024
SHORT_RETRY_AFTER_SECONDS = 5.0
"""A Retry-After up to this is waited for by the call itself; a longer one is its caller's business."""
FIRST_BACKOFF_SECONDS = 0.25


class OutcomeUnknown(Transient):
    """The call may or may not have had its effect, or may still have it."""

    code = "platform_outcome_unknown"


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One try as telemetry. `fault` is "" or the name of what went wrong."""

    connection_id: int | None
    method: str
    host: str
    endpoint: str
    status: int | None
    fault: str
    attempt: int
    cost: float
    seconds: float


class _NoEffect(Exception):
    """A try that certainly did nothing."""


class _Doubt(Exception):
    """A try of which nobody knows what it did."""


class Http:
    """Calls one connection's platform. Safe to share by threads as far as `session` is.

    `session` comes from `new_session` and may serve many connections; `budget` belongs to one.
    """

    def __init__(
        self,
        session: requests.Session,
        *,
        budget: Budget | None = None,
        connection_id: int | None = None,
        on_call: Callable[[CallRecord], None] | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        answer_seconds: float = ANSWER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.budget: Budget = budget or Unlimited()
        self._session = session
        self._connection_id = connection_id
        self._on_call = on_call
        self._max_body_bytes = max_body_bytes
        self._answer_seconds = answer_seconds
        self._clock, self._sleep, self._now, self._jitter = clock, sleep, now, jitter

    def request(
        self,
        method: str,
        url: str,
        *,
        safe: bool,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | Sequence[tuple[str, Any]] | None = None,
        json: Any = None,
        data: Any = None,
        auth: AuthBase | tuple[str, str] | None = None,
        cost: float = 1.0,
        deadline: float | None = None,
        endpoint: str | None = None,
        expect_json: bool = True,
    ) -> Response:
        """Send one call and return its answer, or raise as the module's table says.

        `safe`: a repeat does no harm (reads, writes with an idempotency key); such a call is tried up
        to `TRIES` times. Any other is sent at most once. Nothing is sent after `deadline` (monotonic clock);
        what was sent before has its time to be answered. `endpoint` names the call in telemetry; the
        URL's path if not given.
        """
        call = _Call(method, url, endpoint or urlsplit(url).path, cost)
        arguments = {"headers": headers, "params": params, "json": json, "data": data, "auth": auth}
        doubtful = False
        for attempt in range(1, TRIES + 1):
            try:
                self.budget.acquire(cost, deadline)
                patience = min(self._answer_seconds, SAFE_SECONDS[attempt - 1] if safe else math.inf)
                response = self._attempt(call, arguments, attempt, deadline, expect_json, safe, patience)
            except Transient as fault:
                doubtful = doubtful or isinstance(fault, OutcomeUnknown)
                wait = self._wait_before_next(attempt, fault) if safe else None
                if wait is None or (deadline is not None and self._clock() + wait >= deadline):
                    _give_up(fault, doubtful)
                self._sleep(wait)
            else:
                return _with_doubt(response) if doubtful else response
        raise AssertionError("unreachable")  # the last attempt returns or raises

    def lines(self, url: str, *, max_bytes: int, answer_seconds: float) -> Iterator[bytes]:
        """The lines of a large text, as they arrive: sent once, without credentials.

        Raises Transient where the text does not come or breaks off, Permanent where it is refused.
        """
        call = _Call("GET", url, "download", 0.0)
        timeout = Timeout(connect=CONNECT_SECONDS, read=answer_seconds)
        try:
            with self._send(call, {}, timeout) as answer:
                if answer.status_code >= 500 or answer.status_code == 429:
                    raise Transient(f"The file was answered with {answer.status_code}.")
                if answer.status_code != 200:
                    raise Permanent(f"The file was answered with {answer.status_code}.")
                yield from split_lines(answer, max_bytes)
        except (_NoEffect, _Doubt, requests.RequestException) as err:
            raise Transient("The file broke off.") from err
        except TooLarge as err:
            raise Permanent(f"The file is larger than {max_bytes} bytes.") from err

    def _attempt(
        self,
        call: _Call,
        arguments: Mapping[str, Any],
        attempt: int,
        deadline: float | None,
        expect_json: bool,
        safe: bool,
        patience: float,
    ) -> Response:
        with tracing.span(f"{call.method} {call.host}", kind="client") as span:
            span.set("syncflow.endpoint", call.endpoint)
            return self._attempt_traced(call, arguments, attempt, deadline, expect_json, safe, patience)

    def _attempt_traced(
        self,
        call: _Call,
        arguments: Mapping[str, Any],
        attempt: int,
        deadline: float | None,
        expect_json: bool,
        safe: bool,
        patience: float,
    ) -> Response:
        started = self._clock()
        status: int | None = None
        fault = ""
        try:
            if deadline is not None and self._clock() >= deadline:
                raise Transient("There was no time left to send the call.")
            timeout = Timeout(connect=min(CONNECT_SECONDS, patience), read=patience)
            with self._send(call, arguments, timeout) as answer:
                status = answer.status_code
                return self._judge(call, answer, expect_json)
        except PlatformError as err:
            fault = type(err).__name__
            raise
        except _NoEffect as err:
            fault = "no_connection"
            raise Transient(f"{call.host} cannot be reached.") from err
        except (_Doubt, requests.RequestException) as err:
            fault = "no_answer"
            raise OutcomeUnknown(f"{call.host} did not answer in full.") from err
        except TooLarge as err:
            fault = "too_large"
            kind = Permanent if safe else OutcomeUnknown
            raise kind(f"{call.host} answered with more than {self._max_body_bytes} bytes.") from err
        finally:
            self._record(call, status, fault, attempt, self._clock() - started)

    def _send(self, call: _Call, arguments: Mapping[str, Any], timeout: Timeout) -> requests.Response:
        try:
            return self._session.request(
                call.method,
                call.url,
                timeout=timeout,  # type: ignore[arg-type]  # requests takes urllib3's own object
                allow_redirects=False,
                stream=True,
                **arguments,
            )
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.MissingSchema,
            requests.exceptions.InvalidSchema,
            requests.exceptions.InvalidHeader,
        ) as err:
            raise Permanent("The shop's address cannot be used.") from err
        except requests.RequestException as err:
            if isinstance(err, requests.exceptions.ConnectTimeout) or _never_connected(err):
                raise _NoEffect from err
            raise _Doubt from err

    def _judge(self, call: _Call, answer: requests.Response, expect_json: bool) -> Response:
        status = answer.status_code
        if status == 429:
            seconds = retry_after(answer.headers.get("Retry-After"), self._now())
            if seconds is not None:
                self.budget.pause(seconds)
            raise Transient(f"{call.host} asks for fewer calls.", retry_after=seconds)
        if status >= 500 or status == 408:
            seconds = retry_after(answer.headers.get("Retry-After"), self._now())
            raise OutcomeUnknown(f"{call.host} answered with {status}.", retry_after=seconds)
        if 300 <= status < 400:
            raise Permanent(f"{call.host} redirects to {host_of(answer.headers.get('Location'))}.")
        body = read(answer, self._max_body_bytes)
        good = status < 300
        document, is_json = parse(body)
        if good and expect_json and not is_json and status != 204:
            raise OutcomeUnknown(f"{call.host} answered {status} with something that is not JSON.")
        return Response(status, CaseInsensitiveDict(answer.headers), body, document)

    def _wait_before_next(self, attempt: int, fault: Transient) -> float | None:
        """Seconds before the next try; None if there is none."""
        if attempt >= TRIES:
            return None
        if fault.retry_after is not None:
            return fault.retry_after if fault.retry_after <= SHORT_RETRY_AFTER_SECONDS else None
        return FIRST_BACKOFF_SECONDS * 2.0 ** (attempt - 1) * (0.5 + self._jitter())

    def _record(self, call: _Call, status: int | None, fault: str, attempt: int, seconds: float) -> None:
        record = CallRecord(
            self._connection_id,
            call.method,
            call.host,
            call.endpoint,
            status,
            fault,
            attempt,
            call.cost,
            seconds,
        )
        log.info(
            "platform_call",
            connection_id=record.connection_id,
            method=record.method,
            host=record.host,
            endpoint=record.endpoint,
            status=record.status,
            fault=record.fault,
            attempt=record.attempt,
            cost=record.cost,
            milliseconds=round(record.seconds * 1000, 1),
        )
        if self._on_call is not None:
            self._on_call(record)


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    url: str
    endpoint: str
    cost: float

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]


def _give_up(fault: Transient, doubtful: bool) -> NoReturn:
    if doubtful and not isinstance(fault, OutcomeUnknown):
        raise OutcomeUnknown(str(fault), retry_after=fault.retry_after) from fault
    raise fault


def _with_doubt(response: Response) -> Response:
    return Response(response.status, response.headers, response.body, response.document, doubtful=True)


def _never_connected(error: object, depth: int = 0) -> bool:
    """True if the fault came before the first byte of the request: no address, no port, bad TLS."""
    if isinstance(error, NewConnectionError | ssl.SSLCertVerificationError):
        return True
    if not isinstance(error, BaseException) or depth > 5:
        return False
    inner = (getattr(error, "reason", None), error.__cause__, *error.args)
    return any(_never_connected(each, depth + 1) for each in inner)
