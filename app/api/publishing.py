"""What shops would show under other rules."""

from __future__ import annotations

from typing import Any

from app.api.errors import OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import PageArgs
from app.api.schemas.publishing import PreviewSchema, ProposalSchema
from app.services.proposals import Proposal
from app.services.queries.publish_preview import Preview, preview

blp = Resource("publishing", __name__, description="What shops would show under other rules.")


@blp.route("/publishing/preview", methods=("POST",))
@blp.arguments(PageArgs, location="query")
@blp.arguments(ProposalSchema)
@blp.response(OK, PreviewSchema)
def preview_rules(args: dict[str, Any], given: dict[str, Any]) -> Preview:
    """Which listings would show another number if these rules were saved, and why. Saves nothing.

    A shop or a listing that is not written keeps its number. Send the same rules again with each cursor.
    """
    return preview(principal().account_id, _proposal(given), **args)


def _proposal(given: dict[str, Any]) -> Proposal:
    return Proposal(
        safety_stock=given.get("safety_stock"),
        connections={of["id"]: _without_id(of) for of in given["connections"]},
        listings={of["id"]: _without_id(of) for of in given["listings"]},
    )


def _without_id(of: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in of.items() if name != "id"}
