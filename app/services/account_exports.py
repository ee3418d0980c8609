"""All data of an account as a zip with one file of JSON lines for each table.

A job writes it piece by piece into rows, from one snapshot, so that memory does not grow with the account and
every machine can serve it. Secrets are left out: bytes, and columns that are called so.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from psycopg import Connection as PsycopgConnection
from psycopg import sql
from sqlalchemy import LargeBinary, Table, text
from sqlalchemy.exc import IntegrityError

from app.errors import Conflict, NotFound
from app.extensions import db
from app.models import Base
from app.services.audit import audit_subject
from app.services.nudge import try_enqueue
from app.services.retries import retries
from app.services.stopping import Stopping, leave_if_asked
from app.services.tenant_rows import tenant_tables
from app.services.uow import unit_of_work

log = structlog.get_logger(__name__)

KEPT = timedelta(days=7)
CHUNK_BYTES = 1024 * 1024
CLAIM = timedelta(minutes=5)
"""How long a worker that writes nothing is waited for."""
QUEUE, JOB_SECONDS = "reports", 2 * 3600
LEFT_OUT: Mapping[str, str] = {
    "account_exports": "exports themselves",
    "export_chunks": "exports themselves",
    "idempotent_calls": "answers, kept for a day",
    "inbound_events": "what shops sent, as it came; orders and movements say what became of it",
}
SECRET = re.compile(r"secret|hash|token|credential|password")
MEMBERS = "memberships t JOIN users u ON u.id = t.user_id WHERE t.account_id = :account_id"


class NotReady(Conflict):
    """This export is not done (yet), or was removed after a week."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the export: `query` gives one JSON document for each of its rows."""

    name: str
    query: str


def ask(account_id: int, user_id: int) -> int:
    """Have an export made; returns its id. Raises Conflict while another one is being made."""
    try:
        with unit_of_work() as uow:
            params = {"account_id": account_id, "user_id": user_id, "kept": KEPT}
            export_id = int(uow.session.execute(_ASK, params).scalar_one())
            actor = f"user:{user_id}"
            audit_subject(
                uow.session, account_id, actor, "account.export_asked", f"account_export:{export_id}"
            )
            uow.after_commit(lambda: _wake(export_id, attempt=0))
            uow.commit()
    except IntegrityError as err:
        raise Conflict("An export is being made already.") from err
    return export_id


def run(export_id: int) -> None:
    """Make an export. Safe to run at any time and twice: one that is claimed or done is left alone."""
    with unit_of_work() as uow:
        claimed = uow.session.execute(_CLAIM, {"id": export_id, "claim": CLAIM}).one_or_none()
        if claimed is not None:
            uow.session.execute(_FORGET_CHUNKS, {"id": export_id})
        uow.commit()
    if claimed is None:
        return
    file = _File(export_id, claimed.account_id, claimed.attempts)
    if claimed.attempts > retries("export").attempts:
        file.give_up("It could not be made.")
        return
    try:
        rows = _write(file, claimed.account_id)
        file.end(rows)
    except Superseded:
        log.warning("export_superseded", export_id=export_id)
    except Stopping:
        file.put_off()
        raise
    else:
        log.info("account_exported", export_id=export_id, rows=rows, bytes=file.byte_count)


def download(account_id: int, export_id: int, *, actor: str) -> tuple[int, Iterator[bytes]]:
    """The file's length and its pieces, read one at a time. Raises NotFound, NotReady."""
    params = {"account_id": account_id, "id": export_id}
    with unit_of_work() as uow:
        row = uow.session.execute(_STATE, params).one_or_none()
        if row is None:
            raise NotFound("There is no such export.")
        if not row.is_there:
            raise NotReady()
        audit_subject(
            uow.session, account_id, actor, "account.export_downloaded", f"account_export:{export_id}"
        )
        uow.commit()
    return int(row.byte_count), _chunks(export_id)


def wake_due() -> None:
    """Have those made whose nudge was lost or whose worker died."""
    with unit_of_work() as uow:
        due = uow.session.execute(_WAKE).all()
        uow.commit()
    for row in due:
        _wake(row.id, attempt=row.attempts)


def sources() -> list[Source]:
    """What an export consists of."""
    found = [
        Source(
            "account",
            f"{_columns(Base.metadata.tables['accounts'])} FROM accounts t WHERE t.id = :account_id",
        ),
        Source("users", f"t.user_id AS id, u.email, t.role FROM {MEMBERS}"),
    ]
    found += [
        Source(table.name, f"{_columns(table.table)} FROM {table.rows}")
        for table in tenant_tables()
        if table.name not in LEFT_OUT
    ]
    return found


class Superseded(Exception):
    """Another worker took over."""


class _File:
    """Where the zip is written: into rows of CHUNK_BYTES, as long as the claim is ours. Cannot be read or
    sought, which zipfile notices by what is missing here."""

    def __init__(self, export_id: int, account_id: int, claim: int) -> None:
        self._key = {"id": export_id, "number": claim}
        self._account_id = account_id
        self._pending = bytearray()
        self._chunks = 0
        self.byte_count = 0

    def write(self, data: bytes) -> int:
        self._pending += data
        while len(self._pending) >= CHUNK_BYTES:
            self._store(bytes(self._pending[:CHUNK_BYTES]))
            del self._pending[:CHUNK_BYTES]
        return len(data)

    def flush(self) -> None:
        """What is less than a chunk waits for `end`."""

    def end(self, rows: int) -> None:
        """Store the rest; it can be downloaded from now on. Raises Superseded."""
        self._store(bytes(self._pending))
        self._record("done", rows=rows, bytes=self.byte_count)

    def give_up(self, error: str) -> None:
        """Record that there is none."""
        self._record("failed", error=error)

    def put_off(self) -> None:
        """Leave it to the next worker, which begins anew. This attempt does not count."""
        with unit_of_work() as uow:
            uow.session.execute(_PUT_OFF, self._key)
            uow.commit()

    def _record(self, state: str, *, rows: int = 0, bytes: int = 0, error: str = "") -> None:
        params = {"state": state, "row_count": rows, "byte_count": bytes, "error": error, "kept": KEPT}
        with unit_of_work() as uow:
            uow.session.execute(_END, {**self._key, **params})
            uow.commit()

    def _store(self, content: bytes) -> None:
        leave_if_asked()
        with unit_of_work() as uow:
            if uow.session.execute(_HEARTBEAT, {**self._key, "claim": CLAIM}).one_or_none() is None:
                raise Superseded()
            chunk = {"account_id": self._account_id, "n": self._chunks, "content": content}
            uow.session.execute(_STORE, {"id": self._key["id"], **chunk})
            uow.commit()
        self._chunks += 1
        self.byte_count += len(content)


def _write(file: _File, account_id: int) -> int:
    """How many rows were written, all as they were in one moment."""
    rows = 0
    with (
        db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as reader,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,  # type: ignore[call-overload]  # a writer is enough
    ):
        connection = reader.connection.driver_connection
        assert isinstance(connection, PsycopgConnection)
        for source in sources():
            with archive.open(f"{source.name}.ndjson", "w", force_zip64=True) as out:
                for line in _lines(connection, source, account_id):
                    out.write(line)
                    rows += 1
    return rows


def _lines(connection: PsycopgConnection[Any], source: Source, account_id: int) -> Iterator[bytes]:
    """COPY sends rows as they are found. Its text format doubles backslashes; JSON has no other character
    that it would escape."""
    query = source.query.replace(":account_id", str(int(account_id)))
    statement = f"COPY (SELECT to_json(r) FROM (SELECT {query}) r) TO STDOUT"  # noqa: S608  (our names, an id)
    with connection.cursor().copy(sql.SQL(statement)) as copy:
        for line in copy:
            yield bytes(line).replace(b"\\\\", b"\\")


def _columns(table: Table) -> str:
    return ", ".join(
        f't."{column.name}"'
        for column in table.columns
        if not isinstance(column.type, LargeBinary) and not SECRET.search(column.name)
    )


def _chunks(export_id: int) -> Iterator[bytes]:
    number = 0
    while True:
        with unit_of_work() as uow:
            found = uow.session.execute(_CHUNK, {"id": export_id, "n": number}).scalar_one_or_none()
        if found is None:
            return
        yield bytes(found)
        number += 1


def _wake(export_id: int, *, attempt: int) -> None:
    job_id = f"export-{export_id}-{attempt}"
    try_enqueue(QUEUE, "export_account", export_id, timeout_seconds=JOB_SECONDS, job_id=job_id)


_ASK = text(
    """
    INSERT INTO account_exports (account_id, user_id, due_at, expires_at)
    VALUES (:account_id, :user_id, now() + interval '1 minute', now() + CAST(:kept AS interval)) RETURNING id
    """
)
_CLAIM = text(
    """
    UPDATE account_exports SET state = 'running', attempts = attempts + 1,
        due_at = now() + CAST(:claim AS interval)
    WHERE id = :id AND (state = 'waiting' OR (state = 'running' AND due_at <= now()))
    RETURNING account_id, attempts
    """
)
_MINE = "WHERE id = :id AND attempts = :number AND state = 'running'"
_HEARTBEAT = text(
    f"UPDATE account_exports SET due_at = now() + CAST(:claim AS interval) {_MINE} RETURNING id"  # noqa: S608
)
_STORE = text(
    """
    INSERT INTO export_chunks (export_id, number, account_id, content) VALUES (:id, :n, :account_id, :content)
    """
)
_END = text(
    f"""
    UPDATE account_exports SET state = :state, row_count = :row_count, byte_count = :byte_count,
        error = :error, finished_at = now(), expires_at = now() + CAST(:kept AS interval) {_MINE}
    """  # noqa: S608  (a constant)
)
_PUT_OFF = text(
    f"""
    UPDATE account_exports SET state = 'waiting', attempts = attempts - 1,
        due_at = now() + interval '1 minute' {_MINE}
    """  # noqa: S608  (a constant)
)
_FORGET_CHUNKS = text("DELETE FROM export_chunks WHERE export_id = :id")
_STATE = text(
    """
    SELECT byte_count, state = 'done' AND expires_at > now() AS is_there FROM account_exports
    WHERE account_id = :account_id AND id = :id
    """
)
_CHUNK = text("SELECT content FROM export_chunks WHERE export_id = :id AND number = :n")
_WAKE = text(
    """
    UPDATE account_exports
    SET due_at = CASE WHEN state = 'waiting' THEN now() + interval '5 minutes' ELSE due_at END
    WHERE state IN ('waiting', 'running') AND due_at <= now() RETURNING id, attempts
    """
)
