"""Who belongs to the account."""

from __future__ import annotations

from functools import partial
from typing import Any

from app.api.errors import NO_CONTENT, OK
from app.api.policy import principal, signed_in
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.team import MemberSchema, NewOwnerSchema, RoleSchema
from app.api.versions import seen
from app.services import members
from app.services.queries import team
from app.services.queries.paging import Page, Row
from app.services.versions import version_of

blp = Resource("members", __name__, description="Who belongs to the account.")
_version = partial(version_of, names=members.CHANGEABLE)


@blp.route("/members")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(MemberSchema))
def list_members(args: dict[str, Any]) -> Page:
    """In the order in which they joined."""
    return team.members(principal().account_id, **args)


@blp.route("/members/<int:user_id>")
@blp.response(OK, MemberSchema)
@blp.versioned(_version)
def get_member(user_id: int) -> Row:
    """One of them."""
    return team.member(principal().account_id, user_id)


@blp.route("/members/<int:user_id>", methods=("PATCH",))
@blp.arguments(RoleSchema)
@blp.response(OK, MemberSchema)
@blp.versioned(_version)
def change_role(given: dict[str, Any], user_id: int) -> Row:
    """Give a member another role: none above one's own, and to nobody whose role is above one's own."""
    caller = signed_in()
    members.change_role(caller.account_id, user_id, given["role"], by=caller.user_id, seen=seen())
    return team.member(caller.account_id, user_id)


@blp.route("/members/<int:user_id>", methods=("DELETE",))
@blp.response(NO_CONTENT)
@blp.versioned(_version)
def remove_member(user_id: int) -> None:
    """End a membership. API keys that they made stop working; so do invitations that they sent."""
    caller = signed_in()
    members.remove(caller.account_id, user_id, by=caller.user_id, seen=seen())


@blp.route("/account/leave", methods=("POST",))
@blp.response(NO_CONTENT)
def leave() -> None:
    """End one's own membership. The last owner cannot."""
    caller = signed_in()
    members.remove(caller.account_id, caller.user_id, by=caller.user_id)


@blp.route("/account/transfer-ownership", methods=("POST",))
@blp.arguments(NewOwnerSchema)
@blp.response(OK, MemberSchema)
def transfer_ownership(given: dict[str, Any]) -> Row:
    """Make another member an owner, and oneself an admin."""
    caller = signed_in()
    members.transfer_ownership(caller.account_id, given["user_id"], by=caller.user_id)
    return team.member(caller.account_id, given["user_id"])
