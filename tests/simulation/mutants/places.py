"""The rules of stock in several places."""

from __future__ import annotations

from tests.simulation.mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "short_and_sold_elsewhere",
        "What is short at one location is kept back at all others.",
        "app/services/cells.py",
        "ELSE least(s.on_hand - s.committed, 0)",
        "ELSE 0",
    ),
    Mutant(
        "one_place_of_several",
        "A shop with one number for several locations shows what there is at all of them.",
        "app/services/cells.py",
        "WHEN s.location_id = ANY(w.here) THEN s.on_hand - s.committed",
        "WHEN s.location_id = c.location_id THEN s.on_hand - s.committed",
    ),
    Mutant(
        "always_the_first_place",
        "What is sold is taken from the first location that has all of it.",
        "app/domain/stock.py",
        "    return next(has_all, places[0][0])\n",
        "    return places[0][0]\n",
    ),
    Mutant(
        "place_of_a_line_ignored",
        "A line is taken from the location that the shop names.",
        "app/services/order_lines.py",
        "        return None if listing_id is None else (listing_id, self.source.location_id)\n",
        '        return None if listing_id is None else (listing_id, "")\n',
    ),
    Mutant(
        "moved_line_is_the_same",
        "A line that is shipped from elsewhere is gone where it was.",
        "app/services/order_effects.py",
        "    present = {state.key for state in states}\n",
        "    present = {key for state in states for key in stored if key[0] == state.external_id}\n",
    ),
    Mutant(
        "only_the_first_place_is_swept",
        "Each location that is ours is read.",
        "app/services/reconcile.py",
        "job.shop.channel.all_levels(each)) for each in due.locations]\n",
        "job.shop.channel.all_levels(each)) for each in due.locations[:1]]\n",
    ),
    Mutant(
        "counted_once_more",
        "What another shop's number holds already opens no further level.",
        "app/services/catalog.py",
        "WHERE o.variant_id = l.variant_id AND o.connection_id = c.connection_id AND (\n",
        "WHERE o.variant_id = l.variant_id AND o.location_id = l.location_id AND (true OR\n",
    ),
)
