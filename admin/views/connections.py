"""Connected shops: how they are doing, and what support can do for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import links
from admin.base import Action, Column, DetailView, Field, Filter
from app.services.queries.paging import Page, Row
from app.services.queries.support import connections
from app.services.staff import support

REASON = Field("reason", "Reason (the merchant sees it)")
TROUBLES = (
    ("failing", "the last call failed"),
    ("breaker", "breaker open: called only now and then"),
    ("needs_auth", "refuses our credentials"),
    ("braked", "a mass change waits for a person"),
)


class ConnectionsView(DetailView):
    words = "Shops of all merchants, the last connected first."
    nothing = "No shop was ever connected."
    columns = (
        Column("id", "number", link=lambda row: url_for("connectionsview.detail", id=row["id"])),
        Column("name", "shop"),
        Column("platform", "platform"),
        links.ACCOUNT,
        Column("state", "state"),
        Column("failures", "failures in a row", number=True),
        Column("backoff_until", "left alone until (UTC)"),
        Column("last_success_at", "last success (UTC)"),
        Column("last_error", "last error"),
    )
    filters = (
        Filter("account_id", "Account's number", kind="whole"),
        Filter("platform", "Platform"),
        Filter("state", "State", choices=[(state, state) for state in connections.STATES]),
        Filter("trouble", "Trouble", choices=TROUBLES),
    )

    def find(self, *, limit: int, cursor: str | None, **filters: Any) -> Page:
        return connections.connections(limit=limit, cursor=cursor, **filters)

    def one(self, id: int) -> Row | None:
        return connections.connection(id)

    def name_of(self, row: Row) -> str:
        return f"{row['name']} ({row['platform']})"

    def sections(self, row: Row) -> list[tuple[str, Mapping[str, Any]]]:
        health = row["health"]
        light, budget = health["light"], health["rate_budget"]
        coverage, errors = health["webhook_coverage"], health["error_rate"]
        return [
            (
                "How it is doing",
                {
                    "light": light["colour"],
                    "why": light["reason"],
                    "what helps": light["remedy"],
                    "all that is not well": ", ".join(health["reasons"]),
                    "state": row["state"],
                    "account": links.account(row),
                    "shop": row["external_shop_id"],
                    "last success (UTC)": row["last_success_at"],
                },
            ),
            (
                "Breaker and calls",
                {
                    "failures in a row": row["failures"],
                    "left alone until (UTC)": row["backoff_until"],
                    "last error": row["last_error"],
                    "calls of the last hour": health["calls"],
                    "of these failed": None if errors is None else f"{errors:.1%}",
                    "rate budget": budget,
                },
            ),
            (
                "Credentials and webhooks",
                {
                    "credentials": health["credentials"]["state"],
                    "of use until (UTC)": health["credentials"]["expires_at"],
                    "webhooks looked at (UTC)": row["webhooks_checked_at"],
                    "orders of three days that webhooks told of": (
                        None if coverage is None else f"{coverage:.0%}"
                    ),
                },
            ),
            (
                "What waits",
                {
                    "webhooks": health["pending_events"],
                    "numbers to write": health["dirty_cells"],
                    "writes without an answer": health["open_attempts"],
                    "numbers that it refuses": health["failed_cells"],
                    "changes in review": health["reviews"],
                },
            ),
        ]

    def actions_on(self, row: Row) -> list[Action]:
        values = {"id": row["id"]}
        found = []
        if row["state"] in ("active", "paused"):
            words = "Reads its orders and numbers now, and writes what differs."
            found.append(Action("sync", "Sync now", words, [REASON], values=values))
        if row["state"] in ("review", "active", "paused"):
            words = "Looks at its webhook subscriptions and repairs them."
            found.append(Action("webhooks", "Register webhooks again", words, [REASON], values=values))
        return found

    @expose("/<int:id>/sync", methods=["POST"])  # type: ignore[untyped-decorator]
    def sync(self, id: int) -> ResponseReturnValue:
        run_id = support.sync_now(self.staff, id, **self.given(REASON))
        return self.done("It is being synced.", url_for("runsview.detail", id=run_id))

    @expose("/<int:id>/webhooks", methods=["POST"])  # type: ignore[untyped-decorator]
    def webhooks(self, id: int) -> ResponseReturnValue:
        support.renew_webhooks(self.staff, id, **self.given(REASON))
        return self.done("Its webhooks are being looked at.", self.address("detail", id=id))
