"""`GET /metrics`: the figures of the whole installation, as Prometheus reads them. Any web process answers
for all, so that one target is scraped: the service's address, not each process."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request

from app.api.errors import NotSignedIn
from app.errors import NotFound
from app.measures.catalogue import CATALOGUE, Kind, Metric
from app.services.figures import Distribution, Figure, figures
from app.settings import Settings

if TYPE_CHECKING:
    from prometheus_client import Metric as Family

metrics = Blueprint("metrics", __name__)


@metrics.get("/metrics")
def show() -> Response:
    """For who has METRICS_TOKEN; where none is set there is no such page."""
    settings: Settings = current_app.extensions["settings"]
    if not settings.metrics_token:
        raise NotFound("There is no such page.")
    told = request.headers.get("Authorization", "")
    if not hmac.compare_digest(told.encode(), f"Bearer {settings.metrics_token}".encode()):
        raise NotSignedIn()
    return _exposed(figures(settings, current_app.extensions["redis"]))


def _exposed(found: Sequence[Figure]) -> Response:
    # Imported here: workers and commands have no use for it.
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

    return Response(generate_latest(_Exposition(found)), content_type=CONTENT_TYPE_LATEST)


class _Exposition:
    """What prometheus_client calls a collector."""

    def __init__(self, found: Sequence[Figure]) -> None:
        self._by_metric: defaultdict[str, list[Figure]] = defaultdict(list)
        for figure in found:
            self._by_metric[figure.metric.name].append(figure)

    def collect(self) -> Iterator[Family]:
        for name, metric in CATALOGUE.items():
            yield _family(metric, self._by_metric[name])


def _family(metric: Metric, found: Sequence[Figure]) -> Family:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    labels = list(metric.labels)
    if metric.kind is Kind.HISTOGRAM:
        spread = HistogramMetricFamily(metric.name, metric.help, labels=labels)
        bounds = [*(str(bound) for bound in metric.upper_bounds), "+Inf"]
        for figure in found:
            assert isinstance(figure.value, Distribution)
            buckets = list(zip(bounds, map(float, accumulate(figure.value.counts)), strict=True))
            spread.add_metric(figure.labels, buckets=buckets, sum_value=figure.value.total)
        return spread
    of_kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = of_kind(metric.name, metric.help, labels=labels)
    for figure in found:
        assert isinstance(figure.value, int | float)
        family.add_metric(figure.labels, figure.value)
    return family
