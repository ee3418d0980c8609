"""What a merchant sees first."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from app.api.errors import OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.dashboard import (
    OrderReportArgs,
    OrderReportSchema,
    OverviewSchema,
    ReportingSchema,
    ShopStatusListSchema,
    SpanArgs,
    StockReportArgs,
    StockReportSchema,
    SyncReportSchema,
)
from app.api.versions import seen
from app.errors import InvalidInput
from app.services import reporting
from app.services.queries.dashboard.orders import order_series
from app.services.queries.dashboard.overview import overview
from app.services.queries.dashboard.reporting import reporting as reporting_of
from app.services.queries.dashboard.status import shop_status
from app.services.queries.dashboard.stock import stock_report
from app.services.queries.dashboard.sync import sync_report
from app.services.queries.paging import Row
from app.services.versions import version_of

blp = Resource("dashboard", __name__, description="What a merchant sees first.")
_version = partial(version_of, names=reporting.VERSIONED)


@blp.route("/dashboard/overview")
@blp.response(OK, OverviewSchema)
def get_overview() -> Row:
    """All that the first screen shows: shops, today's orders, low stock, and what needs attention."""
    return overview(principal().account_id, now=_now())


@blp.route("/dashboard/status")
@blp.response(OK, ShopStatusListSchema)
def get_shop_status() -> Row:
    """Of each connected shop whether it is green, amber or red, and why."""
    return {"items": shop_status(principal().account_id)}


@blp.route("/dashboard/orders")
@blp.arguments(OrderReportArgs, location="query")
@blp.response(OK, OrderReportSchema)
def get_order_report(args: dict[str, Any]) -> Row:
    """Orders and revenue by when the orders were placed, seconds behind at most. Test orders are left out."""
    return order_series(principal().account_id, **args, now=_now())


@blp.route("/dashboard/stock")
@blp.arguments(StockReportArgs, location="query")
@blp.response(OK, StockReportSchema)
def get_stock_report(args: dict[str, Any]) -> Row:
    """What is on hand is worth, what runs low, and units that came and went by when that was booked."""
    return stock_report(principal().account_id, **args, now=_now())


@blp.route("/dashboard/sync")
@blp.arguments(SpanArgs, location="query")
@blp.response(OK, SyncReportSchema)
def get_sync_report(args: dict[str, Any]) -> Row:
    """What became of the numbers that were written to each shop, how each platform's API answered, and the
    uptime of SyncFlow."""
    return sync_report(principal().account_id, **args, now=_now())


@blp.route("/account/reporting")
@blp.response(OK, ReportingSchema)
@blp.versioned(_version)
def get_reporting() -> Row:
    """The time zone in which days begin, and the currency that sums are converted to."""
    return _reporting()


@blp.route("/account/reporting", methods=("PUT",))
@blp.arguments(ReportingSchema)
@blp.response(OK, ReportingSchema)
@blp.versioned(_version)
def set_reporting(given: dict[str, Any]) -> Row:
    """Replace them, with all rates. What was recorded stays as it is: reports follow at once."""
    rates = {each["currency"]: each["rate"] for each in given["rates"]}
    if len(rates) < len(given["rates"]):
        raise InvalidInput("A currency is named twice.")
    reporting.set_reporting(
        principal().account_id,
        time_zone=given["time_zone"],
        currency=given["currency"],
        rates=rates,
        actor=principal().actor,
        seen=seen(),
    )
    return _reporting()


def _reporting() -> Row:
    found = reporting_of(principal().account_id)
    rates = [{"currency": currency, "rate": rate} for currency, rate in sorted(found.rates.items())]
    return {"time_zone": found.time_zone, "currency": found.currency, "rates": rates}


def _now() -> datetime:
    return datetime.now(UTC)
