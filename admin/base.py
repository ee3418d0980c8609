"""What every view of the console is made of. docs/engineers/console.md shows how to add one.

A view reads through `app.services.queries`, and acts through services that record what they do with
`app.services.staff.acting.record`. The guard has seen to who is calling and to the forms' tokens by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import Admin, BaseView, expose
from werkzeug.exceptions import HTTPException

from admin import guard
from admin.pages import fault_page, page, say
from app.api.errors import OK, STATUSES
from app.errors import InvalidInput, NotFound
from app.services.queries.paging import InvalidCursor, Page, Row
from app.services.staff.acting import Staff

PER_PAGE = 50
LONGEST = 200
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Column:
    """One of a list. `name` is the row's key; `text` makes other words of the row, `link` an address, `tone`
    a colour for the words: good, warn, bad or none."""

    name: str
    label: str
    text: Callable[[Row], Any] | None = None
    link: Callable[[Row], str | None] | None = None
    tone: Callable[[Row], str] | None = None
    number: bool = False

    def of(self, row: Row) -> Any:
        return self.text(row) if self.text else row[self.name]


@dataclass(frozen=True, slots=True)
class Filter:
    """One of a list's. `kind`: text, whole (a number), moment (UTC); or one of `choices` (value, words), with
    `none` for what no choice means."""

    name: str
    label: str
    kind: str = "text"
    choices: Sequence[tuple[str, str]] = ()
    none: str = "any"

    def parse(self, given: str) -> Any:
        """Raises InvalidInput."""
        if self.choices and given not in [value for value, _words in self.choices]:
            raise InvalidInput(f"{self.label}: choose one of the list.")
        if self.kind == "whole":
            if not (given.isascii() and given.isdigit() and int(given[:20]) <= LARGEST_ID):
                raise InvalidInput(f"{self.label}: a whole number is needed.")
            return int(given)
        if self.kind == "moment":
            return _moment(self.label, given)
        if len(given) > LONGEST or "\0" in given:
            raise InvalidInput(f"{self.label}: at most {LONGEST} characters.")
        return given


@dataclass(frozen=True, slots=True)
class Field:
    """What an action asks for. `most` bounds its length, `choices` (value, words) are all that it may be."""

    name: str
    label: str
    most: int = 500
    required: bool = True
    choices: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """A form with a button, that posts to the view's method `name`."""

    name: str
    label: str
    words: str = ""
    """What it does, where the label does not say it all."""
    fields: Sequence[Field] = ()
    danger: bool = False
    plain: bool = False
    """Beside what matters more."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Of the method's address, such as `{"id": 7}`."""


class ConsoleView(BaseView):  # type: ignore[misc]  # Flask-Admin has no types
    """A view with an address of its own under /admin, in the menu unless `in_menu` is False."""

    in_menu = True

    def create_blueprint(self, admin: Admin) -> Any:
        made = super().create_blueprint(admin)
        made.register_error_handler(Exception, fault_page)
        made.register_error_handler(HTTPException, fault_page)
        return made

    def is_visible(self) -> bool:
        return self.in_menu

    def _handle_view(self, name: str, /, **kwargs: Any) -> None:
        """The guard has seen to who is calling. `name` is the method's, and may be an argument of it, too."""

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Once: Flask-Admin calls a view again that raised a TypeError, and would so act twice."""
        return fn(self, *args, **kwargs)

    def page(self, template: str, **context: Any) -> str:
        """A page of this view, with its name as the title unless the context has one."""
        return page(template, **{"title": self.name, "view": self, **context})

    def address(self, method: str, **values: Any) -> str:
        """The address of one of this view's methods."""
        return url_for(f"{self.endpoint}.{method}", **values)

    @property
    def staff(self) -> Staff:
        """Who acts, for services."""
        return guard.at_work().staff

    def given(self, *fields: Field) -> dict[str, str]:
        """What the form of an action holds. Raises InvalidInput."""
        found = {}
        for one in fields:
            value = request.form.get(one.name, "").strip()
            if one.required and not value:
                raise InvalidInput(f"{one.label}: please fill this in.")
            if len(value) > one.most or "\0" in value:
                raise InvalidInput(f"{one.label}: at most {one.most} characters.")
            if one.choices and value not in [choice for choice, _words in one.choices]:
                raise InvalidInput(f"{one.label}: choose one of the list.")
            found[one.name] = value
        return found

    def done(self, words: str, to: str) -> Response:
        """After an action: back to a page, which says what was done."""
        return say(redirect(to), words)  # type: ignore[arg-type]  # is a Flask response here


class ListView(ConsoleView):
    """A list with filters in pages. A subclass has `columns`, `filters` and `find`, and may have `actions`,
    `words` (what the list shows) and `nothing` (what an empty one means)."""

    columns: Sequence[Column] = ()
    filters: Sequence[Filter] = ()
    actions: Sequence[Action] = ()
    words = ""
    nothing = "There is nothing here."
    nothing_matches = "Nothing matches these filters."
    list_template = "list.html"

    def find(self, *, limit: int, cursor: str | None, **filters: Any) -> Page:
        """The rows; `filters` has the values of the filters in use, by name."""
        raise NotImplementedError

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> ResponseReturnValue:
        given = {one.name: request.args.get(one.name, "").strip() for one in self.filters}
        in_use = {name: value for name, value in given.items() if value}
        error, found = None, Page([], None)
        try:
            values = {one.name: one.parse(in_use[one.name]) for one in self.filters if one.name in in_use}
            found = self.find(limit=PER_PAGE, cursor=request.args.get("cursor"), **values)
        except (InvalidInput, InvalidCursor) as err:
            error = err
        following = found.next and self.address("index", **in_use, cursor=found.next)
        made = self.page(
            self.list_template, found=found, given=given, in_use=in_use, error=error, following=following
        )
        return made, STATUSES[error.code] if error else OK


class DetailView(ListView):
    """A list whose rows have a page of their own. A subclass has `one` and `sections`, and may have
    `actions_on`."""

    detail_template = "detail.html"

    def one(self, id: int) -> Row | None:
        raise NotImplementedError

    def sections(self, row: Row) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Headings, and what there is to read below each: label -> value."""
        raise NotImplementedError

    def name_of(self, row: Row) -> str:
        """The page's title."""
        return f"{self.name} {row['id']}"

    def actions_on(self, row: Row) -> Sequence[Action]:
        """What can be done with it now."""
        return ()

    @expose("/<int:id>")  # type: ignore[untyped-decorator]
    def detail(self, id: int) -> ResponseReturnValue:
        row = self.one(id) if id <= LARGEST_ID else None
        if row is None:
            raise NotFound("There is nothing with this number.")
        return self.page(
            self.detail_template,
            row=row,
            title=self.name_of(row),
            sections=self.sections(row),
            actions=self.actions_on(row),
        )


def _moment(label: str, given: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as err:
        raise InvalidInput(f"{label}: a date and a time are needed.") from err
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
