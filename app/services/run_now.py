"""A person wants it synced now: one shop, one product on all of them, or everything."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial

from sqlalchemy import text

from app.errors import Conflict, InvalidInput, NotFound
from app.services import publishing, runs
from app.services.audit import audit_subject
from app.services.cells import UNREADABLE
from app.services.nudge import Drain, nudge
from app.services.turns import READ_ANEW
from app.services.uow import UnitOfWork, unit_of_work


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the account: at most one of them; none is everything."""

    connection_id: int | None = None
    product_id: int | None = None
    variant_id: int | None = None

    def check(self) -> None:
        """Raises InvalidInput for more than one."""
        if sum(part is not None for part in asdict(self).values()) > 1:
            raise InvalidInput("Say a connection, a product or a variant, or none of them for everything.")

    @property
    def of_variants(self) -> bool:
        return self.product_id is not None or self.variant_id is not None


def run_now(account_id: int, scope: Scope, *, actor: str) -> int:
    """Have orders and numbers read, and what differs written, in the background. Returns the run's id; while
    one for the same is under way, that is it.

    Numbers of a product that its shops refused are tried again. Raises NotFound, InvalidInput, and Conflict
    where no shop of it could be worked on.
    """
    scope.check()
    with unit_of_work() as uow:
        params = {"account_id": account_id, **asdict(scope)}
        found = uow.session.execute(FOUND, params).one()
        if not (found.connection and found.product and found.variant):
            raise NotFound("There is no such connection, product or variant.")
        connections = list(uow.session.execute(_CONNECTIONS, params).scalars())
        if not connections:
            raise Conflict("No shop of it is syncing: each waits for a first sync, or must be connected.")
        run_id = runs.ask_manual(uow.session, account_id, **asdict(scope))
        if scope.of_variants:
            _look_at_cells(uow, params)
        else:
            uow.session.execute(_LOOK_AT_ALL, {"ids": connections})
        for connection_id in connections:
            for drain in (Drain.RECONCILE, Drain.INTAKE, Drain.PUSH):
                uow.after_commit(partial(nudge, drain, connection_id), once=(drain, connection_id))
        named = {name: value for name, value in asdict(scope).items() if value is not None}
        audit_subject(uow.session, account_id, actor, "sync.asked", f"run:{run_id}", named)
        uow.commit()
    return run_id


def _look_at_cells(uow: UnitOfWork, params: dict[str, int | None]) -> None:
    rows = uow.session.execute(_CELLS, {**params, "unreadable": list(UNREADABLE)})
    publishing.wake(uow, cell_ids=[row.id for row in rows], read_first=True)


FOUND = text(
    """
    SELECT
        CAST(:connection_id AS bigint) IS NULL OR EXISTS (
            SELECT 1 FROM connections WHERE account_id = :account_id AND id = :connection_id
        ) AS connection,
        CAST(:product_id AS bigint) IS NULL OR EXISTS (
            SELECT 1 FROM products WHERE account_id = :account_id AND id = :product_id
        ) AS product,
        CAST(:variant_id AS bigint) IS NULL OR EXISTS (
            SELECT 1 FROM variants WHERE account_id = :account_id AND id = :variant_id
        ) AS variant
    """
)
OF_VARIANTS = """
    c.account_id = :account_id AND c.variant_id = ANY(ARRAY(
        SELECT id FROM variants WHERE account_id = :account_id
            AND (id = CAST(:variant_id AS bigint) OR product_id = CAST(:product_id AS bigint))
    ))
"""
_CONNECTIONS = text(
    f"""
    SELECT n.id FROM connections n
    WHERE n.account_id = :account_id AND n.state IN ('active', 'paused')
        AND (CAST(:connection_id AS bigint) IS NULL OR n.id = CAST(:connection_id AS bigint))
        AND (coalesce(CAST(:variant_id AS bigint), CAST(:product_id AS bigint)) IS NULL OR n.id IN (
            SELECT c.connection_id FROM stock_cells c WHERE {OF_VARIANTS}
        ))
    ORDER BY n.id
    """  # noqa: S608  (a constant)
)
_LOOK_AT_ALL = text(
    f"""
    WITH those AS (
        SELECT id FROM connections WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE connections n SET {READ_ANEW} FROM those WHERE n.id = those.id
    """  # noqa: S608  (a constant)
)
_CELLS = text(
    f"""
    WITH those AS (
        SELECT c.id, c.state = 'failed' AND c.error <> ALL(CAST(:unreadable AS text[])) AS refused
        FROM stock_cells c JOIN connections n ON n.id = c.connection_id AND n.state IN ('active', 'paused')
        WHERE {OF_VARIANTS} AND c.account IS NOT NULL
        ORDER BY c.id FOR NO KEY UPDATE OF c
    )
    UPDATE stock_cells c SET next_attempt_at = CASE WHEN t.refused THEN NULL ELSE c.next_attempt_at END,
        failures = CASE WHEN t.refused THEN 0 ELSE c.failures END,
        error = CASE WHEN t.refused THEN '' ELSE c.error END,
        state = CASE WHEN t.refused THEN 'active' ELSE c.state END
    FROM those t WHERE c.id = t.id
    RETURNING c.id
    """  # noqa: S608  (a constant)
)
