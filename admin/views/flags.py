"""Flags: what is switched off, for everybody or for one account."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.base import Action, ConsoleView, Field, Filter
from app.services import flags as service
from app.services.queries import flags
from app.services.queries.paging import Row

REASON = Field("reason", "Reason")
ACCOUNT = Filter("account_id", "Account's number", kind="whole")


class FlagsView(ConsoleView):
    words = "What may be switched off. Everything is on as it comes; a change holds from the next request on."

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> ResponseReturnValue:
        return self.page("flags.html", found=[(row, _actions(row)) for row in flags.flags()])

    @expose("/<flag>/off", methods=["POST"])  # type: ignore[untyped-decorator]
    def switch_off(self, flag: str) -> ResponseReturnValue:
        return self._switch(flag, on=False)

    @expose("/<flag>/on", methods=["POST"])  # type: ignore[untyped-decorator]
    def switch_on(self, flag: str) -> ResponseReturnValue:
        return self._switch(flag, on=True)

    @expose("/<flag>/forget/<int:account_id>", methods=["POST"])  # type: ignore[untyped-decorator]
    def forget(self, flag: str, account_id: int) -> ResponseReturnValue:
        service.forget(self.staff, flag, account_id)
        return self.done(f"For account {account_id} holds what holds for everybody.", self.address("index"))

    def _switch(self, flag: str, *, on: bool) -> ResponseReturnValue:
        given = request.form.get("account_id", "").strip()
        account_id = ACCOUNT.parse(given) if given else None
        service.switch(self.staff, flag, on=on, account_id=account_id, **self.given(REASON))
        whom = f"account {account_id}" if account_id else "everybody"
        return self.done(f"{flag} is {'on' if on else 'off'} for {whom}.", self.address("index"))


def _actions(row: Row) -> list[Action]:
    to = "off" if row["is_on"] else "on"
    name, values = f"switch_{to}", {"flag": row["flag"]}
    found = [Action(name, f"Switch {to} for everybody", fields=[REASON], danger=row["is_on"], values=values)]
    if row["for_accounts"]:
        fields = [Field("account_id", "Account's number", most=19), REASON]
        found.append(Action(name, f"Switch {to} for one account", fields=fields, values=values))
    for account in row["accounts"]:
        how = "on" if account["is_on"] else "off"
        words = f"{account['account']} ({account['account_id']}): {how}"
        for_account = values | {"account_id": account["account_id"]}
        found.append(Action("forget", "As for everybody", words, plain=True, values=for_account))
    return found
