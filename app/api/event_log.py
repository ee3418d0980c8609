"""What somebody should know of."""

from __future__ import annotations

from typing import Any

from app.api.errors import OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import page_of
from app.api.schemas.event_log import HappeningArgs, HappeningSchema
from app.services.queries import event_log
from app.services.queries.paging import Page

blp = Resource("event_log", __name__, description="What somebody should know of.")


@blp.route("/event-log")
@blp.arguments(HappeningArgs, location="query")
@blp.response(OK, page_of(HappeningSchema))
def list_happenings(args: dict[str, Any]) -> Page:
    """Newest first: low and oversold stock, a ledger that disagrees, shipments that failed, and so on."""
    return event_log.happenings(principal().account_id, **args)
