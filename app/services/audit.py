"""Who did what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.models import AuditEntry


def audit(
    session: Session,
    account_id: int,
    actor: str,
    action: AuditAction,
    connection_id: int,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """`audit_subject` of a connection."""
    audit_subject(session, account_id, actor, action, f"connection:{connection_id}", detail)


def audit_subject(
    session: Session,
    account_id: int,
    actor: str,
    action: AuditAction,
    subject: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write it down in the caller's transaction. `subject` is `<kind>:<id>`; `detail` holds neither secrets
    nor customer data."""
    session.add(
        AuditEntry(
            account_id=account_id, actor=actor, action=action, subject=subject, detail=dict(detail or {})
        )
    )


def audit_user(
    session: Session, user_id: int, action: AuditAction, detail: Mapping[str, Any] | None = None
) -> None:
    """What a user did that concerns every account of theirs, written down in each."""
    params = {"user_id": user_id, "who": f"user:{user_id}", "action": action}
    session.execute(_AUDIT_USER, params | {"detail": json.dumps(dict(detail or {}))})


_AUDIT_USER = text(
    """
    INSERT INTO audit_log (account_id, actor, action, subject, detail)
    SELECT account_id, :who, :action, :who, CAST(:detail AS jsonb) FROM memberships
    WHERE user_id = :user_id ORDER BY id
    """
)
