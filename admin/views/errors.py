"""Errors by what they have in common, with their rates; and the alerts of the installation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import url_for

from admin.base import Column, DetailView, Filter, ListView
from app.domain.alerts import AlertKind
from app.services.queries import alerts, errors
from app.services.queries.paging import Page, Row


class ErrorsView(DetailView):
    words = "What failed, by fingerprint: the work, the platform, the code and the place. The latest first."
    nothing = "Nothing has failed."
    list_template = "errors.html"
    columns = (
        Column("last_seen", "last (UTC)", link=lambda row: url_for("errorsview.detail", id=row["id"])),
        Column("kind", "what"),
        Column("platform", "platform"),
        Column("code", "error", text=lambda row: f"{row['error_class']} ({row['code']})"),
        Column("of_a_day", "within a day", number=True),
        Column("count", "in all", number=True),
        Column("first_seen", "first (UTC)"),
        Column("remedy", "what may help", text=lambda row: f"{row['cause']} {row['remedy']}"),
    )
    filters = (
        Filter("platform", "Platform"),
        Filter("kind", "What"),
        Filter("code", "Code"),
        Filter("since", "Seen since (UTC)", kind="moment"),
    )

    def rates(self) -> list[Row]:
        """By platform and class, each of the last 24 hours: for the page."""
        return errors.rates(datetime.now(UTC))

    def call_rates(self) -> list[Row]:
        return errors.call_rates()

    def find(self, *, limit: int, cursor: str | None, **filters: Any) -> Page:
        return errors.groups(limit=limit, cursor=cursor, **filters)

    def one(self, id: int) -> Row | None:
        return errors.group(id)

    def name_of(self, row: Row) -> str:
        return f"{row['error_class']} in {row['kind']}"

    def sections(self, row: Row) -> list[tuple[str, Mapping[str, Any]]]:
        return [
            ("What may help", {"cause": row["cause"], "remedy": row["remedy"]}),
            (
                "The error",
                {
                    "what": row["kind"],
                    "platform": row["platform"],
                    "class": row["error_class"],
                    "code": row["code"],
                    "place": row["place"],
                    "message of the last": row["message"],
                    "first (UTC)": row["first_seen"],
                    "last (UTC)": row["last_seen"],
                    "in all": row["count"],
                },
            ),
            ("By hour, of the last 48 (UTC)", dict(sorted(row["hours"].items(), reverse=True))),
        ]


class AlertsView(ListView):
    words = "What was wrong with the installation, the latest first. Each is open for as long as it is so."
    nothing = "Nothing was ever wrong."
    columns = (
        Column("raised_at", "since (UTC)"),
        Column("cleared_at", "until (UTC)", text=lambda row: row["cleared_at"] or "open"),
        Column("kind", "what", text=lambda row: words_of_alert(row)),
        Column("means", "means"),
        Column("remedy", "what helps"),
        Column("detail", "details"),
    )
    filters = (
        Filter("kind", "What", choices=[(kind.value, kind.value.replace("_", " ")) for kind in AlertKind]),
        Filter("open", "Open", choices=[("yes", "open ones only")]),
    )

    def find(self, *, limit: int, cursor: str | None, **filters: Any) -> Page:
        return alerts.alerts(limit=limit, cursor=cursor, **filters)


def words_of_alert(row: Row) -> str:
    return f"{row['kind'].replace('_', ' ')} {row['subject']}".strip()
