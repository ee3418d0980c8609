"""Orders are state: the rules of what they do to the ledger, and of finding all of them."""

from __future__ import annotations

from tests.simulation.mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "no_difference",
        "Orders are state: only what changed since the last look is booked.",
        "app/services/order_effects.py",
        "    change = now - Movement(on_hand=state.on_hand, committed=state.committed)\n",
        "    change = now\n",
    ),
    Mutant(
        "no_source_key",
        "A movement is booked under a key that only it can have.",
        "app/services/order_effects.py",
        'source_key=f"line:{line_ids[state.key]}:{seq}"',
        'source_key=f"{datetime.now()}-{seq}-{id(state)}"',
    ),
    Mutant(
        "older_fetch_wins",
        "Of two fetches of an order the one requested later wins.",
        "app/services/order_effects.py",
        "WHERE o.fetch_seq < EXCLUDED.fetch_seq\n            AND",
        "WHERE",
    ),
    Mutant(
        "no_baseline",
        "The state of an order at the baseline counts as applied.",
        "app/services/order_effects.py",
        "    state.on_hand, state.committed, state.channel = base.on_hand, base.committed, taken\n",
        "    state.on_hand, state.committed, state.channel = 0, 0, 0\n",
    ),
    Mutant(
        "lost_units_come_back",
        "What is removed without restock is gone.",
        "app/domain/orders.py",
        "        - units[PartKind.REMOVED_LOST]\n        + units",
        "        + units",
    ),
    Mutant(
        "unpaid_orders_hold",
        "An order holds stock by its payment state, as the platform says.",
        "app/services/order_effects.py",
        "    holds_stock = payment in scope.capabilities.holding_payments\n",
        "    holds_stock = True\n",
    ),
    Mutant(
        "thrown_away_is_cancelled",
        "An order that was thrown away keeps its sale.",
        "app/services/order_effects.py",
        "        states = []  # its sale is kept; one that we never heard of still was one\n",
        "        pass\n",
    ),
    Mutant(
        "dropped_lines_stay",
        "A line that the shop dropped holds nothing any more.",
        "app/services/order_effects.py",
        "    states += [removed_state(line) for key, line in stored.items() if key not in present]\n",
        "",
    ),
    Mutant(
        "undone_where_linked_now",
        "A reversal undoes what was applied, whatever was linked anew since.",
        "app/services/order_effects.py",
        "    if state.variant_id is None:\n        if link is None:\n",
        "    if link is not None and state.variant_id is not None:\n"
        "        state.variant_id = link.variant_id\n"
        "    if state.variant_id is None:\n"
        "        if link is None:\n",
    ),
    Mutant(
        "undone_by_the_bundle_of_now",
        "A reversal of a bundle gives back the components that were taken.",
        "app/services/order_effects.py",
        "    if state.variant_id is None:\n        if link is None:\n",
        "    if link is not None and state.variant_id is not None:\n"
        "        state.components = link.components\n"
        "    if state.variant_id is None:\n"
        "        if link is None:\n",
    ),
    Mutant(
        "unlinked_lines_forgotten",
        "Lines of unlinked listings take effect when they are linked.",
        "app/services/order_effects.py",
        'uow.session.execute(_UNAPPLIED_ORDERS, {"listings": list(listing_ids)}).scalars().all()',
        "list[int]()",
    ),
    Mutant(
        "taken_and_given_back_unheard",
        "Units taken and given back before we looked are two effects, each with its date.",
        "app/domain/orders.py",
        "    if channel_total(new) == change and not Counter(known) - Counter(effects):\n",
        "    if change and channel_total(new) == change and not Counter(known) - Counter(effects):\n",
    ),
    Mutant(
        "cursor_without_overlap",
        "A poll starts an overlap before its cursor.",
        "app/services/orders.py",
        "    for page in shop.channel.changed_orders(cursor - overlap):\n",
        "    for page in shop.channel.changed_orders(cursor + timedelta(seconds=1)):\n",
    ),
    Mutant(
        "polls_find_nothing",
        "What no webhook told of is found by a poll.",
        "app/services/orders.py",
        "        while due := [i for i in _not_had(scope, page, thorough) if i not in asked]:\n",
        "        while due := [i for i in list[str]() if i not in asked]:\n",
    ),
    Mutant(
        "changed_again_unseen",
        "An order that may have changed again in its second is fetched once more.",
        "app/services/orders.py",
        "        OR (o.fetched_at < s.updated_at + :same_second AND s.updated_at + :same_second < now())\n",
        "        OR (s.updated_at IS NULL AND CAST(:same_second AS interval) IS NULL)\n",
    ),
    Mutant(
        "doubtful_orders_not_read",
        "A number is compared after the orders that may have changed it in their second were read once more.",
        "app/services/orders.py",
        "        ids = [row.external_id for row in rows]\n",
        "        ids = [row.external_id for row in rows if not row]\n",
    ),
    Mutant(
        "unread_orders_not_held",
        "What an order mentions that cannot be read is kept back.",
        "app/services/holds.py",
        "        held = uow.session.execute(_HOLD, params).scalars().all()\n",
        "        held = list[int]()\n",
    ),
    Mutant(
        "unread_orders_held_at_home",
        "The shop that sold it has lowered its number itself.",
        "app/services/cells.py",
        "                    AND (u.connection_id <> c.connection_id OR u.variant_id <> c.variant_id)\n",
        "",
    ),
    Mutant(
        "unread_orders_given_back",
        "An absolute write leaves out what the shop sold and we could not read.",
        "app/services/blind_writes.py",
        "        unread_by_cell = cell_store.unread_in_own_shop(session, list(locked.values()))\n",
        "        unread_by_cell = dict[int, int]()\n",
    ),
    Mutant(
        "no_sweeper",
        "What a lost nudge or a dead worker left behind is found in the tables.",
        "app/services/sweeper.py",
        "    WHERE e.state = 'pending' AND (\n",
        "    WHERE e.state = 'pending' AND false AND (\n",
    ),
)
