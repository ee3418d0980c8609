"""How fast the app is where it is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import text

from app.measures.catalogue import WEB_VITAL_SECONDS, WEB_VITALS
from app.measures.current import meter
from app.services.uow import unit_of_work

GOOD_AND_POOR: Mapping[str, tuple[float, float]] = {
    "CLS": (0.1, 0.25),
    "FCP": (1800, 3000),
    "INP": (200, 500),
    "LCP": (2500, 4000),
    "TTFB": (800, 1800),
}
"""Up to the one good, above the other poor (https://web.dev/articles/vitals); milliseconds but for CLS."""
NO_TIMES = {"CLS"}
MOST_ROUTES = 200
"""Of an account and day; the rest are counted together."""
OTHER_ROUTES = "other"


def record(account_id: int, day: date, route: str, measured: Sequence[tuple[str, float]]) -> None:
    """Count (metric, value) of one visit to a page. `route` is the page's pattern, not its address."""
    with unit_of_work() as uow:
        session = uow.session
        known = session.execute(_ROUTES, {"account_id": account_id, "day": day, "route": route}).one()
        if not known.has_it and known.routes >= MOST_ROUTES:
            route = OTHER_ROUTES
        counts: Counter[tuple[str, str]] = Counter(
            (metric, _rating(metric, value)) for metric, value in measured
        )
        for metric in sorted({metric for metric, _value in measured}):
            session.execute(
                _COUNT,
                {
                    "account_id": account_id,
                    "day": day,
                    "route": route,
                    "metric": metric,
                    **{rating: counts[metric, rating] for rating in ("good", "fair", "poor")},
                    "sum": sum(round(value * 1000) for name, value in measured if name == metric),
                },
            )
        uow.commit()
    _show(measured)


def _show(measured: Sequence[tuple[str, float]]) -> None:
    """Where the monitoring looks."""
    for metric, value in measured:
        meter().count(WEB_VITALS, metric, _rating(metric, value))
        if metric not in NO_TIMES:
            meter().observe(WEB_VITAL_SECONDS, value / 1000, metric)


def _rating(metric: str, value: float) -> str:
    good, poor = GOOD_AND_POOR[metric]
    if value <= good:
        return "good"
    return "poor" if value > poor else "fair"


_ROUTES = text(
    """
    SELECT count(DISTINCT route) AS routes, coalesce(bool_or(route = :route), false) AS has_it
    FROM web_vital_days WHERE account_id = :account_id AND day = :day
    """
)
_COUNT = text(
    """
    INSERT INTO web_vital_days AS w (account_id, day, route, metric, good, fair, poor, sum_thousandths)
    VALUES (:account_id, :day, :route, :metric, :good, :fair, :poor, :sum)
    ON CONFLICT (account_id, day, route, metric) DO UPDATE SET good = w.good + EXCLUDED.good,
        fair = w.fair + EXCLUDED.fair, poor = w.poor + EXCLUDED.poor,
        sum_thousandths = w.sum_thousandths + EXCLUDED.sum_thousandths
    """
)
PURGE = text("DELETE FROM web_vital_days WHERE day < current_date - 400")
