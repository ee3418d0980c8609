"""How a connected shop is doing: one light for all that is known of it, with the reason and the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

ENOUGH_CALLS = 20
"""Fewer calls of an hour say little about a shop."""
MANY_FAILED, MOST_FAILED = 0.1, 0.5
"""Of the last hour's calls: above the one it is worth a look, above the other the shop is as good as gone."""
FAILURES_IN_A_ROW = 3
PATIENCE = timedelta(minutes=10)
"""A shop that was heard of within it may be only having a bad moment."""
LATE = timedelta(minutes=5)
"""Nothing waits that long while all is well."""
ENOUGH_ORDERS, MANY_MISSED = 10, 0.2


class Colour(StrEnum):
    GREEN = "green"
    AMBER = "amber"
    """It works, or stands still on purpose, and somebody should look."""
    RED = "red"
    """The shop is not kept in step."""


@dataclass(frozen=True, slots=True)
class Light:
    """`code` is stable, for programs; `reason` and `remedy` are for people. A green light has no remedy."""

    code: str
    colour: Colour
    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a connection. `state` is its row's; what is not known stays at its default.

    `retry_in`: how long the shop is still left alone. `silent_for`: since anything last succeeded, None for
    never; it may last for `patience`. `waiting_for`: how long the oldest thing that could be done by now has
    waited. Calls are those of the last hour, orders those of the last days.
    """

    state: str
    state_reason: str = ""
    writes_stopped: bool = False
    braked: bool = False
    failures: int = 0
    last_error: str = ""
    retry_in: timedelta | None = None
    silent_for: timedelta | None = None
    patience: timedelta = PATIENCE
    waiting_for: timedelta | None = None
    calls: int = 0
    failed_calls: int = 0
    refused_numbers: int = 0
    reviews: int = 0
    orders_announced: int = 0
    orders_missed: int = 0


def light(facts: Facts) -> Light:
    """The worst of what is so. Pure, and the same wherever a shop's state is shown."""
    found = lights(facts)
    return found[0] if found else Light("well", Colour.GREEN, "All is well.")


def lights(facts: Facts) -> list[Light]:
    """Everything that is not well, the worst first."""
    return sorted(_lights(facts), key=lambda found: found.colour is not Colour.RED)


def _lights(facts: Facts) -> Iterator[Light]:
    standing_still = _standing_still(facts)
    if standing_still is not None:
        yield standing_still
        if facts.state != "paused":
            return  # what else is known of it is old
    yield from _calls(facts)
    if facts.writes_stopped:
        yield Light(
            "writes_stopped",
            Colour.AMBER,
            "All writes of the account are stopped.",
            "Allow writes again to sync the shops.",
        )
    if facts.braked:
        yield Light(
            "braked",
            Colour.AMBER,
            "So much would have changed at once that SyncFlow stopped and asks.",
            "Look at what would be written, then release the brake.",
        )
    yield from _work(facts)


def _standing_still(facts: Facts) -> Light | None:
    match facts.state:
        case "needs_auth":
            reason = facts.state_reason or "The shop no longer accepts our credentials."
            return Light("needs_auth", Colour.RED, reason, "Connect the shop again.")
        case "disconnected":
            return Light(
                "disconnected",
                Colour.AMBER,
                facts.state_reason or "It is disconnected.",
                "Connect it again to sync it.",
            )
        case "connecting":
            return Light(
                "connecting",
                Colour.AMBER,
                "It waits for consent at the platform.",
                "Finish connecting, or start anew.",
            )
        case "sample":
            return Light("sample", Colour.GREEN, "It is sample data: there is no shop behind it.")
        case "importing" if not facts.failures:
            return Light("importing", Colour.AMBER, "Its catalog is being read.", "Wait until that is done.")
        case "importing":
            return Light(
                "importing",
                Colour.RED,
                f"Its catalog cannot be read: {facts.last_error}",
                _tried_again(facts),
            )
        case "review":
            return Light(
                "review",
                Colour.AMBER,
                "Its first sync waits for a person.",
                "Look at what would change, then approve it.",
            )
        case "paused":
            return Light(
                "paused",
                Colour.AMBER,
                "It is paused: orders come in, nothing is written.",
                "Resume it to sync it.",
            )
    return None


def _calls(facts: Facts) -> Iterator[Light]:
    silent = facts.silent_for is None or facts.silent_for > facts.patience
    try_again = f"{_tried_again(facts)} If that goes on, test the connection and look after the shop."
    if facts.failures >= FAILURES_IN_A_ROW:
        words = f"It failed {facts.failures} times in a row, so SyncFlow leaves it alone for a while"
        yield Light(
            "failing", Colour.RED if silent else Colour.AMBER, f"{words}: {facts.last_error}", try_again
        )
    elif facts.failures:
        yield Light("failing", Colour.AMBER, f"The last call failed: {facts.last_error}", try_again)
    elif silent and facts.silent_for is not None:
        yield Light(
            "silent",
            Colour.RED,
            f"Nothing was heard of it for {_minutes(facts.silent_for)}.",
            "See whether SyncFlow's workers and its scheduler run.",
        )
    share = facts.failed_calls / facts.calls if facts.calls >= ENOUGH_CALLS else 0.0
    if share > MANY_FAILED:
        yield Light(
            "calls_failing",
            Colour.RED if share > MOST_FAILED else Colour.AMBER,
            f"{share:.0%} of the last hour's calls failed.",
            "Look whether the shop, or something before it such as a firewall, is overloaded.",
        )


def _work(facts: Facts) -> Iterator[Light]:
    if facts.waiting_for is not None and facts.waiting_for > LATE:
        yield Light(
            "late",
            Colour.AMBER,
            f"Something has waited for {_minutes(facts.waiting_for)}.",
            "The shop may be slow. If that goes on, see whether SyncFlow's workers run.",
        )
    if facts.refused_numbers:
        yield Light(
            "refused",
            Colour.AMBER,
            f"The shop refuses {facts.refused_numbers} of its numbers.",
            "See the listings that failed, and why.",
        )
    if facts.reviews:
        yield Light(
            "in_review",
            Colour.AMBER,
            f"{facts.reviews} of its numbers were changed at the shop and wait for a person.",
            "Decide about them in the reviews.",
        )
    orders = facts.orders_announced + facts.orders_missed
    if orders >= ENOUGH_ORDERS and facts.orders_missed > MANY_MISSED * orders:
        yield Light(
            "webhooks_missed",
            Colour.AMBER,
            f"Its webhooks told of only {facts.orders_announced} of {orders} changed orders.",
            "Register its webhooks again, and see whether something keeps them back.",
        )


def _tried_again(facts: Facts) -> str:
    if facts.retry_in is None or facts.retry_in <= timedelta(0):
        return "It is tried again by itself, now."
    seconds = facts.retry_in.total_seconds()
    when = f"{seconds:.0f} seconds" if seconds < 120 else _minutes(facts.retry_in)
    return f"It is tried again by itself in {when}."


def _minutes(span: timedelta) -> str:
    minutes = max(int(span.total_seconds() // 60), 1)
    return f"{minutes} minute{'s' if minutes != 1 else ''}" if minutes < 120 else f"{minutes // 60} hours"
