"""Syncing: now, what it would do, what it did, and where it stopped."""

from __future__ import annotations

from typing import Any

from flask import Response

from app.api.errors import ACCEPTED, OK
from app.api.files import CSV, FILE, csv_file
from app.api.limits import limit_to
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.connections import UndoneSchema
from app.api.schemas.sync import (
    BrakeSchema,
    ItemArgs,
    ItemFilters,
    PreviewArgs,
    PreviewScope,
    RunArgs,
    RunItemSchema,
    RunSchema,
    ScopeSchema,
    SyncPreviewRowSchema,
    SyncTotalsSchema,
)
from app.services import undo
from app.services.queries import runs
from app.services.queries.brakes import brakes
from app.services.queries.exports import run_item_rows
from app.services.queries.paging import Page, Row
from app.services.queries.sync_preview import sync_preview, sync_totals
from app.services.run_now import Scope, run_now

RUNS_A_MINUTE = 30

blp = Resource("sync", __name__, description="Syncing: now, what it would do, and what it did.")


@blp.route("/sync/runs", methods=("POST",))
@blp.arguments(ScopeSchema)
@blp.response(ACCEPTED, RunSchema)
def start_run(given: dict[str, Any]) -> Row:
    """Read and write now: one shop, one product or variant on all shops, or everything. Poll the run; while
    one for the same is under way, that is the answer."""
    caller = principal()
    limit_to(RUNS_A_MINUTE, f"run:{caller.account_id}")
    run_id = run_now(caller.account_id, Scope(**given), actor=caller.actor)
    return runs.run(caller.account_id, run_id)


@blp.route("/sync/runs")
@blp.arguments(RunArgs, location="query")
@blp.response(OK, page_of(RunSchema))
def list_runs(args: dict[str, Any]) -> Page:
    """What was done, newest first. What found nothing to do is not kept one by one."""
    return runs.runs(principal().account_id, **args)


@blp.route("/sync/runs/<int:run_id>")
@blp.response(OK, RunSchema)
def get_run(run_id: int) -> Row:
    """One of them."""
    return runs.run(principal().account_id, run_id)


@blp.route("/sync/runs/<int:run_id>/items")
@blp.arguments(ItemArgs, location="query")
@blp.response(OK, page_of(RunItemSchema))
def list_run_items(args: dict[str, Any], run_id: int) -> Page:
    """What it wrote or found changed, number by number, in its order."""
    return runs.items(principal().account_id, run_id, **args)


@blp.route("/sync/runs/<int:run_id>/items.csv")
@blp.arguments(ItemFilters, location="query")
@blp.response(OK, FILE, content_type=CSV)
def export_run_items(args: dict[str, Any], run_id: int) -> Response:
    """The same as a file, whole."""
    return csv_file(f"run-{run_id}", run_item_rows(principal().account_id, run_id, **args))


@blp.route("/sync/runs/<int:run_id>/undo", methods=("POST",))
@blp.response(OK, UndoneSchema)
def undo_run(run_id: int) -> dict[str, int]:
    """Take back what the shop's numbers did to the stock while it went on. Every shop follows."""
    caller = principal()
    return {"movements": undo.undo_run(caller.account_id, run_id, actor=caller.actor)}


@blp.route("/sync/preview")
@blp.arguments(PreviewArgs, location="query")
@blp.response(OK, page_of(SyncPreviewRowSchema))
def preview_sync(args: dict[str, Any]) -> Page:
    """What a run would write where, from what to what and why. Nothing is written, no shop is called. A page
    may be short or empty: the last one has no `next`. `POST /sync/runs` does it."""
    scope = Scope(**{name: args.pop(name) for name in ("connection_id", "product_id", "variant_id")})
    return sync_preview(principal().account_id, scope, **args)


@blp.route("/sync/preview/totals")
@blp.arguments(PreviewScope, location="query")
@blp.response(OK, SyncTotalsSchema)
def total_preview(args: dict[str, Any]) -> Row:
    """How many numbers a run would change, shop by shop. Nothing is written, no shop is called."""
    return sync_totals(principal().account_id, Scope(**args))


@blp.route("/brakes")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(BrakeSchema))
def list_brakes(args: dict[str, Any]) -> Page:
    """Shops where a mass change stopped and waits for a person, the longest first."""
    return brakes(principal().account_id, **args)
