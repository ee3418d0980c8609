"""The figures of a trial, their machine-readable form, and what of them is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncflow.trial.facts import SALES, Evidence
from syncflow.trial.judge import books, overselling, timing, traffic
from syncflow.trial.judge.physical import Shelf, on_sale, shelves
from syncflow.trial.judge.told import Told

MUST_BE_ZERO = {
    "orders_lost": "orders never came home",
    "orders_double_counted": "orders were counted twice",
    "listings_diverged": "listings show another number than the ledger",
    "listings_above_truth": "listings show more in all locations together than is left",
    "ledger_mismatches": "SKUs whose ledger does not explain itself",
    "units_misplaced": "units were booked at another location than the shop took them from",
    "edits_lost_unexplained": "merchant's edits were lost for no reason",
    "oversold_unexplained": "units were sold beyond stock outside any latency window",
    "writes_above_truth": "writes published more than was known to be left",
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
    quiet_within_s: float | None
    """How soon after the play it has to be quiet; None if as late as it likes."""
    schedule: traffic.Schedule


@dataclass(frozen=True, slots=True)
class Judgement:
    """`figures` is the JSON object; `wrong` holds a sentence for each thing that is not as it must be;
    `suspects` names where to look, by figure."""

    figures: Mapping[str, Any]
    wrong: tuple[str, ...]
    suspects: Mapping[str, Sequence[str]]


def judge(evidence: Evidence, measured: Measured) -> Judgement:
    """Every figure of a trial from its evidence."""
    histories = shelves(evidence.opening, evidence.logs, evidence.bundles)
    found = [
        _orders(evidence),
        _listings(evidence, histories),
        _ledger(evidence, histories),
        _numbers(evidence, histories),
        (_traffic(evidence, measured.schedule), {}),
        (_times(evidence, measured, histories), {}),
    ]
    figures = {name: value for some, _ in found for name, value in some.items()}
    suspects = {name: where for _, some in found for name, where in some.items() if where}
    return Judgement(figures, _wrong(figures, measured), suspects)


Part = tuple[dict[str, Any], dict[str, list[str]]]
"""Figures, and suspects by figure."""


def _orders(evidence: Evidence) -> Part:
    orders = books.orders(evidence)
    figures = {
        "orders_placed": orders.placed,
        "orders_recorded": orders.recorded,
        "orders_lost": len(orders.lost),
        "orders_double_counted": len(orders.double_counted),
        "checkouts_refused": sum(log.refused for log in evidence.logs),
    }
    return figures, {
        "orders_lost": [f"{shop} order {order}" for shop, order in orders.lost],
        "orders_double_counted": [f"{shop} order {order}" for shop, order in orders.double_counted],
    }


def _listings(evidence: Evidence, histories: Mapping[str, Shelf]) -> Part:
    levels, bundles = evidence.record.levels, evidence.bundles
    diverged = books.diverged(evidence.items, levels, evidence.record.cells, bundles)
    above = books.above_truth(evidence, histories)
    figures = {
        "locations": evidence.locations,
        "listings": len({(i.shop, i.sku) for i in evidence.items}),
        "listings_diverged": len({(i.shop, i.sku) for i in diverged}),
        "listings_above_truth": len(above),
        "skus": len(histories),
        "skus_run_out": sum(_ran_out(shelf) for shelf in histories.values()),
        "bundles": len(bundles),
        "bundles_sold": _bundles_sold(evidence),
    }
    where = [
        f"{' '.join(filter(None, (i.shop, i.sku, i.location)))}: shows {i.quantity}, "
        f"ledger has {on_sale(i.sku, i.location, levels, bundles)}"
        for i in diverged
    ]
    more = [f"{shop} {sku}: shows {shown}, {left} are left" for (shop, sku), (shown, left) in above.items()]
    return figures, {"listings_diverged": where, "listings_above_truth": more}


def _ledger(evidence: Evidence, histories: Mapping[str, Shelf]) -> Part:
    ledger, misplaced = books.ledger(evidence, histories), books.misplaced(evidence)
    figures = {
        "units_misplaced": sum(misplaced.values()),
        "ledger_mismatches": len(ledger.mismatches),
        "edits": ledger.edits,
        "edits_lost": ledger.edits_lost,
        "edits_lost_unexplained": ledger.edits_lost_unexplained,
    }
    where = [
        f"{sku}: ledger has {evidence.record.available.get(sku)}, really {histories[sku].final}"
        for sku in ledger.mismatches
        if sku in histories
    ]
    where += [
        f"{sku}: a bundle with a stock of its own" for sku in ledger.mismatches if sku in evidence.bundles
    ]
    elsewhere = [f"{sku}: {units} of {shop} order {order}" for (shop, order, sku), units in misplaced.items()]
    return figures, {"ledger_mismatches": where, "units_misplaced": elsewhere}


def _numbers(evidence: Evidence, histories: Mapping[str, Shelf]) -> Part:
    told = Told(evidence.logs, evidence.record.ledger, evidence.bundles)
    window = overselling.Window(evidence.logs, evidence.disturbances)
    placed_at = {(order.shop, order.order_id): order.placed_at for order in evidence.placed}
    oversold = overselling.oversold(histories.values(), told, window, placed_at)
    above = overselling.writes_above_truth(histories.values(), told)
    figures = {
        "units_oversold": oversold.units,
        "oversold_unexplained": oversold.unexplained,
        "writes_above_truth": above.writes,
        "writes_above_truth_raising": above.raising,
    }
    return figures, {"oversold_unexplained": list(oversold.where), "writes_above_truth": list(above.where)}


def _times(evidence: Evidence, measured: Measured, histories: Mapping[str, Shelf]) -> dict[str, Any]:
    propagated = timing.propagation_seconds(histories.values(), evidence.began_at)
    milliseconds = [seconds * 1000 for seconds in propagated]
    return {
        "heal_s": _spread(list(timing.heal_seconds(evidence)), p50=0.5, p95=0.95, max=1.0),
        "propagation_ms": _spread(milliseconds, p50=0.5, p95=0.95, p99=0.99, max=1.0),
        "propagation_floor_ms": round(measured.propagation_floor_ms, 1),
        "quiet_after_s": round(evidence.quiet_at - evidence.played_at, 1),
        "duration_s": round(measured.duration_s, 1),
        "peak_rss_mb": round(measured.peak_rss_mb, 1),
        "seed": measured.seed,
    }


def _ran_out(shelf: Shelf) -> bool:
    return any(shelf.after(index) <= 0 for index in range(len(shelf.events)))


def _bundles_sold(evidence: Evidence) -> int:
    """Those that came back too."""
    return sum(
        max(-event.delta, 0)
        for log in evidence.logs
        for event in log.stock
        if event.sku in evidence.bundles and event.cause in SALES
    )


def _traffic(evidence: Evidence, schedule: traffic.Schedule) -> dict[str, int]:
    webhooks = traffic.webhooks(evidence.logs, evidence.began_at)
    record = evidence.record
    return {
        "webhooks_sent": webhooks["queued"],
        "webhooks_lost": webhooks["dropped"],
        "webhooks_doubled": webhooks["doubled"],
        "api_calls": traffic.calls_since(evidence.logs, evidence.began_at),
        "calls_throttled": sum(call.throttled for log in evidence.logs for call in log.calls),
        "push_calls": traffic.writes_since(evidence.logs, evidence.began_at),
        "push_calls_floor": traffic.push_calls_floor(
            record.ledger, record.cells, evidence.bundles, began_at=evidence.began_at
        ),
        "quiet_writes": traffic.quiet_writes(evidence.logs, evidence.quiet_at),
        "quiet_reads": traffic.quiet_reads(evidence.logs, evidence.quiet_at),
        "quiet_reads_scheduled": traffic.quiet_reads_scheduled(
            Counter(order.shop for order in evidence.placed), evidence.items, schedule
        ),
    }


def _spread(values: list[float], **shares: float) -> dict[str, float]:
    values.sort()
    return {name: round(timing.percentile(values, share), 1) for name, share in shares.items()}


def _wrong(figures: Mapping[str, Any], measured: Measured) -> tuple[str, ...]:
    sentences = [f"{figures[name]} {words}" for name, words in MUST_BE_ZERO.items() if figures[name]]
    if figures["quiet_reads"] > figures["quiet_reads_scheduled"]:
        sentences.append(f"{figures['quiet_reads']} reads when there was nothing to find")
    if not measured.became_quiet:
        sentences.append("SyncFlow did not become quiet in time")
    elif measured.quiet_within_s is not None and figures["quiet_after_s"] > measured.quiet_within_s:
        sentences.append(f"SyncFlow was quiet only {figures['quiet_after_s']} s after the last disturbance")
    return tuple(sentences)
