"""Changes made at shops that wait for a person."""

from __future__ import annotations

from typing import Any

from app.api.errors import NO_CONTENT, OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import page_of
from app.api.schemas.reviews import (
    DecisionSchema,
    DecisionsSchema,
    OutcomesSchema,
    ReviewArgs,
    ReviewInFullSchema,
    ReviewSchema,
)
from app.services import reviews
from app.services.queries import reviews as queries
from app.services.queries.paging import Page, Row

blp = Resource("reviews", __name__, description="Changes made at shops that wait for a person.")


@blp.route("/reviews")
@blp.arguments(ReviewArgs, location="query")
@blp.response(OK, page_of(ReviewSchema))
def list_reviews(args: dict[str, Any]) -> Page:
    """Those that are open, with both numbers and what each choice would do."""
    return queries.reviews(principal().account_id, **args)


@blp.route("/reviews/<int:review_id>")
@blp.response(OK, ReviewInFullSchema)
def get_review(review_id: int) -> Row:
    """One of them, with what led to its numbers."""
    return queries.review(principal().account_id, review_id)


@blp.route("/reviews/<int:review_id>/decision", methods=("POST",))
@blp.arguments(DecisionSchema)
@blp.response(NO_CONTENT)
def decide(given: dict[str, Any], review_id: int) -> None:
    """Add the difference to the stock, or write our number to the shop again."""
    caller = principal()
    reviews.resolve(caller.account_id, review_id, **given, actor=caller.actor)


@blp.route("/reviews/decisions", methods=("POST",))
@blp.arguments(DecisionsSchema)
@blp.response(OK, OutcomesSchema)
def decide_all(given: dict[str, Any]) -> dict[str, Any]:
    """Decide about many at once. Each is taken or not by itself, and the answer says which."""
    caller = principal()
    decisions = [reviews.Decision(**decision) for decision in given["decisions"]]
    return {"items": reviews.resolve_all(caller.account_id, decisions, actor=caller.actor)}
