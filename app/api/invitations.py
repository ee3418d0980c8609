"""Inviting people into the account."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.api.errors import CREATED, NO_CONTENT, OK
from app.api.languages import language
from app.api.limits import limit_mails, limit_tokens
from app.api.policy import principal, signed_in
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.team import (
    AcceptSchema,
    InvitationSchema,
    InvitationTokenSchema,
    NewInvitationSchema,
    OfferSchema,
)
from app.services import invitations
from app.services.queries import team
from app.services.queries.paging import Page, Row

blp = Resource("invitations", __name__, description="Inviting people into the account.")


@blp.route("/invitations")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(InvitationSchema))
def list_invitations(args: dict[str, Any]) -> Page:
    """Those that are open or have expired, in the order in which they were made."""
    return team.invitations(principal().account_id, **args)


@blp.route("/invitations", methods=("POST",))
@blp.arguments(NewInvitationSchema)
@blp.response(CREATED, InvitationSchema)
def invite(given: dict[str, Any]) -> Row:
    """Mail somebody a link by which they join, for 7 days. Their role is none above one's own."""
    caller = signed_in()
    limit_mails(given["email"])
    made = invitations.invite(
        caller.account_id, given["email"], given["role"], by=caller.user_id, language=language()
    )
    return team.invitation(caller.account_id, made)


@blp.route("/invitations/<int:invitation_id>/resend", methods=("POST",))
@blp.response(OK, InvitationSchema)
def resend_invitation(invitation_id: int) -> Row:
    """Mail it again, for another 7 days. The link before stops working."""
    caller = signed_in()
    limit_mails(team.invitation(caller.account_id, invitation_id)["email"])
    invitations.send_again(caller.account_id, invitation_id, by=caller.user_id, language=language())
    return team.invitation(caller.account_id, invitation_id)


@blp.route("/invitations/<int:invitation_id>", methods=("DELETE",))
@blp.response(NO_CONTENT)
def revoke_invitation(invitation_id: int) -> None:
    """Take it back: the link stops working."""
    caller = signed_in()
    invitations.revoke(caller.account_id, invitation_id, by=caller.user_id)


@blp.route("/invitations/show", methods=("POST",))
@blp.arguments(InvitationTokenSchema)
@blp.response(OK, OfferSchema)
def show_invitation(given: dict[str, Any]) -> Row:
    """Who invites to what, for whoever has the token of the mail."""
    limit_tokens()
    return asdict(invitations.offer(given["token"]))


@blp.route("/invitations/accept", methods=("POST",))
@blp.arguments(AcceptSchema)
@blp.response(OK, OfferSchema)
def accept_invitation(given: dict[str, Any]) -> Row:
    """Join, as the user of the invited address or as a new one with this password. Then sign in as them."""
    limit_tokens()
    return asdict(invitations.accept(given["token"], given["password"], language()))
