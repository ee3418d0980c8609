"""A new password of one's own."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import guard
from admin.base import ConsoleView
from app.api.errors import STATUSES, TooManyRequests
from app.api.limits import limit_staff_secrets
from app.errors import InvalidInput
from app.services.passwords import MOST_CHARACTERS, WrongPassword
from app.services.staff import sign_in


class OwnPasswordView(ConsoleView):
    in_menu = False

    @expose("/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    def index(self) -> ResponseReturnValue:
        if request.method != "POST":
            return self.page("own_password.html")
        current, new, again = (
            request.form.get(name, "")[: MOST_CHARACTERS + 1] for name in ("current", "new", "again")
        )
        at = guard.at_work()
        try:
            limit_staff_secrets(at.staff_id)
            if new != again:
                raise InvalidInput("The new password is not the same twice.")
            sign_in.change_password(at, current=current, new=new)
        except (WrongPassword, InvalidInput, TooManyRequests) as err:
            return self.page("own_password.html", error=str(err)), STATUSES[err.code]
        return self.done("You have a new password. What else you had open has ended.", guard.PATH)
