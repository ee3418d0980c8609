"""What leads a new account to shops in step, and what a member has seen of it."""

from __future__ import annotations

from collections.abc import Mapping

from app.api.errors import OK
from app.api.policy import POLICY, member
from app.api.resource import Resource
from app.api.schemas.first_steps import DismissSchema, FirstStepsSchema
from app.services.queries import first_steps as queries
from app.services.queries.first_steps import Step
from app.services.queries.paging import Row
from app.services.workplace.dismissals import dismiss as put_away
from app.services.workplace.members import Member

blp = Resource("first_steps", __name__, description="What leads a new account to shops in step.")

DONE_BY: Mapping[Step, str] = {
    Step.CONNECT: "connections.start_connecting",
    Step.MATCH: "listings.link_listing",
    Step.FIRST_SYNC: "connections.approve_first_sync",
    Step.SWITCH_ON: "connections.resume",
}
"""The endpoint by which somebody does it."""
KINDS = {"hidden": "first_steps", "tour_taken": "tour"}


@blp.route("/first-steps")
@blp.response(OK, FirstStepsSchema)
def get_first_steps() -> Row:
    """How far the account has come: as its shops, listings and numbers are, whoever did it."""
    return _now(member())


@blp.route("/first-steps", methods=("PATCH",))
@blp.arguments(DismissSchema)
@blp.response(OK, FirstStepsSchema)
def dismiss(given: dict[str, bool]) -> Row:
    """Put the first steps or the tour away, or have them back. For yourself alone."""
    put_away(member(), {KINDS[name]: away for name, away in given.items()})
    return _now(member())


def _now(caller: Member) -> Row:
    found = queries.first_steps(caller)
    for step in found["steps"]:
        step["least_role"] = POLICY[DONE_BY[step["step"]]].name.lower()
    return found
