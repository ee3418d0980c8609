"""Numbers that somebody changed at a shop and that a person has to decide about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.domain.drift import Choice
from app.errors import Conflict, InvalidInput, NotFound
from app.services import cells as cell_store
from app.services import drifts, ledger
from app.services.audit import audit
from app.services.bundles import parts_of
from app.services.uow import unit_of_work

CHOICES = (Choice.ADD, Choice.OVERWRITE)
MOST_AT_ONCE = 100


def resolve(account_id: int, review_id: int, choice: str, quantity: int, *, actor: str) -> None:
    """Decide about one, in one transaction: the ledger, our belief, the row and the audit log.

    `quantity` is the difference that the person saw: raises Conflict if it is another by now, or was decided
    already. Raises NotFound, and InvalidInput for a choice that it does not have.
    """
    if choice not in CHOICES:
        raise InvalidInput(f"The choice is one of {', '.join(CHOICES)}.")
    with unit_of_work() as uow:
        session = uow.session
        seen = session.execute(_REVIEW, {"account_id": account_id, "id": review_id}).one_or_none()
        if seen is None:
            raise NotFound("There is no such review.")
        parts = parts_of(session, seen.variant_id)
        levels = ledger.lock_levels(
            session, account_id, [(variant_id, seen.location_id) for variant_id in parts]
        )
        locked = cell_store.lock(session, variant_ids=[seen.variant_id], cell_ids=[seen.cell_id])
        row = session.execute(_REVIEW, {"account_id": account_id, "id": review_id}).one()
        if row.state != "review" or row.quantity != quantity:
            raise Conflict("This was decided, or the number has changed since. Please look again.")
        at = cell_store.now(session)
        units = units_of(Choice(choice), row.quantity, row.factor)
        cell = locked[row.cell_id]
        places = cell_store.places(session, [cell])[cell.id]
        entries = []
        for variant_id, of_it in parts.items():
            place = levels.place_hit(variant_id, places, units * of_it)
            key = f":{variant_id}" if variant_id != row.variant_id else ""
            entries.append(drifts.entry(row.id, variant_id, place, units * of_it, at, key=key))
        ledger.book(session, account_id, entries)
        cell.reversals = 0
        drifts.close(session, {row.id: Choice(choice)}, {row.id: cell.belief.expected}, at)
        drifts.decided(cell, Choice(choice))
        cell_store.save(session, [cell])
        cell_store.want(uow, locked.values(), at)
        drifts.tell_decided(session, cell)
        detail = {"review": review_id, "choice": choice, "quantity": quantity, "units": units}
        audit(session, account_id, actor, "review.resolved", cell.connection_id, detail)
        uow.commit()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said about a review; `quantity` as for `resolve`."""

    review_id: int
    choice: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a decision: `code` and `message` are empty where it was taken."""

    review_id: int
    decided: bool
    code: str = ""
    message: str = ""


def resolve_all(account_id: int, decisions: Sequence[Decision], *, actor: str) -> Sequence[Outcome]:
    """Decide about many, each in a transaction of its own: one that cannot be taken keeps no other from it.
    Raises InvalidInput for more than MOST_AT_ONCE, or where one is named twice."""
    if len(decisions) > MOST_AT_ONCE:
        raise InvalidInput(f"At most {MOST_AT_ONCE} are decided at once.")
    if len({decision.review_id for decision in decisions}) < len(decisions):
        raise InvalidInput("A review is named twice.")
    return [_outcome(account_id, decision, actor) for decision in decisions]


def _outcome(account_id: int, decision: Decision, actor: str) -> Outcome:
    try:
        resolve(account_id, decision.review_id, decision.choice, decision.quantity, actor=actor)
    except (NotFound, Conflict) as err:
        return Outcome(decision.review_id, False, err.code, str(err))
    return Outcome(decision.review_id, True)


def units_of(choice: Choice, quantity: int, factor: int) -> int:
    """By how many units a choice about a difference changes the stock."""
    return quantity * factor if choice is Choice.ADD else 0


_REVIEW = text(
    """
    SELECT d.id, d.state, d.quantity, d.cell_id, c.variant_id, c.location_id, c.factor
    FROM drifts d JOIN stock_cells c ON c.id = d.cell_id
    WHERE d.account_id = :account_id AND d.id = :id AND d.review_reason <> ''
    """
)
