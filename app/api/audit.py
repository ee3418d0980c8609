"""Who did what."""

from __future__ import annotations

from typing import Any

from app.api.errors import OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.audit import AuditArgs, AuditEntrySchema
from app.api.schemas.base import page_of
from app.services.queries import audit
from app.services.queries.paging import Page

blp = Resource("audit", __name__, description="Who did what.")


@blp.route("/audit-log")
@blp.arguments(AuditArgs, location="query")
@blp.response(OK, page_of(AuditEntrySchema))
def list_audit_entries(args: dict[str, Any]) -> Page:
    """Newest first."""
    return audit.entries(principal().account_id, **args)
