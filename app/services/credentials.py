"""Credentials at rest: one encrypted document per connection, and one renewal of it at a time.

No lock is held over HTTP. A renewal takes a lease on the row (`token_lease_until`), calls the platform
outside any transaction, and stores its result only over the `token_version` it started from, before
anybody uses it. Whoever finds the lease taken waits for the winner's result.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import structlog
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app
from sqlalchemy import text

from app.errors import NotFound, SyncFlowError
from app.platforms.errors import AuthExpired, Transient
from app.services.uow import unit_of_work

log = structlog.get_logger(__name__)

LEASE_SECONDS = 60
"""Longer than any platform's token call may take."""
WAIT_SECONDS = 25.0
"""How long the losers of the lease wait for the winner."""
POLL_SECONDS = 0.1
ROTATION_BATCH = 200

Renew = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class CredentialsUnreadable(SyncFlowError):
    """Stored credentials were encrypted with a key that CREDENTIAL_KEYS no longer holds."""

    code = "credentials_unreadable"


class Vault:
    """Seals JSON documents. The first key seals, all of them open."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, document: Mapping[str, Any]) -> bytes:
        return self._fernet.encrypt(json.dumps(dict(document), separators=(",", ":")).encode())

    def open(self, sealed: bytes) -> dict[str, Any]:
        """Raises CredentialsUnreadable."""
        try:
            document: dict[str, Any] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as err:
            raise CredentialsUnreadable() from err
        return document

    def seal_text(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def open_text(self, sealed: bytes) -> str:
        """Raises CredentialsUnreadable."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as err:
            raise CredentialsUnreadable() from err

    def opens(self, sealed: bytes) -> bool:
        """Whether one of the keys does."""
        try:
            self._fernet.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: bytes) -> bytes:
        """The same secret under the first key. Raises CredentialsUnreadable."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken as err:
            raise CredentialsUnreadable() from err


@lru_cache(maxsize=8)
def _vault_of(keys: tuple[str, ...]) -> Vault:
    return Vault(keys)


def vault() -> Vault:
    """The vault of this installation's CREDENTIAL_KEYS."""
    return _vault_of(current_app.extensions["settings"].credential_keys)


@dataclass(frozen=True, slots=True)
class _Stored:
    document: Mapping[str, Any]
    version: int


class ConnectionCredentials:
    """The `CredentialStore` of one connection; remembers what it read last. One per opened shop."""

    def __init__(self, connection_id: int, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._connection_id = connection_id
        self._sleep = sleep
        self._known: Mapping[str, Any] | None = None

    def current(self) -> Mapping[str, Any]:
        """Raises AuthExpired where there are none, NotFound, CredentialsUnreadable."""
        if self._known is None:
            self._known = self._read().document
        return self._known

    def refresh(self, stale: Mapping[str, Any], renew: Renew) -> Mapping[str, Any]:
        """Newer credentials than `stale`: another process's, or those `renew(current)` returns.

        They are stored before they are returned. Raises what `renew` raises, AuthExpired where there
        are none, Transient if another process holds the lease for too long.
        """
        patience = WAIT_SECONDS
        while True:
            stored, leased_until = self._newer_or_lease(stale)
            if leased_until is not None:
                return self._renew(stored, leased_until, renew)
            if stored.document != stale:
                self._known = stored.document
                return stored.document
            if patience <= 0:
                raise Transient("Another process is still renewing these credentials.", retry_after=5)
            self._sleep(POLL_SECONDS)
            patience -= POLL_SECONDS

    def _read(self) -> _Stored:
        with unit_of_work() as uow:
            row = uow.session.execute(_READ, {"id": self._connection_id}).one_or_none()
        return self._opened(row)

    def _opened(self, row: Any) -> _Stored:
        if row is None:
            raise NotFound(f"There is no connection {self._connection_id}.")
        if row.credentials is None or row.state == "disconnected":
            raise AuthExpired("This shop is not connected.")
        return _Stored(vault().open(bytes(row.credentials)), row.token_version)

    def _newer_or_lease(self, stale: Mapping[str, Any]) -> tuple[_Stored, datetime | None]:
        """What is stored, and the end of our lease if it is still `stale` and nobody else renews it."""
        with unit_of_work() as uow:
            stored = self._opened(
                uow.session.execute(_READ_LOCKED, {"id": self._connection_id}).one_or_none()
            )
            if stored.document != stale:
                return stored, None
            leased_until = uow.session.execute(
                _TAKE_LEASE, {"id": self._connection_id, "seconds": LEASE_SECONDS}
            ).scalar_one_or_none()
            uow.commit()
        return stored, leased_until

    def _renew(self, stored: _Stored, leased_until: datetime, renew: Renew) -> Mapping[str, Any]:
        try:
            sealed = vault().seal(renew(stored.document))
        except BaseException:
            with unit_of_work() as uow:
                uow.session.execute(_DROP_LEASE, {"id": self._connection_id, "until": leased_until})
                uow.commit()
            raise
        with unit_of_work() as uow:
            kept = uow.session.execute(
                _STORE,
                {"id": self._connection_id, "version": stored.version, "credentials": sealed},
            ).one_or_none()
            uow.commit()
        if kept is None:  # The lease ran out during the call and another process stored its own.
            self._known = self._read().document
        else:
            log.info("credentials_renewed", connection_id=self._connection_id)
            self._known = vault().open(sealed)
        return self._known


def rotate_keys() -> int:
    """Seal every stored secret anew under the first key; returns how many rows it touched.

    Safe to repeat and to run beside everything else. Raises CredentialsUnreadable.
    """
    return sum(_reseal(table, columns) for table, columns in _SEALED.items())


def unreadable() -> dict[str, int]:
    """How many rows of which table hold something that none of the keys opens."""
    counted = {table: _unreadable(table, columns) for table, columns in (_SEALED | _FACTORS).items()}
    return {table: rows for table, rows in counted.items() if rows}


def _unreadable(table: str, columns: Sequence[str]) -> int:
    secrets = text(_SEALED_ROWS.format(table=table, names=", ".join(columns)))
    last_id, found = 0, 0
    while True:
        with unit_of_work() as uow:
            rows = uow.session.execute(secrets, {"after": last_id, "limit": ROTATION_BATCH}).mappings().all()
        if not rows:
            return found
        sealed = [[bytes(row[name]) for name in columns if row[name]] for row in rows]
        found += sum(not all(map(vault().opens, values)) for values in sealed)
        last_id = rows[-1]["id"]


def _reseal(table: str, columns: Sequence[str]) -> int:
    names = ", ".join(columns)
    secrets = text(_SECRETS.format(table=table, names=names, some=f"coalesce({names})"))
    reseal = text(_RESEAL.format(table=table, values=", ".join(f"{name} = :{name}" for name in columns)))
    last_id, touched = 0, 0
    while True:
        with unit_of_work() as uow:
            rows = uow.session.execute(secrets, {"after": last_id, "limit": ROTATION_BATCH}).mappings().all()
            for row in rows:
                sealed = {name: row[name] and vault().reseal(bytes(row[name])) for name in columns}
                uow.session.execute(reseal, {"id": row["id"], **sealed})
            uow.commit()
        if not rows:
            return touched
        last_id, touched = rows[-1]["id"], touched + len(rows)


def ends_at(document: Mapping[str, Any]) -> datetime | None:
    """Until when stored credentials work, where the platform says so: of a token that can be renewed, until
    when it can be."""
    return _moment(document.get("refresh_expires_at" if document.get("refresh_token") else "expires_at"))


def renewal_due(document: Mapping[str, Any]) -> datetime | None:
    """By when stored credentials have to be renewed; None for those that are not."""
    return _moment(document.get("expires_at")) if document.get("refresh_token") else None


def _moment(told: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


_COLUMNS = "SELECT state, credentials, token_version FROM connections WHERE id = :id"
_READ = text(_COLUMNS)
_READ_LOCKED = text(f"{_COLUMNS} FOR NO KEY UPDATE")
_TAKE_LEASE = text(
    """
    UPDATE connections SET token_lease_until = now() + make_interval(secs => :seconds)
    WHERE id = :id AND (token_lease_until IS NULL OR token_lease_until <= now())
    RETURNING token_lease_until
    """
)
_DROP_LEASE = text(
    "UPDATE connections SET token_lease_until = NULL WHERE id = :id AND token_lease_until = :until"
)
_STORE = text(
    """
    UPDATE connections
    SET credentials = :credentials, token_version = token_version + 1, token_lease_until = NULL
    WHERE id = :id AND token_version = :version AND state <> 'disconnected'
    RETURNING token_version
    """
)
_SEALED = {
    "connections": ("credentials", "webhook_secret"),
    "webhook_subscriptions": ("secret", "previous_secret"),
    "mails": ("body",),
    "idempotent_calls": ("answer",),
}
_FACTORS = {"second_factors": ("secret",), "staff_factors": ("secret",)}
_SEALED_ROWS = """
    SELECT id, {names} FROM {table} WHERE id > :after AND coalesce({names}) IS NOT NULL
    ORDER BY id LIMIT :limit
"""
_SECRETS = """
    SELECT id, {names} FROM {table} WHERE id > :after AND {some} IS NOT NULL
    ORDER BY id LIMIT :limit FOR NO KEY UPDATE
"""
_RESEAL = "UPDATE {table} SET {values} WHERE id = :id"
