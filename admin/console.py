"""The console: its views, in the menu's order, and how it is mounted."""

from __future__ import annotations

from flask import Flask
from flask_admin import Admin

from admin import guard, pages, sign_in
from admin.base import ConsoleView
from admin.views.accounts import AccountsView, UsersView
from admin.views.audit import MerchantAuditView, StaffAuditView
from admin.views.connections import ConnectionsView
from admin.views.dead_letters import DeadLettersView
from admin.views.errors import AlertsView, ErrorsView
from admin.views.events import EventsView
from admin.views.flags import FlagsView
from admin.views.home import HomeView
from admin.views.ledger import LedgerView
from admin.views.mass_replays import MassReplaysView
from admin.views.own_password import OwnPasswordView
from admin.views.queues import QueuesView, WorkersView
from admin.views.runs import RunsView

PATH = guard.PATH


def views() -> list[ConsoleView]:
    """One line for each view beside the home page; `category` is the menu's heading."""
    return [
        QueuesView("Queues", category="Operations", url="queues"),
        WorkersView("Workers", category="Operations", url="workers"),
        AlertsView("Alerts", category="Operations", url="alerts"),
        ConnectionsView("Connections", category="Shops", url="connections"),
        EventsView("Webhooks", category="Shops", url="webhooks"),
        RunsView("Sync runs", category="Shops", url="runs"),
        LedgerView("Ledger", category="Shops", url="ledger"),
        DeadLettersView("Dead letters", category="Failures", url="dead-letters"),
        ErrorsView("Errors", category="Failures", url="errors"),
        MassReplaysView("Replays", category="Failures", url="replays"),
        AccountsView("Accounts", category="Merchants", url="accounts"),
        UsersView("Users", category="Merchants", url="users"),
        MerchantAuditView("Audit log", category="Merchants", url="audit-log"),
        FlagsView("Flags", category="Operations", url="flags"),
        StaffAuditView("Staff actions", category="Records", url="staff-actions"),
        OwnPasswordView("Your password", url="password"),
    ]


def mount(app: Flask) -> None:
    """Serve the console under PATH, and leave its endpoints to its own guard."""
    console = Admin(app, name="SyncFlow console", index_view=HomeView("Home", endpoint="home", url=PATH))
    for view in views():
        console.add_view(view)
    app.register_blueprint(sign_in.blueprint())
    guard.protect(app, [rule.endpoint for rule in app.url_map.iter_rules() if _is_ours(rule.rule)])
    app.after_request(pages.seal)


def _is_ours(rule: str) -> bool:
    return rule == PATH or rule.startswith(f"{PATH}/")
