"""Who did what, to a connection or to the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.models import AuditEntry


def audit(
    session: Session,
    account_id: int,
    actor: str,
    action: str,
    connection_id: int | None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write it down in the caller's transaction. `detail` holds neither secrets nor customer data."""
    session.add(
        AuditEntry(
            account_id=account_id,
            actor=actor,
            action=action,
            subject=f"account:{account_id}" if connection_id is None else f"connection:{connection_id}",
            detail=dict(detail or {}),
        )
    )
