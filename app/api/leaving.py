"""Taking an account's data along, and having the account removed."""

from __future__ import annotations

from typing import Any

from flask import Response, stream_with_context

from app.api.errors import ACCEPTED, OK, STATUSES
from app.api.limits import limit_own_secrets
from app.api.policy import principal, signed_in
from app.api.resource import Resource
from app.api.schemas.account import AccountExportSchema, AccountSchema
from app.api.schemas.auth import PasswordSchema
from app.api.schemas.base import PageArgs, page_of
from app.services import account_deletion, account_exports
from app.services.queries import account as account_queries
from app.services.queries import account_exports as queries
from app.services.queries.paging import Page, Row

blp = Resource("leaving", __name__, description="Taking the data along, and leaving.")
ZIP = "application/zip"
FILE: dict[str, str] = {"type": "string", "format": "binary"}


@blp.route("/account/exports", methods=("POST",))
@blp.response(ACCEPTED, AccountExportSchema)
def export_account() -> Row:
    """Have all of the account's data put into a file, in the background. It is kept for 7 days."""
    caller = signed_in()
    made = account_exports.ask(caller.account_id, caller.user_id)
    return queries.account_export(caller.account_id, made)


@blp.route("/account/exports")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(AccountExportSchema))
def list_exports(args: dict[str, Any]) -> Page:
    """The newest first."""
    return queries.account_exports(principal().account_id, **args)


@blp.route("/account/exports/<int:export_id>")
@blp.response(OK, AccountExportSchema)
def get_export(export_id: int) -> Row:
    """How far it is."""
    return queries.account_export(principal().account_id, export_id)


@blp.route("/account/exports/<int:export_id>/download")
@blp.doc(
    responses={
        OK: {"description": "A zip of JSON lines.", "content": {ZIP: {"schema": FILE}}},
        STATUSES["conflict"]: {"description": "It is not done yet."},
    }
)
def download_export(export_id: int) -> Response:
    """A zip with one file of JSON lines for each kind of data."""
    caller = principal()
    length, chunks = account_exports.download(caller.account_id, export_id, actor=caller.actor)
    answer = Response(stream_with_context(chunks), mimetype=ZIP)
    answer.headers["Content-Length"] = str(length)
    answer.headers["Content-Disposition"] = f'attachment; filename="account-{caller.account_id}.zip"'
    return answer


@blp.route("/account/deletion", methods=("POST",))
@blp.arguments(PasswordSchema)
@blp.response(ACCEPTED, AccountSchema)
def delete_account(given: dict[str, Any]) -> Row:
    """Disconnect every shop now, and have everything removed after 7 days. It can be taken back till then."""
    caller = signed_in()
    limit_own_secrets(caller.user_id)
    account_deletion.ask(caller.account_id, caller.user_id, given["password"])
    return account_queries.account(caller.account_id)


@blp.route("/account/deletion", methods=("DELETE",))
@blp.response(OK, AccountSchema)
def keep_account() -> Row:
    """Take the deletion back. The shops have to be connected again."""
    caller = signed_in()
    account_deletion.take_back(caller.account_id, caller.user_id)
    return account_queries.account(caller.account_id)
