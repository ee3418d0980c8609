"""The header Idempotency-Key on calls that change something: sent again, they are answered as before.

Not on those of `/auth/` and of WITH_SECRETS: their bodies hold passwords or their answers secrets that are
shown once, and of either nothing may be kept, not even a hash that is quickly made.
"""

from __future__ import annotations

import hashlib

from flask import Flask, Response, g, request

from app.api.policy import MOST_BYTES, WITH_SECRETS
from app.api.tokens import AUTH_PATH
from app.errors import InvalidInput
from app.services import idempotency
from app.services.idempotency import Answer, Call

HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"
LONGEST_KEY = 255
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
KEPT_HEADERS = ("Content-Type", "ETag", "Location")
TRY_AGAIN = (401, 403, 408, 412, 429)
"""Answers that say nothing of what the call would do."""


def replay_calls(app: Flask) -> None:
    """To be bound after the policy: a key belongs to who calls."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> Response | None:
    key = request.headers.get(HEADER)
    if key is None or request.method not in UNSAFE or "principal" not in g:
        return None
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise InvalidInput(f"An {HEADER} has 1 to {LONGEST_KEY} printable ASCII characters.")
    if request.path.startswith(AUTH_PATH) or request.endpoint in WITH_SECRETS:
        return None
    # A file is not hashed: it would have to be in memory whole, whatever type it says to be of.
    if request.endpoint in MOST_BYTES or not (request.is_json or not request.content_length):
        raise InvalidInput(f"An {HEADER} is taken with JSON only.")
    call = Call(g.principal.account_id, g.principal.actor, key, _hash())
    if (before := idempotency.take_up(call)) is None:
        g.idempotent_call = call
        return None
    answer = Response(before.body, before.status, headers=dict(before.headers))
    answer.headers[REPLAYED] = "true"
    return answer


def _end(response: Response) -> Response:
    call: Call | None = g.pop("idempotent_call", None)
    if call is None:
        return response
    answer = None
    if response.status_code < 500 and response.status_code not in TRY_AGAIN and not response.is_streamed:
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        answer = Answer(response.status_code, response.get_data(as_text=True), headers)
    idempotency.put_down(call, answer)
    return response


def _hash() -> bytes:
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    digest.update(request.get_data(cache=True))
    return digest.digest()
