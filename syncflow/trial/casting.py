"""Choosing the scenario that the user asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from syncflow.trial.generated import generated
from syncflow.trial.invoices import InvoiceFile
from syncflow.trial.placing import placed
from syncflow.trial.replay import from_invoices
from syncflow.trial.scenario import Scenario, Wishes

GENERATED_SKUS = 300


@dataclass(frozen=True, slots=True)
class Cast:
    """`source`: what the order file held, in lines, and what of it could not be played."""

    scenario: Scenario
    source: Mapping[str, int]


def cast(orders_file: Path | None, wishes: Wishes) -> Cast:
    """Read the whole scenario. Raises InvalidOrderFile."""
    if orders_file is None:
        return Cast(_placed(generated(wishes, skus=wishes.skus or GENERATED_SKUS), wishes), {})
    file = InvoiceFile(orders_file)
    scenario = from_invoices(file.invoices, wishes)
    return Cast(_placed(scenario, wishes), {"lines_read": file.lines_read, **file.odd, **scenario.tally})


def _placed(scenario: Scenario, wishes: Wishes) -> Scenario:
    return placed(scenario, locations=wishes.locations) if wishes.locations > 1 else scenario
