"""Gathering what there is to judge, and keeping it for whoever wants to look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from syncflow.trial.facts import Evidence, PlacedOrder
from syncflow.trial.records import keep_tables, read_record
from syncflow.trial.scenario import CatalogItem, bundles_of
from syncflow.trial.stage import Stage


def gather(stage: Stage, catalog: Sequence[CatalogItem], placed: Sequence[PlacedOrder]) -> Evidence:
    """The shops' logs and numbers and the product's records, as they are now; times are still open."""
    return Evidence(
        logs=[shop.log() for shop in stage.shops.values()],
        items=[item for shop in stage.shops.values() for item in shop.items()],
        placed=placed,
        record=read_record(stage.product.settings.database_url, stage.places),
        opening={item.sku: item.opening for item in catalog if not item.components},
        bundles=bundles_of(catalog),
        locations=len(stage.places),
    )


def keep(stage: Stage, folder: Path) -> None:
    """Write the shops' logs (JSON lines) and the product's tables (CSV) to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for slug, shop in stage.shops.items():
        with (folder / f"{slug}-events.jsonl").open("w") as file:
            for page in shop.events():
                file.writelines(json.dumps(event) + "\n" for event in page)
    keep_tables(stage.product.settings.database_url, folder)
