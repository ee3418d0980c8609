"""Who did what to a connection."""

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
    connection_id: int,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write it down in the caller's transaction. `detail` holds neither secrets nor customer data."""
    session.add(
        AuditEntry(
            account_id=account_id,
            actor=actor,
            action=action,
            subject=f"connection:{connection_id}",
            detail=dict(detail or {}),
        )
    )
