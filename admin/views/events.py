"""Webhooks that came in: what became of them, and once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import links
from admin.base import Action, Column, DetailView, Field, Filter
from app.errors import NotFound
from app.services.queries.paging import Page, Row
from app.services.queries.support import events
from app.services.staff import support

REASON = Field("reason", "Reason (the merchant sees it)")


class EventsView(DetailView):
    words = "Webhooks as they came in, the last first. What is done is kept for as long as the settings say."
    nothing = "No webhook has come in."
    detail_template = "event.html"
    columns = (
        Column("received_at", "came in (UTC)", link=lambda row: url_for("eventsview.detail", id=row["id"])),
        Column("topic", "topic"),
        links.SHOP,
        links.ACCOUNT,
        Column("state", "state"),
        Column("verdict", "verdict"),
        Column("attempts", "failed tries", number=True),
    )
    filters = (
        Filter("account_id", "Account's number", kind="whole"),
        Filter("connection_id", "Connection's number", kind="whole"),
        Filter("state", "State", choices=[(state, state) for state in events.STATES]),
        Filter("lane", "Lane", choices=[(lane, lane) for lane in events.LANES]),
        Filter("topic", "Topic"),
    )

    def find(self, *, limit: int, cursor: str | None, **filters: Any) -> Page:
        return events.events(limit=limit, cursor=cursor, **filters)

    def one(self, id: int) -> Row | None:
        return events.event(id)

    def name_of(self, row: Row) -> str:
        return f"Webhook {row['id']}: {row['topic']}"

    def sections(self, row: Row) -> list[tuple[str, Mapping[str, Any]]]:
        return [
            (
                "What became of it",
                {
                    "state": row["state"],
                    "verdict": row["verdict"],
                    "processed (UTC)": row["processed_at"],
                    "failed tries": row["attempts"],
                    "next try (UTC)": row["next_attempt_at"],
                },
            ),
            (
                "Where it came from",
                {
                    "came in (UTC)": row["received_at"],
                    "shop": links.shop(row),
                    "platform": row["platform"],
                    "account": links.account(row),
                    "lane": row["lane"],
                    "order at the shop": row["order_external_id"],
                    "bytes": row["size"],
                },
            ),
        ]

    def actions_on(self, row: Row) -> list[Action]:
        values = {"id": row["id"]}
        words = "Shows what the webhook said, with names and addresses of buyers."
        found = [Action("show", "Show the raw body", words, [REASON], danger=True, values=values)]
        if row["can_go_again"]:
            words = "Works on it once more. What it tells of is read at the shop: nothing is booked twice."
            found.append(Action("again", "Process again", words, [REASON], values=values))
        return found

    @expose("/<int:id>/show", methods=["POST"])  # type: ignore[untyped-decorator]
    def show(self, id: int) -> ResponseReturnValue:
        """On the answer of the form itself: the address alone shows nothing."""
        row = self.one(id)
        if row is None:
            raise NotFound("There is no such webhook.")
        raw = support.show_body(self.staff, id, **self.given(REASON))
        return self.page(
            self.detail_template,
            row=row,
            title=self.name_of(row),
            sections=self.sections(row),
            actions=[],
            raw=raw,
        )

    @expose("/<int:id>/again", methods=["POST"])  # type: ignore[untyped-decorator]
    def again(self, id: int) -> ResponseReturnValue:
        support.process_again(self.staff, id, **self.given(REASON))
        return self.done("It is worked on again.", self.address("detail", id=id))
