"""Sync runs of all merchants, and what each did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request, url_for

from admin import links
from admin.base import PER_PAGE, Column, DetailView, Filter
from admin.pages import Link
from app.services.queries.paging import Page, Row
from app.services.queries.support import runs


class RunsView(DetailView):
    words = "What was done for shops, the latest first. What found nothing to do is not kept one by one."
    nothing = "Nothing was done yet."
    detail_template = "run.html"
    columns = (
        Column("created_at", "began (UTC)", link=lambda row: url_for("runsview.detail", id=row["id"])),
        Column("kind", "what"),
        Column("state", "state"),
        Column(
            "connection", "shop", text=lambda row: row["connection"] or "several", link=links.shop_address
        ),
        links.ACCOUNT,
        Column("looked_at", "looked at", number=True),
        Column("changed", "changed", number=True),
        Column("failed", "failed", number=True),
        Column("error", "error"),
    )
    filters = (
        Filter("account_id", "Account's number", kind="whole"),
        Filter("connection_id", "Connection's number", kind="whole"),
        Filter("kind", "What", choices=[(kind, kind.replace("_", " ")) for kind in runs.KINDS]),
        Filter("state", "State", choices=[(state, state) for state in runs.STATES]),
    )
    item_columns = (
        Column("at", "when (UTC)"),
        Column("connection_name", "shop"),
        Column("sku", "SKU", text=lambda row: row["sku"] or row["title"]),
        Column("location", "location"),
        Column("from_quantity", "from", number=True),
        Column("to_quantity", "to", number=True),
        Column("outcome", "outcome"),
        Column("error", "error", text=lambda row: row["error"] or row["code"]),
        Column("suggestion", "what helps"),
    )

    def find(self, *, limit: int, cursor: str | None, **filters: Any) -> Page:
        return runs.runs(limit=limit, cursor=cursor, **filters)

    def one(self, id: int) -> Row | None:
        """With a page of its items, and the address of the next."""
        row = runs.run(id)
        if row is not None:
            found = runs.items(row, limit=PER_PAGE, cursor=request.args.get("cursor"))
            following = found.next and self.address("detail", id=id, cursor=found.next)
            row = {**row, "items_found": found.items, "following": following}
        return row

    def name_of(self, row: Row) -> str:
        return f"Run {row['id']}: {row['kind'].replace('_', ' ')}"

    def sections(self, row: Row) -> list[tuple[str, Mapping[str, Any]]]:
        return [
            (
                "The run",
                {
                    "state": row["state"],
                    "shop": Link(row["connection"] or "several", links.shop_address(row)),
                    "account": links.account(row),
                    "set off by": row["trigger"].replace("_", " "),
                    "began (UTC)": row["created_at"],
                    "ended (UTC)": row["finished_at"],
                    "looked at": row["looked_at"],
                    "changed": row["changed"],
                    "failed": row["failed"],
                    "counts": row["counts"],
                    "error": row["error"],
                    "what helps": row["suggestion"],
                },
            )
        ]
