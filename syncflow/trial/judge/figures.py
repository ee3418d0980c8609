"""The figures of a trial, their machine-readable form, and what of them is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncflow.trial.facts import Evidence
from syncflow.trial.judge import books, overselling, timing, traffic
from syncflow.trial.judge.physical import Shelf, shelves
from syncflow.trial.judge.told import Told

MUST_BE_ZERO = {
    "orders_lost": "orders never came home",
    "orders_double_counted": "orders were counted twice",
    "listings_diverged": "listings show another number than the ledger",
    "ledger_mismatches": "SKUs whose ledger does not explain itself",
    "edits_lost_unexplained": "merchant's edits were lost for no reason",
    "oversold_unexplained": "units were sold beyond stock outside any latency window",
    "writes_above_truth": "writes published more than was known to be left",
    "sales_never_propagated": "sales never reached the other shop",
    "quiet_writes": "writes when there was nothing left to do",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What the trial measured itself, not from the logs."""

    seed: int
    propagation_floor_ms: float
    duration_s: float
    peak_rss_mb: float
    became_quiet: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """`figures` is the JSON object; `wrong` holds a sentence for each thing that is not as it must be;
    `suspects` names where to look, by figure."""

    figures: Mapping[str, Any]
    wrong: tuple[str, ...]
    suspects: Mapping[str, Sequence[str]]


def judge(evidence: Evidence, measured: Measured) -> Judgement:
    """Every figure of a trial from its evidence."""
    histories = shelves(evidence.opening, evidence.logs)
    orders = books.orders(evidence)
    ledger = books.ledger(evidence, histories)
    diverged = books.diverged(evidence.items, evidence.record.available, evidence.record.cells)
    told = Told(evidence.logs, evidence.record.ledger)
    window = overselling.Window(evidence.logs, evidence.disturbances)
    oversold = overselling.oversold(histories.values(), told, window)
    above = overselling.writes_above_truth(histories.values(), told)
    propagated, never_propagated = timing.propagation_seconds(histories.values(), evidence.began_at)
    figures: dict[str, Any] = {
        "orders_placed": orders.placed,
        "orders_recorded": orders.recorded,
        "orders_lost": len(orders.lost),
        "orders_double_counted": len(orders.double_counted),
        "orders_refused": sum(log.refused for log in evidence.logs),
        "listings": len(evidence.items),
        "listings_diverged": len(diverged),
        "skus_run_out": sum(_ran_out(shelf) for shelf in histories.values()),
        "ledger_mismatches": len(ledger.mismatches),
        "edits": ledger.edits,
        "edits_lost": ledger.edits_lost,
        "edits_lost_unexplained": ledger.edits_lost_unexplained,
        "units_oversold": oversold.units,
        "oversold_unexplained": oversold.unexplained,
        "writes_above_truth": sum(above.values()),
        **_traffic(evidence),
        "heal_s": _spread(list(timing.heal_seconds(evidence)), p50=0.5, p95=0.95, max=1.0),
        "propagation_ms": _spread(
            [seconds * 1000 for seconds in propagated], p50=0.5, p95=0.95, p99=0.99, max=1.0
        ),
        "propagation_floor_ms": round(measured.propagation_floor_ms, 1),
        "sales_never_propagated": never_propagated,
        "quiet_after_s": round(evidence.quiet_at - evidence.played_at, 1),
        "duration_s": round(measured.duration_s, 1),
        "peak_rss_mb": round(measured.peak_rss_mb, 1),
        "seed": measured.seed,
    }
    suspects = {
        "orders_lost": [f"{shop} order {order}" for shop, order in orders.lost],
        "orders_double_counted": [f"{shop} order {order}" for shop, order in orders.double_counted],
        "listings_diverged": [
            f"{item.shop} {item.sku}: shows {item.quantity}, "
            f"ledger has {evidence.record.available.get(item.sku)}"
            for item in diverged
        ],
        "ledger_mismatches": [
            f"{sku}: ledger has {evidence.record.available.get(sku)}, really {histories[sku].final}"
            for sku in ledger.mismatches
            if sku in histories
        ],
        "oversold_unexplained": list(oversold.skus),
        "writes_above_truth": list(above),
    }
    return Judgement(
        figures=figures,
        wrong=_wrong(figures, became_quiet=measured.became_quiet),
        suspects={name: where for name, where in suspects.items() if where},
    )


def _ran_out(shelf: Shelf) -> bool:
    return any(shelf.after(index) <= 0 for index in range(len(shelf.events)))


def _traffic(evidence: Evidence) -> dict[str, int]:
    webhooks = traffic.webhooks(evidence.logs, evidence.began_at)
    changes = [entry for entry in evidence.record.ledger if entry.at >= evidence.began_at]
    return {
        "webhooks_sent": webhooks["queued"],
        "webhooks_lost": webhooks["dropped"],
        "webhooks_doubled": webhooks["doubled"],
        "api_calls": traffic.calls_since(evidence.logs, evidence.began_at),
        "push_calls": traffic.writes_since(evidence.logs, evidence.began_at),
        "push_calls_floor": traffic.push_calls_floor(changes, evidence.record.cells),
        "quiet_writes": traffic.quiet_writes(evidence.logs, evidence.quiet_at),
    }


def _spread(values: list[float], **shares: float) -> dict[str, float]:
    values.sort()
    return {name: round(timing.percentile(values, share), 1) for name, share in shares.items()}


def _wrong(figures: Mapping[str, Any], *, became_quiet: bool) -> tuple[str, ...]:
    sentences = [f"{figures[name]} {words}" for name, words in MUST_BE_ZERO.items() if figures[name]]
    if not became_quiet:
        sentences.append("SyncFlow did not become quiet in time")
    return tuple(sentences)
