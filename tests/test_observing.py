"""What operators are told of metrics, and what dashboards and alerts ask for, is what there is."""

from __future__ import annotations

import re
from pathlib import Path

from app.measures.catalogue import CATALOGUE, Metric

PROJECT = Path(__file__).parents[1]
PAGE = PROJECT / "docs" / "operators" / "observing.md"


def row(metric: Metric) -> str:
    """Of the page's table."""
    labels = "; ".join(f"`{name}`: {meaning}" for name, meaning in metric.labels.items())
    return f"| `{metric.name}` | {metric.kind.value} | {metric.help} | {labels or 'none'} |"


def test_the_page_lists_every_metric_as_the_catalogue_has_it() -> None:
    listed = [
        line for line in PAGE.read_text().splitlines() if re.match(r"\| `syncflow_\w+` \| \w+ \|", line)
    ]
    assert listed == [row(metric) for metric in CATALOGUE.values()]
