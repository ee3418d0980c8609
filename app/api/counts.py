"""Counting what is on the shelves."""

from __future__ import annotations

import tempfile
from typing import Any

from app.api.errors import CREATED, OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.connections import UndoneSchema
from app.api.schemas.counts import (
    BeginCountSchema,
    CountArgs,
    CountDetailSchema,
    CountLineSchema,
    CountSchema,
    RecordSchema,
    SheetArgs,
)
from app.api.stock_changes import by_variant
from app.api.uploads import body_in_pieces
from app.services import counts, undo
from app.services.count_sheets import record_sheet
from app.services.counts import begin
from app.services.queries import counts as queries
from app.services.queries.paging import Page, Row

BYTES_IN_MEMORY = 1024 * 1024

blp = Resource("counts", __name__, description="Counting what is on the shelves.")


@blp.route("/counts")
@blp.arguments(CountArgs, location="query")
@blp.response(OK, page_of(CountSchema))
def list_counts(args: dict[str, Any]) -> Page:
    """All counts, newest first."""
    return queries.counts(principal().account_id, **args)


@blp.route("/counts", methods=("POST",))
@blp.arguments(BeginCountSchema)
@blp.response(CREATED, CountDetailSchema)
def begin_count(given: dict[str, Any]) -> Row:
    """Begin to count at a location. Sales go on meanwhile."""
    caller = principal()
    return _now(begin(caller.account_id, actor=caller.actor, **given))


@blp.route("/counts/<int:count_id>")
@blp.response(OK, CountDetailSchema)
def get_count(count_id: int) -> Row:
    """One count and its totals."""
    return _now(count_id)


@blp.route("/counts/<int:count_id>/lines")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(CountLineSchema))
def list_count_lines(args: dict[str, Any], count_id: int) -> Page:
    """What was counted, what the ledger had at that moment, and the difference."""
    return queries.lines(principal().account_id, count_id, **args)


@blp.route("/counts/<int:count_id>/lines", methods=("POST",))
@blp.arguments(RecordSchema)
@blp.response(OK, CountDetailSchema)
def record_counted(given: dict[str, Any], count_id: int) -> Row:
    """Note what was counted. Of two numbers of a variant the one counted later stands."""
    caller = principal()
    counted = by_variant(given["lines"], "counted")
    counts.record(caller.account_id, count_id, counted, at=given["counted_at"], actor=caller.actor)
    return _now(count_id)


@blp.route("/counts/<int:count_id>/sheet", methods=("POST",))
@blp.arguments(SheetArgs, location="query")
@blp.response(OK, CountDetailSchema)
@blp.doc(requestBody={"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}})
def record_count_sheet(args: dict[str, Any], count_id: int) -> Row:
    """Note what was counted from a CSV file with the columns sku, counted and, if you like, counted_at.

    All of its rows or none: `errors` of a refusal tells what is wrong with which line. It may have 16 MB.
    """
    caller = principal()
    with tempfile.SpooledTemporaryFile(max_size=BYTES_IN_MEMORY) as file:
        # The whole body first, so that a slow client holds no transaction open.
        for piece in body_in_pieces():
            file.write(piece)
        file.seek(0)
        record_sheet(caller.account_id, count_id, file, at=args["counted_at"], actor=caller.actor)
    return _now(count_id)


@blp.route("/counts/<int:count_id>/finish", methods=("POST",))
@blp.response(OK, CountDetailSchema)
def finish_count(count_id: int) -> Row:
    """Book the differences. What was sold since a number was counted stays sold."""
    counts.finish(principal().account_id, count_id, actor=principal().actor)
    return _now(count_id)


@blp.route("/counts/<int:count_id>/cancel", methods=("POST",))
@blp.response(OK, CountDetailSchema)
def cancel_count(count_id: int) -> Row:
    """Book nothing."""
    counts.cancel(principal().account_id, count_id, actor=principal().actor)
    return _now(count_id)


def _now(count_id: int) -> Row:
    return queries.count(principal().account_id, count_id)


@blp.route("/counts/<int:count_id>/undo", methods=("POST",))
@blp.response(OK, UndoneSchema)
def undo_count(count_id: int) -> dict[str, int]:
    """Take back what the count corrected."""
    caller = principal()
    return {"movements": undo.undo_count(caller.account_id, count_id, actor=caller.actor)}
