"""What to do with a channel's number that somebody changed, once it is certain: by the merchant's policy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Choice(StrEnum):
    ADD = "add"
    """The difference is stock that came or went: it goes onto the ledger."""
    TAKE_WHOLE = "take_whole"
    """The channel's number is what there is: what was changed here by hand before it goes, sales stay."""
    OVERWRITE = "overwrite"
    """The channel is written our number again."""
    MOVE = "move"
    """The units went from one of the shop's locations to another, and go the same way here."""
    COUNTED = "counted"
    """Another channel said the same: it is on the ledger already."""
    ASK = "ask"
    """A person decides: the merchant wants it so."""
    ASK_AS_NO_IDENTITY = "ask_as_no_identity"
    """A person decides: one more shown is not simply one more in stock."""
    STOP = "stop"
    """A person decides, and nothing is written meanwhile: somebody keeps putting his own number back."""

    @property
    def asks(self) -> bool:
        return self in (Choice.ASK, Choice.ASK_AS_NO_IDENTITY, Choice.STOP)


@dataclass(frozen=True, slots=True)
class Settled:
    """A drift that nothing explains any more, and what is known around it.

    `is_identity`: the channel shows what is available, unit by unit, in one place. `counted_elsewhere`: an
    equal change of another channel is on the ledger. `moved`: another of the shop's locations changed by the
    opposite. `changed_here_since`: stock was adjusted or counted here
    after the drift was first read. `put_back_for_ever`: it undid our last writes again and again.
    """

    policy: str
    is_identity: bool
    counted_elsewhere: bool
    moved: bool
    changed_here_since: bool
    put_back_for_ever: bool


def choose(drift: Settled) -> Choice:
    """By the connection's policy, `app.models.connections.DRIFT_POLICIES`; sales are no writes."""
    if drift.put_back_for_ever:
        return Choice.STOP
    if drift.moved and drift.is_identity:
        return Choice.MOVE
    if drift.policy == "review":
        return Choice.ASK
    if drift.policy == "syncflow_wins":
        return Choice.OVERWRITE
    if not drift.is_identity:
        return Choice.ASK_AS_NO_IDENTITY
    if drift.policy == "last_write_wins":
        return Choice.OVERWRITE if drift.changed_here_since else Choice.TAKE_WHOLE
    return Choice.COUNTED if drift.counted_elsewhere else Choice.ADD
