"""What failed for good: found, understood, put back to work or given up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import links
from admin.base import Column, DetailView, Field, Filter
from admin.pages import Link
from admin.views.queues import duration
from app.errors import InvalidInput
from app.services.dead_letters import mass
from app.services.dead_letters.kinds import JOBS, KINDS
from app.services.dead_letters.replay import MOST_AT_ONCE, discard, replay
from app.services.queries import dead_letters
from app.services.queries.paging import Page, Row

REASON = Field("reason", "Why nobody needs it")
RATE = Field("per_second", f"How many in a second (1 to {mass.FASTEST})", most=3)
USUAL_RATE = 10
LARGEST_ID = 2**63 - 1


class DeadLettersView(DetailView):
    words = "Work that failed for good and waits for a person. What is still tried by itself is left out."
    nothing = "Nothing has failed for good."
    list_template = "dead_letters.html"
    detail_template = "dead_letter.html"
    columns = (
        Column("failed_at", "failed (UTC)", link=lambda row: _address("detail", id=row["id"])),
        Column("what", "what"),
        links.ACCOUNT,
        links.SHOP,
        Column("error", "error", text=lambda row: _error(row)),
        Column("message", "message"),
        Column("attempts", "tries", number=True),
    )
    filters = (
        Filter(
            "state",
            "State",
            choices=[(one, one) for one in dead_letters.STATES if one != "dead"],
            none="dead",
        ),
        Filter("kind", "What", choices=[(kind, kind) for kind in (*KINDS, *JOBS)]),
        Filter("queue", "Queue"),
        Filter("account_id", "Account's number", kind="whole"),
        Filter("connection_id", "Connection's number", kind="whole"),
        Filter("error_class", "Class of the error"),
        Filter("code", "Code of the error"),
        Filter("failed_after", "Failed since (UTC)", kind="moment"),
        Filter("failed_before", "Failed before (UTC)", kind="moment"),
    )
    group_columns = (
        Column("letters", "how many", number=True, link=lambda row: _of_group(row)),
        Column("kind", "what"),
        Column("error", "error", text=lambda row: _error(row)),
        Column("message", "message of the last"),
        Column("accounts", "accounts", number=True),
        Column("last_at", "last (UTC)"),
        Column("cause", "what may help", text=lambda row: f"{row['cause']} {row['remedy']}"),
    )

    def find(self, *, limit: int, cursor: str | None, **filters: Any) -> Page:
        return dead_letters.letters(filters, limit=limit, cursor=cursor)

    def one(self, id: int) -> Row | None:
        return dead_letters.letter(id)

    def name_of(self, row: Row) -> str:
        return f"{row['what']}: {row['state']}"

    def sections(self, row: Row) -> list[tuple[str, Mapping[str, Any]]]:
        what = {
            "state": row["state"],
            "failed (UTC)": row["failed_at"],
            "tries since it was last put back": row["attempts"],
            "error": _error(row),
            "message": row["message"],
            "job": row["call"] or "has none of its own",
            "queue": row["queue"],
            "account": links.account(row),
            "shop": links.shop(row),
            "replayed (UTC)": row["replayed_at"],
        }
        if row["discarded_by"]:
            what |= {"given up by": row["discarded_by"], "because": row["discarded_because"]}
        if row["about"] and "body" in row["about"]:
            row["body"] = _as_text(row["about"]["body"])
        about = {
            name.replace("_", " "): value for name, value in (row["about"] or {}).items() if name != "body"
        }
        return [("What failed", what), ("What it is about", about | _leading(row["about"] or {}))]

    @expose("/groups")  # type: ignore[untyped-decorator]
    def groups(self) -> ResponseReturnValue:
        """By error, the most first."""
        return self.page(
            "dead_letter_groups.html", title="Dead letters by error", rows=dead_letters.groups({})
        )

    @expose("/confirm")  # type: ignore[untyped-decorator]
    def confirm(self) -> ResponseReturnValue:
        """Before some are replayed or given up: which, and what that does."""
        what = request.args.get("what", "")
        if what not in ("replay", "discard"):
            raise InvalidInput("Say whether to replay or to discard.")
        rows = dead_letters.some(_ids(request.args.getlist("id")))
        several = f"{len(rows)} dead letter{'' if len(rows) == 1 else 's'}"
        title = f"Replay {several}?" if what == "replay" else f"Discard {several}?"
        return self.page("dead_letters_confirm.html", title=title, what=what, rows=rows, reason=REASON)

    @expose("/confirm-all")  # type: ignore[untyped-decorator]
    def confirm_all(self) -> ResponseReturnValue:
        """Before all that match are replayed: how many, and how fast."""
        asked = self._asked(request.args)
        found = dead_letters.count(self._parsed(asked))
        title = f"Replay all {found} that match?"
        seconds = {rate: max(found / rate, 1) for rate in (USUAL_RATE, mass.FASTEST)}
        takes = [f"about {duration(each)} at {rate} a second" for rate, each in seconds.items()]
        return self.page(
            "dead_letters_confirm_all.html",
            title=title,
            asked=asked,
            found=found,
            takes=", ".join(takes),
            rate=RATE,
            usual_rate=USUAL_RATE,
        )

    @expose("/replay", methods=["POST"])  # type: ignore[untyped-decorator]
    def replay(self) -> ResponseReturnValue:
        ids = _ids(request.form.getlist("id"))
        done = replay(self.staff, ids)
        return self.done(_told(done, ids, "put back to work"), self.address("index"))

    @expose("/discard", methods=["POST"])  # type: ignore[untyped-decorator]
    def discard(self) -> ResponseReturnValue:
        ids = _ids(request.form.getlist("id"))
        done = discard(self.staff, ids, **self.given(REASON))
        return self.done(_told(done, ids, "given up"), self.address("index"))

    @expose("/replay-all", methods=["POST"])  # type: ignore[untyped-decorator]
    def replay_all(self) -> ResponseReturnValue:
        filters = self._parsed(self._asked(request.form))
        rate = self.given(RATE)["per_second"]
        if not (rate.isascii() and rate.isdigit()):
            raise InvalidInput(f"{RATE.label}: a whole number is needed.")
        mass_id = mass.start(self.staff, filters, per_second=int(rate))
        return self.done("The replay has begun.", url_for("massreplaysview.detail", id=mass_id))

    def _asked(self, source: Mapping[str, str]) -> dict[str, str]:
        """The list's filters that are given, as they are."""
        given = {one.name: source.get(one.name, "").strip() for one in self.filters}
        return {name: value for name, value in given.items() if value}

    def _parsed(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """Raises InvalidInput."""
        return {one.name: one.parse(asked[one.name]) for one in self.filters if one.name in asked}


def _ids(given: Sequence[str]) -> list[int]:
    """Raises InvalidInput."""
    if not given:
        raise InvalidInput("Choose at least one.")
    if len(given) > MOST_AT_ONCE:
        raise InvalidInput(f"At most {MOST_AT_ONCE} at once.")
    if not all(one.isascii() and one.isdigit() and int(one[:20]) <= LARGEST_ID for one in given):
        raise InvalidInput("These are no dead letters.")
    return sorted({int(one) for one in given})


def _told(done: Sequence[int], asked: Sequence[int], what: str) -> str:
    left = len(asked) - len(done)
    words = f"{len(done)} {'was' if len(done) == 1 else 'were'} {what}."
    return (
        words if not left else f"{words} {left} could not be: done meanwhile, or not possible for its kind."
    )


def _leading(about: Row) -> dict[str, Link]:
    """Those of its facts that have a page here."""
    found = {}
    for name, view in (("event_id", "eventsview"), ("variant_id", "ledgerview")):
        if (number := about.get(name)) is not None:
            found[name.replace("_", " ")] = Link(str(number), url_for(f"{view}.detail", id=number))
    return found


def _as_text(document: Any) -> str:
    return "It is no JSON." if document is None else json.dumps(document, ensure_ascii=False, indent=2)


def _address(method: str, **values: Any) -> str:
    return url_for(f"deadlettersview.{method}", **values)


def _of_group(row: Row) -> str:
    return _address("index", kind=row["kind"], error_class=row["error_class"], code=row["code"])


def _error(row: Row) -> str:
    return " ".join(part for part in (row["error_class"], row["code"]) if part)
