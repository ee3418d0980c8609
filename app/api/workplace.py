"""What the web app keeps for the member who is signed in."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from app.api.errors import CREATED, NO_CONTENT, OK
from app.api.policy import member, principal
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.workplace import (
    ChangeDashboardSchema,
    ChangeViewSchema,
    DashboardSchema,
    DefaultDashboardSchema,
    NewDashboardSchema,
    NewViewSchema,
    PreferencesSchema,
    SavedViewArgs,
    SavedViewSchema,
    VersionSchema,
    WebVitalsSchema,
)
from app.domain.event_log import EventKind
from app.services.queries import workplace as queries
from app.services.queries.paging import Page, Row
from app.services.workplace import dashboards, notifications, saved_views, web_vitals
from app.services.workplace.notifications import Preference

blp = Resource("workplace", __name__, description="What the web app keeps for a member.")


@blp.route("/dashboards")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(DashboardSchema))
def list_dashboards(args: dict[str, Any]) -> Page:
    """One's own. Who has none sees the default one."""
    return queries.dashboards(member(), **args)


@blp.route("/dashboards/default")
@blp.response(OK, DefaultDashboardSchema)
def get_default_dashboard() -> Row:
    """How widgets are arranged where nobody has arranged them."""
    return {"widgets": dashboards.DEFAULT_WIDGETS}


@blp.route("/dashboards", methods=("POST",))
@blp.arguments(NewDashboardSchema)
@blp.response(CREATED, DashboardSchema)
def create_dashboard(given: dict[str, Any]) -> Row:
    """Keep a dashboard under a name."""
    return queries.dashboard(member(), dashboards.create(member(), **given))


@blp.route("/dashboards/<int:dashboard_id>")
@blp.response(OK, DashboardSchema)
def get_dashboard(dashboard_id: int) -> Row:
    """One of one's own."""
    return queries.dashboard(member(), dashboard_id)


@blp.route("/dashboards/<int:dashboard_id>", methods=("PUT",))
@blp.arguments(ChangeDashboardSchema)
@blp.response(OK, DashboardSchema)
def change_dashboard(given: dict[str, Any], dashboard_id: int) -> Row:
    """Replace its name and widgets."""
    dashboards.change(member(), dashboard_id, **given)
    return queries.dashboard(member(), dashboard_id)


@blp.route("/dashboards/<int:dashboard_id>/reset", methods=("POST",))
@blp.arguments(VersionSchema)
@blp.response(OK, DashboardSchema)
def reset_dashboard(given: dict[str, Any], dashboard_id: int) -> Row:
    """Arrange it as the default one."""
    dashboards.reset(member(), dashboard_id, **given)
    return queries.dashboard(member(), dashboard_id)


@blp.route("/dashboards/<int:dashboard_id>", methods=("DELETE",))
@blp.response(NO_CONTENT)
def delete_dashboard(dashboard_id: int) -> None:
    """Forget it."""
    dashboards.delete(member(), dashboard_id)


@blp.route("/saved-views")
@blp.arguments(SavedViewArgs, location="query")
@blp.response(OK, page_of(SavedViewSchema))
def list_saved_views(args: dict[str, Any]) -> Page:
    """One's own, and those that others share."""
    return queries.saved_views(member(), **args)


@blp.route("/saved-views", methods=("POST",))
@blp.arguments(NewViewSchema)
@blp.response(CREATED, SavedViewSchema)
def create_saved_view(given: dict[str, Any]) -> Row:
    """Keep a list's filters under a name."""
    return queries.saved_view(member(), saved_views.create(member(), given))


@blp.route("/saved-views/<int:view_id>")
@blp.response(OK, SavedViewSchema)
def get_saved_view(view_id: int) -> Row:
    """One of one's own, or one that is shared."""
    return queries.saved_view(member(), view_id)


@blp.route("/saved-views/<int:view_id>", methods=("PUT",))
@blp.arguments(ChangeViewSchema)
@blp.response(OK, SavedViewSchema)
def change_saved_view(given: dict[str, Any], view_id: int) -> Row:
    """Replace what it shows, its name, and whether it is shared."""
    saved_views.change(member(), view_id, given.pop("version"), given)
    return queries.saved_view(member(), view_id)


@blp.route("/saved-views/<int:view_id>", methods=("DELETE",))
@blp.response(NO_CONTENT)
def delete_saved_view(view_id: int) -> None:
    """Forget it."""
    saved_views.delete(member(), view_id)


@blp.route("/notification-preferences")
@blp.response(OK, PreferencesSchema)
def get_preferences() -> Row:
    """Of which kinds of events one wants to be told, by channel, and the number for `sms`."""
    return _preferences()


@blp.route("/notification-preferences", methods=("PATCH",))
@blp.arguments(PreferencesSchema)
@blp.response(OK, PreferencesSchema)
def set_preferences(given: dict[str, Any]) -> Row:
    """Set those that are named, and the number where it is named; the others stay."""
    wishes = [Preference(EventKind(wish["kind"]), wish["channel"], wish["wanted"]) for wish in given["items"]]
    notifications.prefer(member(), wishes)
    if "phone" in given:
        notifications.call(member(), given["phone"])
    return _preferences()


@blp.route("/web-vitals", methods=("POST",))
@blp.arguments(WebVitalsSchema)
@blp.response(NO_CONTENT)
def record_web_vitals(given: dict[str, Any]) -> None:
    """Tell how fast a page was. Kept as counts by page and day, without who it was."""
    measured = [(vital["metric"], vital["value"]) for vital in given["items"]]
    web_vitals.record(principal().account_id, datetime.now(UTC).date(), given["route"], measured)


def _preferences() -> Row:
    found = notifications.preferences(member())
    return {"items": [asdict(preference) for preference in found.items], "phone": found.phone}
