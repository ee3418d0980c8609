"""The verdict in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from syncflow.trial.rehearsal import Outcome

MOST_SUSPECTS = 10

ODDITIES = {
    "lines_read": "lines read",
    "not_a_product": "lines with codes that are no products, left out",
    "no_price": "lines without a price, left out",
    "negative_quantity": "lines with a quantity that cannot be sold, left out",
    "unreadable": "lines that could not be read, left out",
    "blank_customer": "lines without a customer, played as a guest's",
    "repeated_code": "lines merged into an earlier one of their invoice",
    "outside_the_catalog": "lines beyond --skus, left out",
    "codes_differing_in_case": "codes that differ from another only in case, kept apart",
    "cancelled_lines_matched": "cancelled lines matched to an earlier sale",
    "cancelled_lines_partly_matched": "cancelled lines matched in part",
    "cancelled_lines_unmatched": "cancelled lines without an earlier sale, left out",
    "orders_refused": "orders refused for lack of stock",
    "lines_out_of_stock": "lines left out of an order for lack of stock",
    "sequels_of_refused_orders": "changes of orders or lines that had been refused",
    "sequels_refused": "changes of orders that the shop refused",
    "reviews_decided": "merchant's edits that waited for a decision",
    "edits_left_out": "merchant's edits left out because too little was left",
}
DISTURBANCES = {
    "workers": "workers killed",
    "scheduler": "times the scheduler was killed",
    "web": "times the web process was killed",
    "postgres": "times PostgreSQL was killed",
    "redis": "times Redis was killed",
    "flush": "times Redis was emptied",
}


def verdict(outcome: Outcome, source: Mapping[str, int]) -> str:
    """What happened, how it went and what is wrong, for people. `source` tallies the order file."""
    return "\n".join(_lines(outcome, source))


def _lines(outcome: Outcome, source: Mapping[str, int]) -> Iterator[str]:
    figures = outcome.judgement.figures
    yield ""
    yield "What was played"
    tallies = {**source, **outcome.tally}
    yield _row("orders placed", figures["orders_placed"])
    yield _row("SKUs, and how many ran out", f"{figures['skus']}, {figures['skus_run_out']}")
    if figures["bundles"]:
        yield _row("bundles, and how many were sold", f"{figures['bundles']}, {figures['bundles_sold']}")
    if figures["locations"] > 1:
        yield _row("locations of the Shopify shop", figures["locations"])
    yield _row("merchant's edits", figures["edits"])
    yield _row(
        "webhooks sent, lost, doubled",
        f"{figures['webhooks_sent']}, {figures['webhooks_lost']}, {figures['webhooks_doubled']}",
    )
    for kind, words in DISTURBANCES.items():
        if outcome.disturbances[kind]:
            yield _row(words, outcome.disturbances[kind])
    for name, words in ODDITIES.items():
        if tallies.get(name):
            yield _row(words, tallies[name])
    yield "What came of it"
    yield from _results(figures)
    yield _row("memory, largest process / all", f"{figures['peak_rss_mb']} / {outcome.all_mb:.0f} MB")
    yield from _conclusion(outcome)


def _results(figures: Mapping[str, Any]) -> Iterator[str]:
    took, heal = figures["propagation_ms"], figures["heal_s"]
    yield _row("orders recorded", figures["orders_recorded"])
    yield _row(
        "orders lost / counted twice", f"{figures['orders_lost']} / {figures['orders_double_counted']}"
    )
    yield _row("listings, diverged", f"{figures['listings']}, {figures['listings_diverged']}")
    yield _row("listings above truth", figures["listings_above_truth"])
    yield _row("ledger mismatches", figures["ledger_mismatches"])
    yield _row("units booked at another location", figures["units_misplaced"])
    yield _row("edits lost, unexplained", f"{figures['edits_lost']}, {figures['edits_lost_unexplained']}")
    yield _row(
        "units oversold, unexplained", f"{figures['units_oversold']}, {figures['oversold_unexplained']}"
    )
    yield _row("writes above truth", figures["writes_above_truth"])
    yield _row(
        "sale to other shop, ms: p50 p95 p99 max",
        f"{took['p50']:.0f} {took['p95']:.0f} {took['p99']:.0f} {took['max']:.0f}"
        f" (floor {figures['propagation_floor_ms']:.0f})",
    )
    yield _row("lost webhook to order, s: p50 p95 max", f"{heal['p50']} {heal['p95']} {heal['max']}")
    yield _row("write calls, least possible", f"{figures['push_calls']}, {figures['push_calls_floor']}")
    yield _row("calls in all, throttled", f"{figures['api_calls']}, {figures['calls_throttled']}")
    yield _row("quiet after, s; writes then", f"{figures['quiet_after_s']}; {figures['quiet_writes']}")
    yield _row(
        "reads then, most by schedule", f"{figures['quiet_reads']}, {figures['quiet_reads_scheduled']}"
    )
    yield _row("duration, s", figures["duration_s"])


def _conclusion(outcome: Outcome) -> Iterator[str]:
    judgement = outcome.judgement
    yield ""
    if not judgement.wrong:
        yield f"Nothing is wrong. (seed {judgement.figures['seed']})"
        return
    yield f"WRONG (seed {judgement.figures['seed']}):"
    for sentence in judgement.wrong:
        yield f"  - {sentence}"
    for name, suspects in judgement.suspects.items():
        yield f"  {name.replace('_', ' ')}:"
        yield from (f"    {suspect}" for suspect in suspects[:MOST_SUSPECTS])
        if len(suspects) > MOST_SUSPECTS:
            yield f"    and {len(suspects) - MOST_SUSPECTS} more"


def _row(words: str, value: object) -> str:
    return f"  {words:<58} {value}"
