"""Receive a webhook durably: check the signature of the raw bytes, store one row, wake a worker.

The hot path. It uses no ORM and no session: rows go through the event writer and a pool of its own, and
what is needed of a connection is remembered for half a minute.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

import structlog
from flask import current_app
from psycopg import Connection as Psycopg
from psycopg_pool import ConnectionPool
from structlog.contextvars import bind_contextvars

from app import tracing
from app.errors import NotFound, SyncFlowError
from app.plans import look_up_by_key
from app.platforms.base import Envelope, Lane, Platform
from app.platforms.registry import platform as platform_by_slug
from app.services.credentials import Vault
from app.services.event_writer import EventRow, EventWriter
from app.services.shops import require_settings
from app.settings import Settings

log = structlog.get_logger(__name__)

REMEMBER_SECONDS = 30.0
"""How long a process may go on taking webhooks of a shop that was disconnected elsewhere."""
MOST_REMEMBERED = 10_000
POOL_SIZE = 4
POOL_PATIENCE_SECONDS = 5.0
LONGEST_KEY = 300
UNKEPT_WORDS = ("signature", "hmac", "forwarded", "real-ip", "request-id")
"""Headers with these in their names serve no parser."""


class InvalidSignature(SyncFlowError):
    """The webhook is not signed by the shop it names."""

    code = "invalid_signature"


class Receipt(Enum):
    """What became of a webhook."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    """An unprocessed or recent row says the same."""
    HANDSHAKE = "handshake"
    """A ping, answered and not stored."""
    UNKNOWN_SHOP = "unknown_shop"
    """Signed for the app, and of a shop that was never connected: nothing to do."""


@dataclass(frozen=True, slots=True)
class _Target:
    """What a webhook's URL stands for."""

    connection_id: int
    account_id: int
    platform: Platform
    secret: str


class Intake:
    """One per process; opens its pool with the first webhook, so that it never crosses a fork."""

    def __init__(
        self,
        settings: Settings,
        wake: Callable[[Collection[tuple[int, Lane]]], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`wake` has workers look at the connections' new events in these lanes; it must not block."""
        self._settings = settings
        self._writer = EventWriter(self._open_pool, wake)
        self._vault = Vault(settings.credential_keys)
        self._clock = clock
        self._lock = threading.Lock()
        self._pool: ConnectionPool[Psycopg[Any]] | None = None
        self._targets: dict[tuple[str, str], tuple[float, _Target]] = {}

    def receive(self, slug: str, public_id: str, headers: Mapping[str, str], raw: bytes) -> Receipt:
        """Store a webhook of one connection. `headers` have lower-case names.

        Raises NotFound for a connection that is not (or no longer) connected, InvalidSignature,
        Conflict where the platform is not set up, CredentialsUnreadable, and NotStored or
        psycopg's errors if the row cannot be stored: the platform tries again, or a poll finds it.
        """
        target = self._target(slug, public_id)
        bind_contextvars(account_id=target.account_id, connection_id=target.connection_id)
        if target.platform.handshake(headers, raw):
            return Receipt.HANDSHAKE
        if not target.secret or not target.platform.verify(headers, raw, target.secret):
            raise InvalidSignature()
        envelope = target.platform.envelope(headers, raw)
        stored = self._store(target.account_id, target.connection_id, envelope, headers, raw)
        return Receipt.STORED if stored else Receipt.DUPLICATE

    def receive_for_app(self, slug: str, headers: Mapping[str, str], raw: bytes) -> Receipt:
        """Store a webhook that the platform sends to the app: its headers name the shop.

        It goes to every connection that ever was to this shop, since a shop may be erased after it was
        disconnected. Raises NotFound where the platform has none such, and what `receive` raises.
        """
        platform = platform_by_slug(slug)
        shop = platform.shop_of_webhook(headers)
        secret = self._secret(platform, "")
        if shop is None and not secret:
            raise NotFound(f"{platform.name} sends webhooks to connections only.")
        if not secret or not platform.verify(headers, raw, secret):
            raise InvalidSignature()
        rows = self._run(_CONNECTIONS_OF_SHOP, (slug, shop))
        if not rows:
            return Receipt.UNKNOWN_SHOP
        envelope = platform.envelope(headers, raw)
        stored = [
            self._store(account_id, connection_id, envelope, headers, raw)
            for connection_id, account_id in rows
        ]
        return Receipt.STORED if any(stored) else Receipt.DUPLICATE

    def forget(self) -> None:
        """Look every connection up anew."""
        self._targets.clear()

    def close(self) -> None:
        """Give the connections back; another webhook opens them again."""
        with self._lock:
            if self._pool is not None:
                self._pool.close()
                self._pool = None

    def _target(self, slug: str, public_id: str) -> _Target:
        key = (slug, public_id)
        known = self._targets.get(key)
        if known is not None and known[0] > self._clock():
            return known[1]
        target = self._find(slug, public_id)
        if len(self._targets) >= MOST_REMEMBERED:
            self.forget()
        self._targets[key] = (self._clock() + REMEMBER_SECONDS, target)
        return target

    def _find(self, slug: str, public_id: str) -> _Target:
        platform = platform_by_slug(slug)
        try:
            rows = self._run(_CONNECTION, (slug, uuid.UUID(public_id)))
        except ValueError:
            rows = []
        if not rows:
            raise NotFound("There is no such webhook address.")
        connection_id, account_id, sealed = rows[0]
        secret = self._secret(platform, self._vault.open_text(bytes(sealed)))
        return _Target(connection_id, account_id, platform, secret)

    def _secret(self, platform: Platform, own_secret: str) -> str:
        require_settings(platform, self._settings)
        return platform.webhook_secret(self._settings.platform(platform.slug), own_secret)

    def _store(
        self,
        account_id: int,
        connection_id: int,
        envelope: Envelope,
        headers: Mapping[str, str],
        raw: bytes,
    ) -> bool:
        kept = {name: value for name, value in headers.items() if _is_kept(name)}
        if traced := tracing.current():
            kept[tracing.HEADER] = traced
        return self._writer.write(
            EventRow(
                account_id=account_id,
                connection_id=connection_id,
                topic=envelope.topic,
                lane=envelope.lane,
                dedupe_key=_short(envelope.dedupe_key),
                event_id_is_unique=envelope.event_id_is_unique,
                headers=json.dumps(kept),
                body=raw,
            )
        )

    def _run(self, query: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._open_pool().connection() as connection:
            return connection.execute(query, parameters, prepare=True, binary=True).fetchall()

    def _open_pool(self) -> ConnectionPool[Psycopg[Any]]:
        if self._pool is None:
            with self._lock:
                if self._pool is None:
                    self._pool = ConnectionPool(
                        self._settings.database_url,
                        kwargs={"autocommit": True},
                        configure=look_up_by_key,
                        min_size=1,
                        max_size=POOL_SIZE,
                        timeout=POOL_PATIENCE_SECONDS,
                        name="intake",
                        open=True,
                    )
        return self._pool


def intake() -> Intake:
    """This process's intake."""
    found: Intake = current_app.extensions["intake"]
    return found


@lru_cache(maxsize=256)
def _is_kept(name: str) -> bool:
    return name.startswith(("x-", "webhook-")) and not any(word in name for word in UNKEPT_WORDS)


def _short(key: str) -> str:
    """An index takes no more than 2,700 bytes, and a header may hold more."""
    return key if len(key) <= LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()


_CONNECTION = """
    SELECT id, account_id, webhook_secret FROM connections
    WHERE platform = %s AND public_id = %s
      AND state NOT IN ('connecting', 'disconnected') AND webhook_secret IS NOT NULL
"""
_CONNECTIONS_OF_SHOP = """
    SELECT id, account_id FROM connections
    WHERE platform = %s AND external_shop_id = %s AND state <> 'connecting' ORDER BY id
"""
