"""Replays of many dead letters: how far they are, and how to stop one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.base import Action, Column, DetailView
from admin.views.queues import duration
from app.services.dead_letters import mass
from app.services.queries import dead_letters
from app.services.queries.paging import Page, Row


class MassReplaysView(DetailView):
    words = "Dead letters that are put back to work some at a time, newest first."
    nothing = (
        'Nothing was replayed by a filter yet. "Replay all that match" among the dead letters begins one.'
    )
    detail_template = "mass_replay.html"
    columns = (
        Column("created_at", "begun (UTC)", link=lambda row: url_for("massreplaysview.detail", id=row["id"])),
        Column("state", "state"),
        Column("replayed", "put back", number=True),
        Column("passed_over", "passed over", number=True),
        Column("total", "of", number=True),
        Column("per_second", "a second", number=True),
        Column("actor", "by"),
        Column("filters", "which"),
    )

    def find(self, *, limit: int, cursor: str | None, **filters: Any) -> Page:
        return dead_letters.mass_replays(limit=limit, cursor=cursor)

    def one(self, id: int) -> Row | None:
        return dead_letters.mass_replay(id)

    def name_of(self, row: Row) -> str:
        return f"Replay {row['id']}: {row['state']}"

    def sections(self, row: Row) -> list[tuple[str, Mapping[str, Any]]]:
        how_far = {
            "put back to work": row["replayed"],
            "passed over": f"{row['passed_over']} (done meanwhile, or not possible for their kind)",
            "of": row["total"],
            "a second": row["per_second"],
        }
        if row["state"] == "running":
            left = row["total"] - row["replayed"] - row["passed_over"]
            how_far["takes about"] = duration(max(left / row["per_second"], 1))
        else:
            how_far["ended (UTC)"] = row["finished_at"]
        which = {name.replace("_", " "): value for name, value in row["filters"].items()}
        begun = {
            "by": row["actor"],
            "begun (UTC)": row["created_at"],
            **(which or {"which": "all that were dead"}),
        }
        return [("How far it is", how_far), ("What was asked for", begun)]

    def actions_on(self, row: Row) -> Sequence[Action]:
        if row["state"] != "running":
            return ()
        words = "What was put back stays so; the rest stays dead."
        return [Action("stop", "Stop it", words, danger=True, values={"id": row["id"]})]

    @expose("/<int:id>/stop", methods=["POST"])  # type: ignore[untyped-decorator]
    def stop(self, id: int) -> ResponseReturnValue:
        mass.stop(self.staff, id)
        return self.done("It has stopped.", self.address("detail", id=id))
