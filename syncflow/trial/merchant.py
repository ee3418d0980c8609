"""A merchant with a browser: signs in, connects shops, approves first syncs. Only by HTTP."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from syncflow.trial.facts import Bundles

ANSWER_SECONDS = 60.0
IMPORT_SECONDS = 600.0
POLL_SECONDS = 0.2
COMES_BACK = Retry(
    total=None, connect=60, read=0, redirect=0, status=0, other=0, backoff_factor=1, backoff_max=1
)
"""A web process that was killed listens again soon; what it refused to take never reached it."""
CONFLICT = 409
NOT_SIGNED_IN = 401
SIGN_IN = "auth/login"


class MerchantStuck(Exception):
    """The product or a shop did not let the merchant do what a merchant must be able to do."""


class Merchant:
    """Signed in to the product at `url`. Raises MerchantStuck from every method."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount(url, HTTPAdapter(max_retries=COMES_BACK))
        self._credentials = {"email": email, "password": password}
        self._sign_in()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """A call of the product's REST API; the answer's JSON."""
        answer = self._send(method, path, body)
        if answer.status_code == NOT_SIGNED_IN and path != SIGN_IN:  # access tokens do not last a trial
            self._sign_in()
            answer = self._send(method, path, body)
        if not answer.ok:
            raise MerchantStuck(f"{method} /api/v1/{path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def _sign_in(self) -> None:
        token = self.ask("POST", SIGN_IN, self._credentials)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _send(self, method: str, path: str, body: object) -> requests.Response:
        try:
            return self._session.request(
                method, f"{self._url}/api/v1/{path}", json=body, timeout=ANSWER_SECONDS
            )
        except requests.RequestException as err:
            raise MerchantStuck(f"SyncFlow does not answer: {err}") from err

    def connect(self, platform: str, config: Mapping[str, object]) -> int:
        """Connect a shop, by its consent page where it has one; the connection's id."""
        started = self.ask("POST", "connections", {"platform": platform, "config": config})
        if started["authorize_url"]:
            _consent(started["authorize_url"])
        connection_id: int = started["connection"]["id"]
        return connection_id

    def wait_for_state(self, connection_id: int, *states: str) -> str:
        """Wait until a connection is in one of the states, and say in which."""
        deadline = time.monotonic() + IMPORT_SECONDS
        while time.monotonic() < deadline:
            connection = self.ask("GET", f"connections/{connection_id}")
            if connection["state"] in states:
                return str(connection["state"])
            if connection["state"] in ("needs_auth", "disconnected"):
                break
            time.sleep(POLL_SECONDS)
        raise MerchantStuck(
            f"The {connection['platform']} shop is {connection['state']!r}, not {' or '.join(states)}: "
            f"{connection['reason'] or connection['last_error'] or 'no reason given'}"
        )

    def approve_first_sync(self, connection_id: int) -> int:
        """Look at what the first sync would change, and say yes; how many numbers that was."""
        changes = len(self.ask("GET", f"connections/{connection_id}/first-sync?limit=250")["items"])
        self.ask("POST", f"connections/{connection_id}/first-sync")
        return changes

    def keep_stock_at(self, places: Sequence[str]) -> dict[int, str]:
        """Have a location for each of the shop's, `places`, beside the one that there is; which is which of
        them, by our id."""
        [main] = self.ask("GET", "locations")["items"]
        further = [self.ask("POST", "locations", {"name": f"Like {place}"})["id"] for place in places[1:]]
        return dict(zip([main["id"], *further], places, strict=True))

    def map_locations(self, connection_id: int, places: Mapping[int, str]) -> None:
        """Say which of the shop's locations is which of ours, and wait until the shop was read again."""
        rows = [{"external_location_id": shops, "location_id": ours} for ours, shops in places.items()]
        self.ask("PUT", f"connections/{connection_id}/locations", {"locations": rows})
        self.wait_for_state(connection_id, "review", "active")

    def define_bundles(self, bundles: Bundles) -> None:
        """Say what each is made of."""
        variants = self._variants()
        for bundle, components in bundles.items():
            parts = [{"variant_id": variants[sku], "quantity": units} for sku, units in components.items()]
            self.ask("PUT", f"bundles/{variants[bundle]}", {"components": parts})

    def _variants(self) -> dict[str, int]:
        """By SKU."""
        found: dict[str, int] = {}
        cursor = ""
        while True:
            page = self.ask("GET", f"stock?limit=250{cursor}")
            found |= {row["sku"]: row["variant_id"] for row in page["items"] if row["sku"]}
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    def choose_policy(self, connection_id: int, policy: str) -> None:
        """What it shall mean when somebody changes a number at the shop."""
        self.ask("PATCH", f"connections/{connection_id}", {"drift_policy": policy})

    def decide_reviews(self) -> int:
        """Take over every change that waits for a person; how many that were."""
        decided = 0
        for review in self.ask("GET", "reviews?limit=250")["items"]:
            decision = {"choice": "add", "quantity": review["quantity"]}
            answer = self._send("POST", f"reviews/{review['id']}/decision", decision)
            if answer.status_code == CONFLICT:
                continue  # the number has changed since: it is looked at again
            decided += 1
        return decided

    def is_quiet(self) -> bool:
        return bool(self.ask("GET", "status")["quiet"])

    def wait_until_quiet(self, seconds: float) -> bool:
        """Wait until nothing is left to do; says whether that came about."""
        deadline = time.monotonic() + seconds
        while not self.is_quiet():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True


def _consent(authorize_url: str) -> None:
    """Open a shop's consent page, and press the button that agrees there and on each page it leads to."""
    with requests.Session() as browser:
        browser.trust_env = False
        try:
            page = browser.get(authorize_url, timeout=ANSWER_SECONDS)
            while page.ok and "<form" in page.text:
                form = _Form(page.text)
                page = browser.request(
                    form.method, urljoin(page.url, form.action), data=form.fields, timeout=ANSWER_SECONDS
                )
        except requests.RequestException as err:
            raise MerchantStuck(f"The consent page led nowhere: {err}") from err
    if not page.ok:
        raise MerchantStuck(f"Connecting ended at {page.url}: {page.status_code} {page.text[:500]}")


class _Form(HTMLParser):
    """The first form of a page with its fields and its first named button. Raises MerchantStuck."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.method = "GET"
        self.fields: dict[str, str] = {}
        self._state = "before"
        self._pressed = False
        self.feed(page)
        if self._state == "before":
            raise MerchantStuck(f"The consent page has no form: {page[:300]}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and self._state == "before":
            self._state = "inside"
            self.action, self.method = found.get("action", ""), found.get("method", "get").upper()
        elif self._state == "inside" and "name" in found:
            if tag == "input" and found.get("type") != "submit":
                self.fields[found["name"]] = found.get("value", "")
            elif tag in ("button", "input") and not self._pressed:
                self._pressed = True
                self.fields[found["name"]] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._state == "inside":
            self._state = "after"
