"""The first page: what is wrong now, at a glance."""

from __future__ import annotations

from flask import current_app
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.base import ConsoleView
from app.services.health import check


class HomeView(ConsoleView):
    def __init__(self, name: str, *, endpoint: str, url: str) -> None:
        super().__init__(name, endpoint=endpoint, url=url)

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> ResponseReturnValue:
        return self.page(
            "home.html", title="What is wrong now", health=check(current_app.extensions["settings"])
        )
