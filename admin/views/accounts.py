"""Accounts and the people in them, with addresses masked; and visits, by which support looks at one."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.base import Action, Column, DetailView, Field, Filter
from app.services.queries import people
from app.services.queries.paging import Page, Row
from app.services.staff import visits

REASON = Field("reason", "Reason (the merchant can read it)")
MINUTES = Field(
    "minutes", "For", choices=[(str(minutes), f"{minutes} minutes") for minutes in visits.MINUTES]
)
VISIT = (
    "A token with which you read this account through the API, as a viewer would. It changes nothing and sees"
    " no sessions, keys, exports or addresses of receivers. The merchant finds it in the audit log."
)


def state_of(row: Row) -> str:
    if row["delete_at"]:
        return "is going to be deleted"
    if row["sample_of"]:
        return "sample data"
    return "writes stopped" if row["writes_stopped_at"] else "in use"


class AccountsView(DetailView):
    words = "Merchants. An address finds the accounts that its owner belongs to; write it out in full."
    nothing = "No merchant has an account yet."
    detail_template = "account.html"
    columns = (
        Column("id", "number", link=lambda row: url_for("accountsview.detail", id=row["id"])),
        Column("name", "name", link=lambda row: url_for("accountsview.detail", id=row["id"])),
        Column("state", "state", text=state_of, tone=lambda row: "warn" if row["delete_at"] else ""),
        Column("members", "members", number=True),
        Column("shops", "shops", number=True),
        Column("created_at", "since (UTC)"),
    )
    member_columns = (
        Column("user_id", "user", link=lambda row: url_for("usersview.detail", id=row["user_id"])),
        Column("email", "address"),
        Column("role", "role"),
        Column("has_codes", "one-time codes"),
        Column("created_at", "since (UTC)"),
    )
    shop_columns = (
        Column("id", "number"),
        Column("name", "shop", link=lambda row: url_for("connectionsview.detail", id=row["id"])),
        Column("platform", "platform"),
        Column("state", "state", tone=lambda row: "bad" if row["state"] == "needs_auth" else ""),
        Column("failures", "failures in a row", number=True),
        Column("last_success_at", "last success (UTC)"),
    )
    visit_columns = (
        Column("id", "number"),
        Column("who", "who"),
        Column("reason", "reason"),
        Column("created_at", "from (UTC)"),
        Column("expires_at", "until (UTC)", text=lambda row: row["ended_at"] or row["expires_at"]),
        Column("used_at", "last used (UTC)"),
    )
    filters = (
        Filter("name", "A part of the name"),
        Filter("email", "A member's address"),
        Filter("account_id", "Number", kind="whole"),
    )

    def find(self, *, limit: int, cursor: str | None, **filters: Any) -> Page:
        return people.accounts(limit=limit, cursor=cursor, **filters)

    def one(self, id: int) -> Row | None:
        return people.account(id)

    def name_of(self, row: Row) -> str:
        return str(row["name"])

    def sections(self, row: Row) -> list[tuple[str, dict[str, Any]]]:
        account = {
            "number": row["id"],
            "state": state_of(row),
            "plan": "everything, until there is billing",
            "time zone": row["time_zone"],
            "since (UTC)": row["created_at"],
            "deleted on (UTC)": row["delete_at"],
        }
        work = {
            "variants": row["variants"],
            "listings": row["listings"],
            "orders of 30 days": row["orders_of_30_days"],
            "webhooks given up": row["dead_events"],
            "numbers that shops refuse": row["failed_cells"],
        }
        return [("Account", account), ("What there is", work)]

    def actions_on(self, row: Row) -> list[Action]:
        values = {"id": row["id"]}
        ending = [
            Action(
                "end_visit",
                f"End visit {visit['id']} of {visit['who']}",
                plain=True,
                values={"visit_id": visit["id"]},
            )
            for visit in row["visits"]
            if visit["is_open"]
        ]
        return [Action("visit", "Look at this account", VISIT, [REASON, MINUTES], values=values), *ending]

    @expose("/<int:id>/visit", methods=["POST"])  # type: ignore[untyped-decorator]
    def visit(self, id: int) -> ResponseReturnValue:
        given = self.given(REASON, MINUTES)
        begun = visits.start(self.staff, id, reason=given["reason"], minutes=int(given["minutes"]))
        public_url = current_app.extensions["settings"].public_url
        return self.page("visit.html", title="You may look now", visit=begun, id=id, public_url=public_url)

    @expose("/visits/<int:visit_id>/end", methods=["POST"])  # type: ignore[untyped-decorator]
    def end_visit(self, visit_id: int) -> ResponseReturnValue:
        account_id = visits.end(self.staff, visit_id)
        return self.done("The visit has ended.", self.address("detail", id=account_id))


class UsersView(DetailView):
    words = "Merchants' users. Addresses are masked; one that you know finds its user, written out in full."
    nothing = "Nobody has registered yet."
    columns = (
        Column("id", "number", link=lambda row: url_for("usersview.detail", id=row["id"])),
        Column("email", "address"),
        Column("accounts", "accounts", number=True),
        Column("has_codes", "one-time codes"),
        Column("last_used_at", "last seen (UTC)"),
        Column("created_at", "since (UTC)"),
    )
    filters = (Filter("email", "Address"), Filter("user_id", "Number", kind="whole"))
    detail_template = "user.html"
    account_columns = (
        Column(
            "account_id",
            "account",
            link=lambda row: url_for("accountsview.detail", id=row["account_id"]),
        ),
        Column("name", "name"),
        Column("role", "role"),
        Column("created_at", "since (UTC)"),
    )

    def find(self, *, limit: int, cursor: str | None, **filters: Any) -> Page:
        return people.users(limit=limit, cursor=cursor, **filters)

    def one(self, id: int) -> Row | None:
        return people.user(id)

    def name_of(self, row: Row) -> str:
        return f"User {row['id']}"

    def sections(self, row: Row) -> list[tuple[str, dict[str, Any]]]:
        facts = {
            "address": row["email"],
            "one-time codes": row["has_codes"],
            "last seen (UTC)": row["last_used_at"],
            "since (UTC)": row["created_at"],
        }
        return [("User", facts)]
