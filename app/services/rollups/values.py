"""What is on the shelves is worth: units on hand at their cost, else at their price."""

from __future__ import annotations

from sqlalchemy import text

from app.services.uow import unit_of_work

NOTES_AT_ONCE = 500
WORTH = """
    v.currency, coalesce(l.units, 0) AS units,
    CAST(coalesce(l.units, 0) AS numeric) * coalesce(v.unit_cost_minor, v.price_minor, 0) AS value_minor,
    CASE WHEN v.unit_cost_minor IS NOT NULL THEN 'cost' WHEN v.price_minor IS NOT NULL THEN 'price'
        ELSE 'none' END AS basis
"""
OF_VARIANT = """
    LEFT JOIN LATERAL (
        SELECT CAST(sum(on_hand) AS bigint) AS units FROM stock_levels WHERE variant_id = v.id
    ) l ON true
"""
"""A variant `v`'s units over all locations. What is missing below nothing counts against the rest."""


def fold_values() -> bool:
    """Value some of the variants anew that are noted. True if there may be more.

    Their notes are taken and their values locked before they are looked at: a cost or a level that changes
    from then on leaves a note of its own.
    """
    with unit_of_work() as uow:
        session = uow.session
        noted = session.execute(_TAKE, {"limit": NOTES_AT_ONCE}).scalars().all()
        if noted:
            params = {"variants": sorted(set(noted))}
            session.execute(_MAKE, params)
            session.execute(_LOCK, params)
            session.execute(_FOLD, params)
        uow.commit()
    return len(noted) == NOTES_AT_ONCE


_TAKE = text(
    """
    DELETE FROM unvalued_variants n USING (
        SELECT id FROM unvalued_variants ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
    ) AS d WHERE n.id = d.id
    RETURNING n.variant_id
    """
)
_MAKE = text(
    """
    INSERT INTO variant_values (account_id, variant_id)
    SELECT account_id, id FROM variants WHERE id = ANY(CAST(:variants AS bigint[])) ORDER BY id
    ON CONFLICT (variant_id) DO NOTHING
    """
)
_LOCK = text(
    """
    SELECT 1 FROM variant_values WHERE variant_id = ANY(CAST(:variants AS bigint[]))
    ORDER BY variant_id FOR NO KEY UPDATE
    """
)
_FOLD = text(
    f"""
    WITH worth AS MATERIALIZED (
        SELECT c.account_id, c.variant_id, {WORTH},
            c.currency AS old_currency, c.units AS old_units, c.value_minor AS old_value, c.basis AS old_basis
        FROM variant_values c JOIN variants v ON v.id = c.variant_id {OF_VARIANT}
        WHERE c.variant_id = ANY(CAST(:variants AS bigint[]))
    ),
    noted AS (
        UPDATE variant_values c SET currency = w.currency, units = w.units,
            value_minor = w.value_minor, basis = w.basis
        FROM worth w WHERE c.variant_id = w.variant_id
    ),
    changes AS (
        SELECT account_id, currency, basis, 1 AS variants, units, value_minor FROM worth WHERE units <> 0
        UNION ALL
        SELECT account_id, old_currency, old_basis, -1, -old_units, -old_value FROM worth WHERE old_units <> 0
    )
    INSERT INTO stock_values AS s (account_id, currency, basis, variants, units, value_minor)
    SELECT account_id, currency, basis, sum(variants), sum(units), sum(value_minor)
    FROM changes GROUP BY account_id, currency, basis ORDER BY account_id, currency, basis
    ON CONFLICT (account_id, currency, basis) DO UPDATE SET variants = s.variants + EXCLUDED.variants,
        units = s.units + EXCLUDED.units, value_minor = s.value_minor + EXCLUDED.value_minor
    """  # noqa: S608  (constants)
)
