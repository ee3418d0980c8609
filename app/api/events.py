"""What the shops told us."""

from __future__ import annotations

from typing import Any

from app.api.errors import OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import page_of
from app.api.schemas.events import EventArgs, EventInFullSchema, EventSchema
from app.services.queries import events
from app.services.queries.paging import Page, Row

blp = Resource("events", __name__, description="Webhooks that came in.")


@blp.route("/events")
@blp.arguments(EventArgs, location="query")
@blp.response(OK, page_of(EventSchema))
def list_events(args: dict[str, Any]) -> Page:
    """Newest first, and what became of each."""
    return events.events(principal().account_id, **args)


@blp.route("/events/<int:event_id>")
@blp.response(OK, EventInFullSchema)
def get_event(event_id: int) -> Row:
    """One of them with what it said; what may be personal data is masked."""
    return events.event(principal().account_id, event_id)
