"""What staff did, and what was done in an account."""

from __future__ import annotations

from typing import Any

from flask import url_for

from admin import links
from admin.base import Column, DetailView, Filter, ListView
from app.domain.masking import masked_words
from app.services.queries import audit, staff
from app.services.queries.paging import Page, Row
from app.services.queries.people import masked_address


class StaffAuditView(DetailView):
    words = (
        "Every action of the people who run SyncFlow, newest first. Nothing here can be changed or removed."
    )
    nothing = "No staff member has done anything yet."
    columns = (
        Column("created_at", "when (UTC)", link=lambda row: url_for("staffauditview.detail", id=row["id"])),
        Column("who", "who"),
        Column("address", "from"),
        Column("action", "action"),
        Column("subject", "of what"),
        links.ACCOUNT,
        Column("detail", "details"),
    )
    filters = (
        Filter("staff_id", "Staff member's number", kind="whole"),
        Filter("action", "Action"),
        Filter("account_id", "Account's number", kind="whole"),
        Filter("since", "Since (UTC)", kind="moment"),
        Filter("until", "Until (UTC)", kind="moment"),
    )

    def find(self, *, limit: int, cursor: str | None, **filters: Any) -> Page:
        return staff.actions(limit=limit, cursor=cursor, **filters)

    def one(self, id: int) -> Row | None:
        return staff.action(id)

    def name_of(self, row: Row) -> str:
        return str(row["action"])

    def sections(self, row: Row) -> list[tuple[str, dict[str, Any]]]:
        who = {"who": row["who"], "from address": row["address"], "when (UTC)": row["created_at"]}
        what = {"action": row["action"], "of what": row["subject"], "account": links.account(row)}
        return [("Who and when", who), ("What", what), ("Details", row["detail"])]


class MerchantAuditView(ListView):
    words = "What was done in one account by its people, its keys, support and SyncFlow itself; newest first."
    nothing = "Enter an account's number."
    columns = (
        Column("created_at", "when (UTC)"),
        Column("actor", "who"),
        Column("actor_name", "name", text=lambda row: masked_name(row["actor_name"])),
        Column("action", "action"),
        Column("subject", "of what"),
        Column("detail", "details", text=lambda row: masked(row["detail"])),
    )
    filters = (
        Filter("account_id", "Account's number", kind="whole"),
        Filter("actor", "Who (user:7, staff:1)"),
        Filter("action", "Action"),
        Filter("subject", "Of what (listing:12)"),
        Filter("since", "Since (UTC)", kind="moment"),
        Filter("until", "Until (UTC)", kind="moment"),
    )

    def find(self, *, limit: int, cursor: str | None, **filters: Any) -> Page:
        account_id = filters.pop("account_id", None)
        if account_id is None:
            return Page([], None)
        asked = dict.fromkeys(("actor", "action", "subject", "since", "until")) | filters
        return audit.entries(account_id, limit=limit, cursor=cursor, **asked)


def masked_name(name: str | None) -> str | None:
    """A key's name as it is, a user's address masked."""
    return masked_address(name) if name and "@" in name else name


def masked(detail: Any) -> Any:
    """Details without people's addresses."""
    if isinstance(detail, dict):
        return {key: masked(value) for key, value in detail.items()}
    if isinstance(detail, list):
        return [masked(value) for value in detail]
    return masked_words(detail) if isinstance(detail, str) else detail
