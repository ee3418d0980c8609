"""GraphQL over HTTP to one Shopify shop: tokens, cost, throttling, and what each error means.

What becomes of an answer, besides what `app.platforms.http` already decides:

| answer                                         | raised                                           |
| ---------------------------------------------- | ------------------------------------------------ |
| 401                                            | token renewed once, then probed, then AuthExpired |
| 402, 423 (frozen, locked), 430 (flood guard)   | Transient: the shop may come back                |
| 403, 404 and other 4xx                         | Permanent                                        |
| errors: THROTTLED                              | nothing happened: waited for, then Transient     |
| errors: INTERNAL_SERVER_ERROR and the like     | repeated, then OutcomeUnknown                    |
| errors: ACCESS_DENIED on a field we can miss   | nothing: the field reads null                    |
| any other error                                | Refused (Permanent) with the codes               |

Only reads and mutations that are harmless to repeat (idempotency key, subscriptions) are repeated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from app.platforms.errors import AuthExpired, Permanent, PlatformError, Transient
from app.platforms.http import Http, OutcomeUnknown, Response
from app.platforms.shopify.cost import estimate
from app.platforms.shopify.documents import API_VERSION, PROBE, Document

SMALLEST_BUCKET = 2000.0
SMALLEST_RESTORE = 100.0
"""The bucket of Shopify's smallest plan, assumed until `throttleStatus` tells better."""
TRIES = 4
ERROR_PAUSE_SECONDS = 0.5
FROZEN_RETRY_SECONDS = 900.0

_DOUBTFUL_CODES = frozenset({"INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT", "BAD_GATEWAY"})
_OPTIONAL_FIELDS = frozenset({"customer", "email", "unitCost"})
"""Shopify shows these only to apps or staff with further rights; everything works without them."""


class Refused(Permanent):
    """Shopify answered with GraphQL errors; `codes` are theirs."""

    def __init__(self, message: str, codes: Sequence[str]) -> None:
        super().__init__(message)
        self.codes = tuple(codes)

    @property
    def speaks_of_key(self) -> bool:
        return any(code.startswith("IDEMPOTENCY_") for code in self.codes)


class ShopifyClient:
    """One shop. `token` returns a usable access token, `renewed(stale)` a newer one.

    `renewed` raises AuthExpired if there can be none.
    """

    def __init__(
        self,
        http: Http,
        base_url: str,
        *,
        token: Callable[[], str],
        renewed: Callable[[str], str],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._url = f"{base_url}/admin/api/{API_VERSION}/graphql.json"
        self._token, self._renewed = token, renewed
        self._sleep, self._clock = sleep, clock
        http.budget.start_with(maximum=SMALLEST_BUCKET, restore_per_second=SMALLEST_RESTORE)

    def execute(
        self,
        document: Document,
        variables: Mapping[str, Any],
        *,
        deadline: float | None = None,
        repeatable: bool = True,
    ) -> dict[str, Any]:
        """The `data` of one operation. `deadline` by the monotonic clock. Raises as the table says."""
        cost = float(estimate(document.text, variables))
        fault: Transient = Transient("Shopify was not asked.")
        doubtful = False
        for attempt in range(TRIES if repeatable else 1):
            if attempt:
                self._pause(fault, deadline, doubtful)
            try:
                response = self._authorized(document, variables, cost, deadline, repeatable)
                doubtful = doubtful or response.doubtful
                outcome = self._judge(response)
            except PlatformError as err:
                doubt = _in_doubt(err)
                if not doubtful or doubt is err:
                    raise
                raise doubt from err
            if not isinstance(outcome, Transient):
                return outcome
            fault = outcome
            doubtful = doubtful or isinstance(outcome, OutcomeUnknown)
            cost = max(cost, _requested_cost(response.document))
        raise _in_doubt(fault) if doubtful else fault

    def probe(self) -> None:
        """The cheapest authenticated read. Raises AuthExpired if the shop refuses renewed tokens too."""
        self.execute(PROBE, {})

    def pages(
        self,
        document: Document,
        variables: Mapping[str, Any],
        *path: str,
        after: str | None = None,
    ) -> Iterator[list[dict[str, Any]]]:
        """The nodes of a paged connection at `path` in the data, a page at a time.

        Nothing if an object on the way is null, Transient if it vanishes between two pages. The
        document takes the cursor as `$after`; the first page follows `after`.
        """
        while True:
            found: Any = self.execute(document, {**variables, "after": after})
            for name in path:
                found = found.get(name) if isinstance(found, dict) else None
            if not isinstance(found, dict):
                if after is None:
                    return
                raise Transient(f"What {document.name} reads vanished between two pages.")
            with understood(document.name):
                nodes, info = found["nodes"], found["pageInfo"]
                more, after = bool(info["hasNextPage"]), info["endCursor"]
            yield nodes
            if not more or after is None:
                return

    def _authorized(
        self,
        document: Document,
        variables: Mapping[str, Any],
        cost: float,
        deadline: float | None,
        repeatable: bool,
    ) -> Response:
        """The answer to the call with a token that the shop accepts."""
        token = self._token()
        response = self._post(document, variables, token, cost, deadline, repeatable)
        if response.status != 401:
            return response
        doubtful = response.doubtful
        try:
            token = self._renewed(token)
            response = self._post(document, variables, token, cost, deadline, repeatable)
            doubtful = doubtful or response.doubtful
            if response.status == 401:
                probe = self._post(PROBE, {}, token, 1.0, deadline, repeatable=True)
                if probe.status == 401:
                    raise AuthExpired("Shopify no longer accepts this connection.")
                raise Permanent(f"Shopify does not let this app run {document.name}.")
        except PlatformError as err:
            doubt = _in_doubt(err)
            if not doubtful or doubt is err:
                raise
            raise doubt from err
        return replace(response, doubtful=doubtful)

    def _post(
        self,
        document: Document,
        variables: Mapping[str, Any],
        token: str,
        cost: float,
        deadline: float | None,
        repeatable: bool,
    ) -> Response:
        return self._http.request(
            "POST",
            self._url,
            safe=repeatable,
            headers={"X-Shopify-Access-Token": token, "Accept": "application/json"},
            json={
                "query": document.text,
                "variables": variables,
                "operationName": document.name,
            },
            cost=cost,
            deadline=deadline,
            endpoint=document.name,
        )

    def _judge(self, response: Response) -> dict[str, Any] | Transient:
        """The data, or a fault worth another try. Raises the faults that are not."""
        refusal = _refusal(response.status)
        if refusal is not None:
            raise refusal
        answer = response.document
        if not isinstance(answer, dict):
            return OutcomeUnknown("Shopify answered with something that is not GraphQL.")
        self._observe(answer)
        errors = _errors(answer)
        codes = [_code(error) for error in errors]
        if "THROTTLED" in codes:
            return Transient("Shopify throttles this app.", retry_after=_seconds_to_afford(answer))
        if _DOUBTFUL_CODES.intersection(codes):
            return OutcomeUnknown("Shopify had an internal error.")
        data = answer.get("data")
        if [error for error in errors if not _can_be_missed(error)]:
            if "SHOP_INACTIVE" in codes:
                return Transient("The shop is not active.", retry_after=FROZEN_RETRY_SECONDS)
            words = "; ".join(str(error.get("message", "?"))[:200] for error in errors[:3])
            raise Refused(f"Shopify refused: {words}", codes)
        if not isinstance(data, dict):
            return OutcomeUnknown("Shopify answered without data.")
        return data

    def _observe(self, answer: Mapping[str, Any]) -> None:
        try:
            status = answer["extensions"]["cost"]["throttleStatus"]
            self._http.budget.observe(
                available=float(status["currentlyAvailable"]),
                maximum=float(status["maximumAvailable"]),
                restore_per_second=float(status["restoreRate"]),
            )
        except (KeyError, TypeError, ValueError):
            return

    def _pause(self, fault: Transient, deadline: float | None, doubtful: bool) -> None:
        """Wait before another try. Raises `fault` if it is not worth it."""
        seconds = ERROR_PAUSE_SECONDS if fault.retry_after is None else fault.retry_after
        late = deadline is not None and self._clock() + seconds >= deadline
        if late or seconds >= FROZEN_RETRY_SECONDS:
            raise _in_doubt(fault) if doubtful else fault
        self._sleep(seconds)


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Reading a document of Shopify's: a shape that nobody foresaw is Permanent, not a crash."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as err:
        raise Permanent(f"Shopify's answer to {what} has an unknown shape ({err!r}).") from err


def _in_doubt(fault: PlatformError) -> PlatformError:
    """`fault` where an earlier try of the same call may have had its effect.

    What Shopify says of the idempotency key is an answer to the call, whichever try it was.
    """
    if isinstance(fault, OutcomeUnknown) or (isinstance(fault, Refused) and fault.speaks_of_key):
        return fault
    return OutcomeUnknown(str(fault), retry_after=getattr(fault, "retry_after", None))


def _refusal(status: int) -> PlatformError | None:
    if 200 <= status < 300:
        return None
    if status in (402, 423):
        return Transient("The shop is frozen or locked.", retry_after=FROZEN_RETRY_SECONDS)
    if status == 430:
        return Transient("Shopify's flood guard turned the call away.", retry_after=60.0)
    return Permanent(f"Shopify answered with {status}.")


def _errors(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Shopify sends a list of objects, or in some refusals a bare string."""
    errors = answer.get("errors")
    if not errors:
        return []
    listed = errors if isinstance(errors, list) else [errors]
    return [error if isinstance(error, dict) else {"message": str(error)} for error in listed]


def _code(error: Mapping[str, Any]) -> str:
    extensions = error.get("extensions")
    return str(extensions.get("code", "")) if isinstance(extensions, dict) else ""


def _can_be_missed(error: Mapping[str, Any]) -> bool:
    path = error.get("path")
    fields = [part for part in path if isinstance(part, str)] if isinstance(path, list) else []
    return _code(error) == "ACCESS_DENIED" and bool(fields) and fields[-1] in _OPTIONAL_FIELDS


def _requested_cost(answer: Any) -> float:
    try:
        return float(answer["extensions"]["cost"]["requestedQueryCost"])
    except (KeyError, TypeError, ValueError):
        return 0.0


def _seconds_to_afford(answer: Any) -> float:
    """How long Shopify's bucket takes to hold what the throttled call asks for."""
    try:
        cost = answer["extensions"]["cost"]
        status = cost["throttleStatus"]
        missing = float(cost["requestedQueryCost"]) - float(status["currentlyAvailable"])
        return max(0.1, min(missing / float(status["restoreRate"]), 60.0))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return 1.0
