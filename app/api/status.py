"""Whether there is anything left to do."""

from __future__ import annotations

from app.api.errors import OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.status import StatusSchema
from app.services.queries.paging import Row
from app.services.queries.status import status

blp = Resource("status", __name__, description="What is under way.")


@blp.route("/status")
@blp.response(OK, StatusSchema)
def get_status() -> Row:
    """What is under way and left to do; quiet if nothing is."""
    return status(principal().account_id)
