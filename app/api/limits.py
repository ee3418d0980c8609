"""How often somebody may try something. Counted in Redis, for all web processes together; without Redis
nothing is counted."""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis
import structlog
from flask import current_app, request

from app.api.errors import TooManyRequests
from app.services.auth import normal

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` times in each `seconds`; `name` is the counter's."""

    name: str
    most: int
    seconds: int


SIGN_INS_OF_ADDRESS = Limit("sign_in:address", 60, 60)
SIGN_INS_OF_USER = Limit("sign_in:user", 10, 900)
"""Failed ones of one user from one address."""
SIGN_INS_TO_USER = Limit("sign_in:to", 100, 3600)
"""Of one user from all addresses together, since many are cheap to have. Those where the user has signed in
do not count, and are let in: else a stranger could lock a user out."""
KNOWN_SECONDS = 90 * 24 * 3600
"""How long an address is one where a user has signed in."""
MAILS_BY_ADDRESS = Limit("mail:by", 30, 3600)
MAILS_TO = Limit("mail:to", 5, 3600)
"""Whoever asks: nobody is to be pestered."""
TOKENS_OF_ADDRESS = Limit("token:address", 60, 60)
"""One-time and refresh tokens, which are too long to guess: this spares the database."""
OWN_SECRETS = Limit("own_secret", 10, 900)
"""A signed-in user's password and codes: whoever got hold of an access token is not to find them out."""
CALLS_OF_KEY = Limit("key", 1200, 60)
CALLS_OF_VISIT = Limit("visit", 300, 60)
CONNECTING = Limit("connecting", 20, 60)
"""Of an account: each calls a host that the merchant names, and holds a web thread until it is done."""

Clock = Callable[[], float]


def limit_sign_in(email: str, *, clock: Clock = time.time) -> None:
    """Count an attempt. Raises TooManyRequests."""
    whose = {SIGN_INS_OF_ADDRESS: _network(), SIGN_INS_OF_USER: _user_here(email)}
    if not _is_known_here(email):
        whose[SIGN_INS_TO_USER] = normal(email)
    _count(whose, clock)


def forgive_sign_ins(email: str, *, clock: Clock = time.time) -> None:
    """Forget the failed attempts of a user who signed in, and know them here from now on."""
    pipeline = _redis().pipeline()
    pipeline.delete(_key(SIGN_INS_OF_USER, _user_here(email), clock()))
    pipeline.set(_known_key(email), "", ex=KNOWN_SECONDS)
    try:
        pipeline.execute()
    except redis.RedisError as err:
        log.warning("attempts_not_forgotten", error=type(err).__name__)


def limit_staff_sign_in(email: str) -> None:
    """`limit_sign_in` of a staff member, counted apart from a user of the same address."""
    limit_sign_in(_staff(email))


def forgive_staff_sign_ins(email: str) -> None:
    """`forgive_sign_ins` of a staff member."""
    forgive_sign_ins(_staff(email))


def limit_staff_secrets(staff_id: int) -> None:
    """Count a password that a staff member enters who is signed in. Raises TooManyRequests."""
    _count({OWN_SECRETS: _staff(str(staff_id))}, time.time)


def limit_mails(email: str, *, clock: Clock = time.time) -> None:
    """Count a mail that somebody asks for, whether or not the address is known. Raises TooManyRequests."""
    _count({MAILS_BY_ADDRESS: _network(), MAILS_TO: normal(email)}, clock)


def limit_tokens(*, clock: Clock = time.time) -> None:
    """Count a token that somebody comes with. Raises TooManyRequests."""
    _count({TOKENS_OF_ADDRESS: _network()}, clock)


def limit_own_secrets(user_id: int, *, clock: Clock = time.time) -> None:
    """Count a password or code that a signed-in user enters. Raises TooManyRequests."""
    _count({OWN_SECRETS: str(user_id)}, clock)


def limit_to(most: int, what: str, *, clock: Clock = time.time) -> None:
    """Count one use of `what`, of which there may be `most` a minute. Raises TooManyRequests."""
    _count({Limit("use", most, 60): what}, clock)


def limit_connecting(account_id: int, *, clock: Clock = time.time) -> None:
    """Count a shop that is to be connected. Raises TooManyRequests."""
    _count({CONNECTING: str(account_id)}, clock)


def limit_key(key_id: int, *, clock: Clock = time.time) -> None:
    """Count a call of an API key. Raises TooManyRequests."""
    _count({CALLS_OF_KEY: str(key_id)}, clock)


def limit_visit(visit_id: int, *, clock: Clock = time.time) -> None:
    """Count a call of a staff member who visits an account. Raises TooManyRequests."""
    _count({CALLS_OF_VISIT: str(visit_id)}, clock)


def _count(whose: dict[Limit, str], clock: Clock) -> None:
    now = clock()
    pipeline = _redis().pipeline()
    for limit, key in whose.items():
        name = _key(limit, key, now)
        pipeline.incr(name)
        pipeline.expire(name, 2 * limit.seconds)
    try:
        counts = pipeline.execute()[::2]
    except redis.RedisError as err:
        log.warning("attempts_not_counted", error=type(err).__name__)
        return
    over = [limit for limit, count in zip(whose, counts, strict=True) if count > limit.most]
    if over:
        raise TooManyRequests(retry_after=max(limit.seconds - now % limit.seconds for limit in over))


def _staff(email: str) -> str:
    return f"staff {normal(email)}"


def _is_known_here(email: str) -> bool:
    try:
        return bool(_redis().exists(_known_key(email)))
    except redis.RedisError:  # nothing is counted either
        return True


def _key(limit: Limit, key: str, now: float) -> str:
    return f"syncflow:limit:{limit.name}:{_hashed(key)}:{int(now // limit.seconds)}"


def _known_key(email: str) -> str:
    return f"syncflow:signed_in:{_hashed(_user_here(email))}"


def _hashed(key: str) -> str:
    """Addresses of people are not left lying in Redis."""
    return hashlib.sha256(key.encode()).hexdigest()


def _user_here(email: str) -> str:
    return f"{_network()} {normal(email)}"


def _network() -> str:
    """The caller's address; of IPv6 the /64, which is one customer's."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return ""
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _redis() -> redis.Redis:
    client: redis.Redis = current_app.extensions["redis"]
    return client
