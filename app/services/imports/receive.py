"""Take a file in, piece by piece: neither memory nor a transaction holds it whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Conflict, InvalidInput
from app.services.audit import audit_subject
from app.services.imports.store import lock
from app.services.imports.wake import wake
from app.services.stock_changes import require_owned
from app.services.uow import unit_of_work

MOST_OPEN = 5
"""Imports of an account that are neither applied nor given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What is said of a file. Of counts: where, and when rows that do not say were counted."""

    kind: str
    file_name: str = ""
    currency: str | None = None
    location_id: int | None = None
    counted_at: datetime | None = None


def receive(account_id: int, upload: Upload, pieces: Iterable[bytes], *, actor: str) -> int:
    """Store the file and have it checked. Returns the import's id. A file that breaks off leaves nothing.

    Raises InvalidInput for an empty file, NotFound, and Conflict while too many others are open.
    """
    with unit_of_work() as uow:
        if upload.location_id is not None:
            require_owned(uow.session, account_id, location_ids=[upload.location_id])
        params = {"account_id": account_id, "actor": actor, **asdict(upload)}
        if uow.session.execute(_OPEN, params).scalar_one() >= MOST_OPEN:
            raise Conflict(f"There are {MOST_OPEN} open imports. Apply or cancel one of them first.")
        import_id: int = uow.session.execute(_BEGIN, params).scalar_one()
        uow.commit()
    try:
        _take(account_id, import_id, pieces, actor)
    except BaseException:  # whatever it was, a worker that is told to stop included
        with unit_of_work() as uow:
            uow.session.execute(_FORGET, {"id": import_id})
            uow.commit()
        raise
    return import_id


def _take(account_id: int, import_id: int, pieces: Iterable[bytes], actor: str) -> None:
    size = 0
    for position, content in enumerate(pieces):
        size += len(content)
        row = {"account_id": account_id, "id": import_id, "position": position, "content": content}
        with unit_of_work() as uow:
            _require_receiving(uow.session, import_id)
            uow.session.execute(_ADD_PART, row)
            uow.commit()
    if not size:
        raise InvalidInput("The file is empty.")
    with unit_of_work() as uow:
        _require_receiving(uow.session, import_id)
        uow.session.execute(_RECEIVED, {"id": import_id, "size": size})
        subject = f"csv_import:{import_id}"
        audit_subject(uow.session, account_id, actor, "import.uploaded", subject, {"bytes": size})
        uow.after_commit(partial(wake, import_id))
        uow.commit()


def _require_receiving(session: Session, import_id: int) -> None:
    """Nobody gives it up until the transaction ends."""
    if lock(session, import_id).state != "receiving":
        raise Conflict("The import was cancelled.")


_OPEN = text(
    """
    SELECT count(*) FROM csv_imports
    WHERE account_id = :account_id AND state IN ('receiving', 'checking', 'checked', 'applying')
    """
)
_BEGIN = text(
    """
    INSERT INTO csv_imports (account_id, kind, file_name, actor, currency, location_id, counted_at)
    VALUES (:account_id, :kind, :file_name, :actor, :currency, :location_id, :counted_at) RETURNING id
    """
)
_ADD_PART = text(
    """
    INSERT INTO csv_import_parts (account_id, import_id, position, content)
    VALUES (:account_id, :id, :position, :content)
    """
)
_RECEIVED = text(
    """
    UPDATE csv_imports SET state = 'checking', size_bytes = :size,
        wake_at = clock_timestamp() + interval '1 minute'
    WHERE id = :id
    """
)
_FORGET = text("DELETE FROM csv_imports WHERE id = :id AND state = 'receiving'")
