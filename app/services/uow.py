"""The unit of work: the only place that opens and commits transactions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.extensions import db
from app.services import outward


class UnitOfWork:
    """One transaction after another, usually one. Leaves no trace of what was not committed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._after_commit: dict[Hashable, Callable[[], None]] = {}
        self._due: dict[Hashable, Callable[[], None]] = {}
        self._told: list[outward.Told] = []

    def after_commit(self, action: Callable[[], None], *, once: Hashable = None) -> None:
        """Run `action` once the transaction is durable: nudges, never work that must not be lost.

        Of several with the same `once` only the last runs.
        """
        self._after_commit[once if once is not None else object()] = action

    def commit(self, *, act: bool = True) -> None:
        """Without `act`, what is to be done afterwards waits for `act()` or the next commit.

        What the transaction told (`outward.tell`) is kept in it for webhooks, and hinted at afterwards.
        """
        told, subscribed = outward.take(self.session)
        if told and subscribed and outward.keep(self.session, told):
            self.after_commit(outward.wake, once=outward.wake)
        self.session.commit()
        self._told += told
        self._due |= self._after_commit
        self._after_commit = {}
        if act:
            self.act()

    def act(self) -> None:
        """Do what waits for transactions that are durable by now."""
        due, self._due = self._due, {}
        for action in due.values():
            action()
        told, self._told = self._told, []
        if told:
            outward.publish(told)

    def rollback(self) -> None:
        """Undo what was not committed; the unit of work may go on with another transaction."""
        self.session.rollback()
        outward.take(self.session)
        self._after_commit = {}


@contextmanager
def unit_of_work() -> Iterator[UnitOfWork]:
    """A fresh session that rolls back on leaving unless it was told to commit."""
    # One connection for all of its transactions: the pool looks whether it is alive only once.
    with (
        db.engine.connect() as connection,
        Session(connection, expire_on_commit=False, join_transaction_mode="control_fully") as session,
    ):
        yield UnitOfWork(session)
