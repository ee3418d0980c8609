"""What staff did."""

from __future__ import annotations

from typing import Any

from flask import url_for

from admin.base import Column, DetailView, Filter
from app.services.queries import staff
from app.services.queries.paging import Page, Row


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
        Column("account", "account", text=lambda row: account_name(row)),
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
        what = {"action": row["action"], "of what": row["subject"], "account": account_name(row)}
        return [("Who and when", who), ("What", what), ("Details", row["detail"])]


def account_name(row: Row) -> str | None:
    """The account's name and number, or its number where it is gone."""
    if row["account_id"] is None:
        return None
    return f"{row['account'] or 'removed'} ({row['account_id']})"
