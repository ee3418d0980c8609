"""One webhook on its way out: signed as standard-webhooks has it, sent once, its answer bounded."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

import requests
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from app.errors import InvalidInput
from app.platforms.answers import retry_after
from app.platforms.errors import Permanent
from app.platforms.sessions import guard_public, new_session

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
ANSWER_BYTES = 1024
"""How much of an answer is kept; no more of it is read."""
URL_CHARACTERS = 2048
SECRET_PREFIX = "whsec_"  # noqa: S105  (what a secret begins with)
POOL_SIZE = 32
BUSY, GONE = (429, 503), 410


class Fault(StrEnum):
    """Why an attempt counts as failed."""

    NONE = ""
    STATUS = "status"
    """It was answered, but not with a 2xx."""
    GONE = "gone"
    """It was answered with a 410: the receiver wants no more, ever."""
    REDIRECT = "redirect"
    """Never followed: a redirect could lead anywhere."""
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    """No address, nobody listening, bad TLS, or it broke off."""
    SECRET = "secret"  # noqa: S105  (the name of a fault)
    """What it is signed with cannot be read: CREDENTIAL_KEYS lacks a key. Nothing was sent."""
    ADDRESS = "address"
    """The host has an address in a private network, or the URL is none that may be called."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. `answer` is text with the first bytes of the answer; `retry_after` the seconds
    that a busy receiver asks for."""

    fault: Fault
    status: int | None = None
    answer: str = ""
    duration_ms: int = 0
    retry_after: float | None = None


def new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def check_url(url: str, *, allow_private: bool) -> None:
    """Refuse what is no https address on the public internet; with `allow_private` http and private ones are
    fine. Raises InvalidInput."""
    if len(url) > URL_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInput(f"The address is printable ASCII of at most {URL_CHARACTERS} characters.")
    if not allow_private and not url.lower().startswith("https://"):
        raise InvalidInput("The address of a webhook starts with https://.")
    guard_public(url, allow_private=allow_private)


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, keyed by what the secret encodes."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def send(
    url: str, event_id: str, body: bytes, signed_by: Sequence[str], *, timestamp: int, allow_private: bool
) -> Outcome:
    """Send it once and tell what came of it. Nothing of a secret is in the outcome."""
    headers = {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(s, event_id, timestamp, body) for s in signed_by),
    }
    started = time.monotonic()
    outcome = _post(url, headers, body, allow_private=allow_private)
    return replace(outcome, duration_ms=round((time.monotonic() - started) * 1000))


def _post(url: str, headers: dict[str, str], body: bytes, *, allow_private: bool) -> Outcome:
    timeout = Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS)
    status: int | None = None
    try:
        if not allow_private and not url.lower().startswith("https://"):
            return Outcome(Fault.ADDRESS)
        with _session(allow_private).post(
            url,
            data=body,
            headers=headers,
            timeout=timeout,  # type: ignore[arg-type]  # requests takes urllib3's own object
            allow_redirects=False,
            stream=True,
        ) as answer:
            status = answer.status_code
            asked = answer.headers.get("Retry-After") if status in BUSY else None
            first = answer.raw.read(ANSWER_BYTES, decode_content=False)
    except (Permanent, InvalidInput, requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
        return Outcome(Fault.ADDRESS)
    except (requests.Timeout, TimeoutError):
        return Outcome(Fault.TIMEOUT, status)
    except (requests.RequestException, HTTPError, OSError):
        return Outcome(Fault.CONNECTION, status)
    shown = first.decode("utf-8", "replace").replace("\x00", "\ufffd")
    return Outcome(_verdict(status), status, shown, retry_after=retry_after(asked, datetime.now(UTC)))


def _verdict(status: int) -> Fault:
    if 300 <= status < 400:
        return Fault.REDIRECT
    if status == GONE:
        return Fault.GONE
    return Fault.NONE if 200 <= status < 300 else Fault.STATUS


_sessions: dict[tuple[int, bool], requests.Session] = {}
_sessions_lock = threading.Lock()


def _session(allow_private: bool) -> requests.Session:
    """This process's, shared by its threads."""
    key = (os.getpid(), allow_private)
    with _sessions_lock:
        if key not in _sessions:
            _sessions[key] = new_session(allow_private=allow_private, pool_size=POOL_SIZE)
        return _sessions[key]
