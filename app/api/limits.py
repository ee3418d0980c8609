"""How often somebody may try something. Counted in Redis, for all web processes together."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

import redis
import structlog
from flask import current_app, request

from app.api.errors import TooManyRequests

log = structlog.get_logger(__name__)

WINDOW_SECONDS = 60
PER_ADDRESS = 60
PER_USER = 10
"""Of one user from one address: else a stranger could lock a user out."""


def limit_sign_in(email: str, *, clock: Callable[[], float] = time.time) -> None:
    """Count an attempt. Raises TooManyRequests; without Redis nothing is counted."""
    now = clock()
    address = request.remote_addr or ""
    user = hashlib.sha256(f"{address} {email.strip().lower()}".encode()).hexdigest()
    window = int(now // WINDOW_SECONDS)
    client: redis.Redis = current_app.extensions["redis"]
    try:
        by_address = _count(client, f"address:{address}:{window}")
        by_user = _count(client, f"user:{user}:{window}")
    except redis.RedisError as err:
        log.warning("sign_ins_not_counted", error=type(err).__name__)
        return
    if by_address > PER_ADDRESS or by_user > PER_USER:
        raise TooManyRequests(retry_after=WINDOW_SECONDS - now % WINDOW_SECONDS)


def limit_to(most: int, what: str, *, clock: Callable[[], float] = time.time) -> None:
    """Count one use of `what`, of which there may be `most` a minute. Raises TooManyRequests; without Redis
    nothing is counted."""
    now = clock()
    client: redis.Redis = current_app.extensions["redis"]
    try:
        used = _count(client, f"{what}:{int(now // WINDOW_SECONDS)}")
    except redis.RedisError as err:
        log.warning("uses_not_counted", what=what, error=type(err).__name__)
        return
    if used > most:
        raise TooManyRequests(retry_after=WINDOW_SECONDS - now % WINDOW_SECONDS)


def _count(client: redis.Redis, key: str) -> int:
    pipeline = client.pipeline()
    pipeline.incr(f"syncflow:limit:{key}")
    pipeline.expire(f"syncflow:limit:{key}", 2 * WINDOW_SECONDS)
    return int(pipeline.execute()[0])
