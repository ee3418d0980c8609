"""HTTP to one WooCommerce shop: signing, paging, and what each answer means. Nothing of stock or orders.

REST v3 under `/wp-json/wc/v3`. What the answers mean, beyond `app.platforms.http`:

- 401: a key that may only read answers it to writes as well, so a read is tried: if it works, the
  call is Refused for ever, else AuthExpired.
- 403, 404, 413 and other 4xx: Refused, with the shop's own code and words.
- an error document inside HTTP 200 (some caches and plugins drop the status): by its `data.status`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from html import unescape
from typing import Any

from requests.auth import AuthBase

from app.platforms.errors import AuthExpired, Permanent, Transient
from app.platforms.http import Http, OutcomeUnknown, Response
from app.platforms.woocommerce.mapper import Doc, gmt, gmt_text
from app.platforms.woocommerce.signing import Keys, Signature

PAGE_SIZE = 100
"""The most that WooCommerce answers in one page, and takes in one batch (413 above)."""


ASSUMED_BURST = 100.0
ASSUMED_CALLS_PER_SECOND = 50.0
"""REST v3 has no limit of its own; a host that has one answers 429, which `Http` waits out."""


class Refused(Permanent):
    """The shop understood the call and says no. `refusal` is its own stable code."""

    def __init__(self, status: int, refusal: str, message: str) -> None:
        super().__init__(message or f"The shop answered with {status}.")
        self.status = status
        self.refusal = refusal


class Client:
    """One shop. `store_url` without a trailing slash; basic auth over https, signatures over http."""

    def __init__(self, http: Http, store_url: str, keys: Keys) -> None:
        http.budget.start_with(maximum=ASSUMED_BURST, restore_per_second=ASSUMED_CALLS_PER_SECOND)
        self._http = http
        self._store_url = store_url
        self._auth: AuthBase | tuple[str, str] = Signature(keys)
        if store_url.startswith("https://"):
            self._auth = (keys.consumer_key, keys.consumer_secret)

    def get(self, path: str, **params: str | int) -> Any:
        """The document of a read. Raises Transient, Refused, AuthExpired."""
        return self._read(path, params).document

    def rows(self, path: str, **params: str | int) -> Sequence[Doc]:
        """One page of a list, as asked for. Raises as `get`."""
        return _rows(self._read(path, params))

    def pages(self, path: str, **params: str | int) -> Iterator[Sequence[Doc]]:
        """All rows in the order of their ids, each once, a page at a time.

        Rows that vanish while we page move the later ones forward, past the page that comes next: where
        the total shrinks the page before is read again.
        """
        page, last_id, known_total = 1, 0, None
        while True:
            answer = self._read(path, {**params, "orderby": "id", "order": "asc", **_page(page)})
            rows = _rows(answer)
            total = _number(answer, "X-WP-Total")
            shrunk = known_total is not None and total is not None and total < known_total
            known_total = total
            if shrunk and page > 1:
                page -= 1
                continue
            if fresh := [row for row in rows if row["id"] > last_id]:
                last_id = fresh[-1]["id"]
                yield fresh
            pages = _number(answer, "X-WP-TotalPages")
            if page >= pages if pages is not None else len(rows) < PAGE_SIZE:
                return
            page += 1

    def changed(self, path: str, since: datetime, **params: str | int) -> Iterator[Sequence[Doc]]:
        """Rows modified at or after `since`, oldest change first; needs `id` and `date_modified_gmt`.

        A row that changes while we page moves to the end and the rest moves forward, so each page asks
        anew from the last second seen. `modified_after` is strictly greater, in whole seconds.
        """
        after, page = since - timedelta(seconds=1), 1
        seen: set[tuple[int, str]] = set()
        while True:
            query = {
                "modified_after": gmt_text(after),
                "dates_are_gmt": "true",
                "orderby": "modified",
                "order": "asc",
            }
            rows = _rows(self._read(path, {**params, **query, **_page(page)}))
            keys = {(row["id"], row["date_modified_gmt"]) for row in rows}
            if fresh := [row for row in rows if (row["id"], row["date_modified_gmt"]) not in seen]:
                yield fresh
            if len(rows) < PAGE_SIZE:
                return
            last = gmt(rows[-1]["date_modified_gmt"]) or after
            if last - timedelta(seconds=1) > after:
                after, page, seen = last - timedelta(seconds=1), 1, keys
            else:
                page, seen = page + 1, seen | keys

    def update_batch(self, path: str, updates: Sequence[Doc], deadline: float) -> Sequence[Doc]:
        """POST one batch, at most once. The answers hold `id`, and `error` or the thing as it is now.

        Raises OutcomeUnknown, Transient (nothing was written), Refused, AuthExpired. `_fields` has no
        use here: it does not reach the single items of a batch.
        """
        answer = self._write("POST", path, {"update": list(updates)}, deadline=deadline)
        document = answer.document
        if not isinstance(document, dict) or not isinstance(document.get("update"), list):
            raise OutcomeUnknown("The shop answered a batch with something else.")
        return [found for found in document["update"] if isinstance(found, dict)]

    def create(self, path: str, body: Doc, *, deadline: float | None = None, **params: str | int) -> Any:
        return self._write("POST", path, body, params=params, deadline=deadline).document

    def update(self, path: str, body: Doc, *, deadline: float) -> Any:
        """PUT one thing, at most once; the thing as it is now. Raises as `update_batch`."""
        return self._write("PUT", path, body, deadline=deadline).document

    def delete(self, path: str) -> None:
        """Delete for good; gone already is as good. Raises Refused, Transient, AuthExpired."""
        try:
            self._write("DELETE", path, None, params={"force": "true"})
        except Refused as err:
            if err.status not in (404, 410):
                raise

    def probe(self, deadline: float | None = None) -> None:
        """The cheapest authenticated read. Raises AuthExpired for dead keys."""
        cheapest: Mapping[str, str | int] = {"per_page": 1, "_fields": "id"}
        answer = self._send("GET", "products", cheapest, safe=True, deadline=deadline)
        if answer.status == 401:
            raise AuthExpired(_words(answer.document)[1] or "The shop does not know our keys any more.")
        _raise_refusal(answer)

    def currency(self) -> str:
        """ISO code of the shop's currency."""
        found = self.get("settings/general/woocommerce_currency", _fields="id,value")
        if not isinstance(found, dict) or not isinstance(found.get("value"), str):
            raise Permanent("The shop does not tell its currency.")
        return str(found["value"])

    def shop_name(self) -> str | None:
        """The site's title, which everybody may read; None where the site hides it."""
        answer = self._http.request(
            "GET",
            f"{self._store_url}/wp-json/",
            params={"_fields": "name"},
            safe=True,
            endpoint="index",
            expect_json=False,
        )
        name = answer.document.get("name") if isinstance(answer.document, dict) else None
        return unescape(name).strip() or None if isinstance(name, str) else None

    def check_write_permission(self) -> None:
        """Send an empty batch, which changes nothing. Raises Refused where the key may not write."""
        answer = self._send("POST", "products/batch", None, safe=True, json={"update": []})
        self._raise_fault(answer, write=True)

    def _read(self, path: str, params: Mapping[str, str | int]) -> Response:
        answer = self._send("GET", path, params, safe=True)
        self._raise_fault(answer, write=False)
        return answer

    def _write(
        self,
        method: str,
        path: str,
        body: Doc | None,
        *,
        params: Mapping[str, str | int] | None = None,
        deadline: float | None = None,
    ) -> Response:
        answer = self._send(method, path, params, safe=False, json=body, deadline=deadline)
        self._raise_fault(answer, write=True, deadline=deadline)
        return answer

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None,
        *,
        safe: bool,
        json: Doc | None = None,
        deadline: float | None = None,
    ) -> Response:
        return self._http.request(
            method,
            f"{self._store_url}/wp-json/wc/v3/{path}",
            params=params,
            json=json,
            auth=self._auth,
            safe=safe,
            deadline=deadline,
            endpoint="/".join("<id>" if part.isdigit() else part for part in path.split("/")),
        )

    def _raise_fault(self, answer: Response, *, write: bool, deadline: float | None = None) -> None:
        status = _status(answer)
        if status == 401:
            self._probe_after_refusal(deadline)
            message = "The shop's key is read-only." if write else _words(answer.document)[1]
            raise Refused(401, "read_only" if write else _words(answer.document)[0], message)
        if status == 429 or status >= 500:
            raise OutcomeUnknown(_words(answer.document)[1])
        _raise_refusal(answer)

    def _probe_after_refusal(self, deadline: float | None) -> None:
        """A probe of unknown outcome must not put the refused call in doubt."""
        try:
            self.probe(deadline)
        except OutcomeUnknown as err:
            raise Transient(str(err), retry_after=err.retry_after) from err


def _status(answer: Response) -> int:
    """The HTTP status, or that of an error document inside a 200."""
    document = answer.document
    if answer.ok and isinstance(document, dict) and {"code", "message", "data"} <= document.keys():
        data = document["data"]
        inner = data.get("status") if isinstance(data, dict) else None
        return inner if isinstance(inner, int) and inner >= 400 else 400
    return answer.status


def _raise_refusal(answer: Response) -> None:
    status = _status(answer)
    if status >= 400:
        code, message = _words(answer.document)
        raise Refused(status, code or f"http_{status}", message)


def _words(document: Any) -> tuple[str, str]:
    """Code and message of an error document; messages hold HTML entities."""
    if not isinstance(document, dict):
        return "", ""
    return str(document.get("code") or "")[:100], unescape(str(document.get("message") or ""))[:500]


def error_words(error: Any) -> tuple[str, str]:
    """Code and message of one item's error inside a batch."""
    code, message = _words(error)
    return code or "error", message


def _page(page: int) -> Mapping[str, int]:
    return {"per_page": PAGE_SIZE, "page": page}


def _rows(answer: Response) -> Sequence[Doc]:
    rows = answer.document
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "id" in row for row in rows):
        raise OutcomeUnknown("The shop answered a list with something else.")
    return rows


def _number(answer: Response, header: str) -> int | None:
    value = answer.headers.get(header, "")
    return int(value) if value.isdigit() else None
