"""CSV files: uploaded, checked, looked at, and applied."""

from __future__ import annotations

from typing import Any

from app.api.errors import ACCEPTED, OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.imports import (
    ApplyImportSchema,
    CatalogArgs,
    CountsArgs,
    ImportRowArgs,
    ImportRowSchema,
    ImportSchema,
)
from app.api.uploads import body_in_pieces
from app.services.imports import decide
from app.services.imports.receive import Upload, receive
from app.services.queries import imports as queries
from app.services.queries.paging import Page, Row

PIECE_BYTES = 1024 * 1024
CSV_FILE = {"required": True, "content": {"text/csv": {"schema": {}}}}
"""Any bytes are taken: whether they are a file that can be read, the check says."""

blp = Resource("imports", __name__, description="CSV files of variants and of counted stock.")


@blp.route("/imports")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(ImportSchema))
def list_imports(args: dict[str, Any]) -> Page:
    """All imports, newest first."""
    return queries.imports(principal().account_id, **args)


@blp.route("/imports/catalog", methods=("POST",))
@blp.arguments(CatalogArgs, location="query")
@blp.response(ACCEPTED, ImportSchema)
@blp.doc(requestBody=CSV_FILE)
def upload_catalog(args: dict[str, Any]) -> Row:
    """Upload variants: sku or id, and what to set of title, barcode, currency, price, unit_cost and
    low_stock_threshold. Nothing changes before it is applied. It may have 256 MB and 1,000,000 rows."""
    return _take(Upload(kind="catalog", **args))


@blp.route("/imports/counts", methods=("POST",))
@blp.arguments(CountsArgs, location="query")
@blp.response(ACCEPTED, ImportSchema)
@blp.doc(requestBody=CSV_FILE)
def upload_counts(args: dict[str, Any]) -> Row:
    """Upload what was counted at a location: sku, counted and, if you like, counted_at. Applied, it becomes a
    count, and is finished."""
    return _take(Upload(kind="counts", **args))


@blp.route("/imports/<int:import_id>")
@blp.response(OK, ImportSchema)
def get_import(import_id: int) -> Row:
    """How far it is, and what it would change."""
    return queries.csv_import(principal().account_id, import_id)


@blp.route("/imports/<int:import_id>/rows")
@blp.arguments(ImportRowArgs, location="query")
@blp.response(OK, page_of(ImportRowSchema))
def list_import_rows(args: dict[str, Any], import_id: int) -> Page:
    """What each row would do, or did, or what is wrong with it."""
    return queries.import_rows(principal().account_id, import_id, **args)


@blp.route("/imports/<int:import_id>/apply", methods=("POST",))
@blp.arguments(ApplyImportSchema)
@blp.response(ACCEPTED, ImportSchema)
def apply_import(given: dict[str, Any], import_id: int) -> Row:
    """Have a checked file done. Applied twice, it is done once."""
    caller = principal()
    decide.apply(caller.account_id, import_id, skip_faulty=given["skip_faulty"], actor=caller.actor)
    return queries.csv_import(caller.account_id, import_id)


@blp.route("/imports/<int:import_id>/cancel", methods=("POST",))
@blp.response(OK, ImportSchema)
def cancel_import(import_id: int) -> Row:
    """Give it up. Rows that were applied stay applied."""
    caller = principal()
    decide.cancel(caller.account_id, import_id, actor=caller.actor)
    return queries.csv_import(caller.account_id, import_id)


def _take(upload: Upload) -> Row:
    caller = principal()
    pieces = body_in_pieces(piece_bytes=PIECE_BYTES)
    made = receive(caller.account_id, upload, pieces, actor=caller.actor)
    return queries.csv_import(caller.account_id, made)
