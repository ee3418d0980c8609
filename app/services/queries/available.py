"""What is available of a variant over all locations, as SQL."""

from __future__ import annotations

_IS_BUNDLE = "EXISTS (SELECT 1 FROM bundle_components b WHERE b.bundle_id = {variant})"
# A bundle is made of what lies in one place; what a component is short there has to come from the others. So
# a shop that sells from all of them is told (cells.py), but for what it keeps back.
_SETS = """(
    SELECT CAST(coalesce(sum(made.sets), 0) AS bigint) FROM (
        SELECT greatest(min((greatest(here.units, 0) + here.short) / b.quantity), 0) AS sets
        FROM bundle_components b CROSS JOIN LATERAL (
            SELECT x.location_id, x.on_hand - x.committed AS units,
                sum(least(x.on_hand - x.committed, 0)) OVER () AS short
            FROM stock_levels x WHERE x.variant_id = b.component_id
        ) here
        WHERE b.bundle_id = {variant}
        GROUP BY here.location_id
        HAVING count(*) = (SELECT count(*) FROM bundle_components b WHERE b.bundle_id = {variant})
    ) made
)"""
_OWN = """(
    SELECT CAST(sum(s.on_hand - s.committed) AS bigint) FROM stock_levels s WHERE s.variant_id = {variant}
)"""


def available_of(variant: str, own: str = _OWN) -> str:
    """An expression: of a bundle as many as its components are enough for, never below 0; of any other
    variant `own`, or the sum over its levels, NULL where it was never counted. `variant`: where the id is."""
    return f"CASE WHEN {_IS_BUNDLE} THEN {_SETS} ELSE {own} END".format(variant=variant)
