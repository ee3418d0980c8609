"""Where a user is signed in."""

from __future__ import annotations

from typing import Any

from app.api.errors import NO_CONTENT, OK
from app.api.policy import person
from app.api.resource import Resource
from app.api.schemas.auth import SessionSchema
from app.api.schemas.base import PageArgs, page_of
from app.services import sessions
from app.services.queries import sessions as queries
from app.services.queries.paging import Page

blp = Resource("sessions", __name__, description="Where a user is signed in.")


@blp.route("/auth/sessions")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(SessionSchema))
def list_sessions(args: dict[str, Any]) -> Page:
    """The user's sessions, newest first."""
    return queries.sessions(person(), **args)


@blp.route("/auth/sessions/<int:session_id>", methods=("DELETE",))
@blp.response(NO_CONTENT)
def end_session(session_id: int) -> None:
    """End one of the user's sessions; its tokens stop working at once."""
    sessions.end(person(), session_id)
