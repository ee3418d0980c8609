"""The ledger of a SKU: what is there, what each shop shows, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import links
from admin.base import LARGEST_ID, PER_PAGE, Column, DetailView, Filter
from app.errors import NotFound
from app.services.queries.paging import Page, Row
from app.services.queries.support import ledger


class LedgerView(DetailView):
    words = "Give an account's number, and a SKU exactly as it is written there."
    nothing = "Whose ledger? Give the number of an account."
    detail_template = "ledger.html"
    columns = (
        Column("sku", "SKU", link=lambda row: url_for("ledgerview.detail", id=row["id"])),
        Column("title", "variant"),
        Column("product", "product"),
        links.ACCOUNT,
    )
    filters = (
        Filter("account_id", "Account's number", kind="whole"),
        Filter("sku", "SKU"),
    )
    level_columns = (
        Column("location", "location"),
        Column("on_hand", "on hand", number=True),
        Column("committed", "reserved", number=True),
        Column("available", "available", number=True),
    )
    channel_columns = (
        Column(
            "connection_name",
            "shop",
            link=lambda row: url_for("connectionsview.detail", id=row["connection_id"]),
        ),
        Column("expected", "we take it to show", number=True),
        Column("target", "it should show", number=True),
        Column("state", "state", text=lambda row: "to be written" if row["dirty"] else row["state"]),
        Column("drift", "changed there", number=True),
        Column("read_at", "last read (UTC)"),
        Column("error", "error"),
    )
    why_columns = (Column("at", "when (UTC)"), Column("kind", "what"), Column("text", "why"))
    movement_columns = (
        Column("booked_at", "booked (UTC)"),
        Column("location", "location"),
        Column("cause", "cause"),
        Column("on_hand_delta", "on hand", number=True),
        Column("committed_delta", "reserved", number=True),
        Column("text", "in words"),
    )

    def find(self, *, limit: int, cursor: str | None, **filters: Any) -> Page:
        return ledger.variants(limit=limit, cursor=cursor, **filters)

    def one(self, id: int) -> Row | None:
        """With a page of what led to its numbers, and the address of the next."""
        row = ledger.variant(id)
        if row is not None:
            found = ledger.why(row, limit=PER_PAGE, cursor=request.args.get("cursor"))
            following = found.next and self.address("detail", id=id, cursor=found.next)
            row = {**row, "lines": found.items, "following": following}
        return row

    def name_of(self, row: Row) -> str:
        return f"Ledger of {row['sku'] or row['title']}"

    def sections(self, row: Row) -> list[tuple[str, Mapping[str, Any]]]:
        return [
            (
                "The variant",
                {
                    "variant": row["title"],
                    "product": row["product"],
                    "account": links.account(row),
                    "on hand": row["on_hand"],
                    "reserved": row["committed"],
                    "available": row["available"],
                },
            )
        ]

    @expose("/<int:id>/movements")  # type: ignore[untyped-decorator]
    def movements(self, id: int) -> ResponseReturnValue:
        row = ledger.variant(id) if id <= LARGEST_ID else None
        if row is None:
            raise NotFound("There is nothing with this number.")
        found = ledger.movements(row, limit=PER_PAGE, cursor=request.args.get("cursor"))
        following = found.next and self.address("movements", id=id, cursor=found.next)
        title = f"Movements of {row['sku'] or row['title']}"
        return self.page("movements.html", title=title, row=row, lines=found.items, following=following)
