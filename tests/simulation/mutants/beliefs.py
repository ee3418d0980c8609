"""The rules of what we believe of a shop's number, and of writing it."""

from __future__ import annotations

from tests.simulation.mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "account_ignores_orders",
        "Every channel effect moves the account when it is learned.",
        "app/domain/account.py",
        "    not_included = Belief(belief.account + effect.delta, belief.drift)\n",
        "    not_included = Belief(belief.account, belief.drift)\n",
    ),
    Mutant(
        "account_ignores_writes",
        "A write known to be applied moves the account by its difference.",
        "app/services/attempts.py",
        "            cell.belief = Belief(cell.belief.account + difference, cell.drift)\n",
        "            cell.belief = Belief(cell.belief.account, cell.drift + difference)\n",
    ),
    Mutant(
        "reading_ignores_dates",
        "Effects dated later than a reading are not in it.",
        "app/domain/account.py",
        "sum(e.delta for e in learned_since if window.certainly_after(e.at))",
        "0",
    ),
    Mutant(
        "late_orders_count_twice",
        "An effect that a recorded reading had already is taken out of the drift.",
        "app/domain/account.py",
        "    if known_at < read_at or effect.at < read_at - SKEW:\n        return Learned(included)\n",
        "    if known_at < read_at or effect.at < read_at - SKEW:\n        return Learned(not_included)\n",
    ),
    Mutant(
        "quantity_in_the_job",
        "A push computes at that moment: a job never carries a quantity.",
        "app/services/push.py",
        "    wanted = cell_store.targets(session, list(locked.values()))\n",
        "    carried = drain.__dict__.setdefault('carried', {})\n"
        "    wanted = {**cell_store.targets(session, list(locked.values())), **carried}\n"
        "    drain.__dict__['carried'] = cell_store.targets(session, list(locked.values()))\n",
    ),
    Mutant(
        "synced_whatever_came",
        "A cell stays dirty if its version moved while it was written.",
        "app/services/attempts.py",
        "cell.synced_version = max(cell.synced_version, attempt.wanted_version)",
        "cell.synced_version = cell.wanted_version",
    ),
    Mutant(
        "attempt_not_recorded",
        "Before HTTP an attempt is committed.",
        "app/services/push.py",
        "        uow.commit()\n    outcomes, faults",
        "        uow.rollback()\n    outcomes, faults",
    ),
    Mutant(
        "unknown_is_not_sent",
        "Not to know what became of a write is not to know that it was not sent.",
        "app/services/attempts.py",
        "    _record(job, call, results, repeat=repeat)\n    if not repeat",
        "    results = [\n"
        "        WriteResult(r.ref, WriteOutcome.NOT_APPLIED) if r.outcome is WriteOutcome.UNKNOWN else r\n"
        "        for r in results\n"
        "    ]\n"
        "    _record(job, call, results, repeat=repeat)\n    if not repeat",
    ),
    Mutant(
        "unknown_is_applied",
        "Not to know what became of a write is not to know that it was applied.",
        "app/services/attempts.py",
        "    _record(job, call, results, repeat=repeat)\n    if not repeat",
        "    results = [\n"
        "        WriteResult(r.ref, WriteOutcome.APPLIED) if r.outcome is WriteOutcome.UNKNOWN else r\n"
        "        for r in results\n"
        "    ]\n"
        "    _record(job, call, results, repeat=repeat)\n    if not repeat",
    ),
    Mutant(
        "asked_again_under_another_key",
        "An unknown outcome is asked again with the identical call and key.",
        "app/services/attempts.py",
        "        call = Call(WriteKind(kind), key, [_attempt_of(row) for row in repeated])\n",
        "        call = Call(WriteKind(kind), uuid.uuid4(), [_attempt_of(row) for row in repeated])\n",
    ),
    Mutant(
        "asked_again_whatever_it_says",
        "What is asked again is withdrawn if it is too high by now.",
        "app/services/attempts.py",
        "        if all(a.write.to_quantity <= wanted.get(a.cell_id, a.write.to_quantity) for",
        "        if all(a.id for",
    ),
    Mutant(
        "written_again_unanswered",
        "Nothing is written to a number while a write of it is unanswered.",
        "app/services/push.py",
        "        SELECT 1 FROM push_attempts a WHERE a.cell_id = c.id AND a.outcome IN ('open', 'unknown')\n",
        "        SELECT 1 FROM push_attempts a WHERE a.cell_id = c.id AND a.outcome = 'none'\n",
    ),
    Mutant(
        "stale_is_overwritten",
        "After a stale answer what lowers goes as a difference, which overwrites nothing.",
        "app/domain/publish.py",
        "    if stale:\n        return Decision.DELTA if deltas else Decision.WAIT\n",
        "    if stale and not deltas:\n        return Decision.WAIT\n",
    ),
    Mutant(
        "rise_overwritten",
        "A rise that is not booked yet is not written over.",
        "app/domain/publish.py",
        "    if belief.drift > 0 and belief.account <= wanted and not in_review:\n",
        "    if belief.drift > 0 and belief.account <= wanted and in_review:\n",
    ),
    Mutant(
        "early_reading_decides",
        "Only a reading requested after its deadline decides about an unanswered write.",
        "app/services/readings.py",
        "        if window.start <= deadline:\n",
        "        if window.start <= deadline - timedelta(seconds=14):\n",
    ),
    Mutant(
        "version_not_rechecked",
        "A reading requested before the cell's version rose is thrown away.",
        "app/services/readings.py",
        "            if cell.version != ticket.versions[cell_id]:\n",
        "            if cell_id not in ticket.versions:\n",
    ),
    Mutant(
        "drift_before_orders",
        "A reading is taken between two order reads.",
        "app/services/reconcile.py",
        "    if orders.poll(job.scope, job.shop, thorough=False) is None:\n"
        "        return None\n"
        "    if not orders.fetch_doubtful(job.scope, job.shop, list(ticket.versions)):\n"
        "        return None\n",
        "",
    ),
    Mutant(
        "drift_booked_at_once",
        "A drift is booked after a settle time and a second reading.",
        "app/services/readings.py",
        "                drifted.append(cell)\n            elif",
        "                drifted.append(cell)\n"
        "                if cell.drift:\n"
        "                    settled[cell_id] = cell.version\n"
        "            elif",
    ),
    Mutant(
        "fall_not_held",
        "A fall of the drift is a provisional hold at once.",
        "app/services/cells.py",
        "AND o.drift < 0 AND o.state = 'active' AND (\n",
        "AND o.drift < -1000000 AND o.state = 'active' AND (\n",
    ),
    Mutant(
        "drift_stays_after_booking",
        "A drift, once booked, moves the account.",
        "app/services/drifts.py",
        "        cell.belief = Belief(cell.belief.expected, 0)\n",
        "        cell.belief = Belief(cell.belief.account, 0)\n",
    ),
    Mutant(
        "same_count_twice",
        "Equal changes on two channels count once.",
        "app/services/drifts.py",
        "        counted = _counted_elsewhere(session, ready)\n",
        "        counted: set[int] = set()\n",
    ),
    Mutant(
        "reversals_not_counted",
        "Repeated reversal of our writes stops the cell.",
        "app/services/drifts.py",
        "    cell.reversals = cell.reversals + 1 if put_back else 0\n",
        "    cell.reversals = 1 if put_back else 0\n",
    ),
    Mutant(
        "blind_write_unread",
        "Without compare-and-set the number is read right before it is written.",
        "app/services/blind_writes.py",
        "    shown = {reading.ref: reading.quantity for reading in readings}\n",
        "    shown = {plan.ref: plan.expected for plan in planned}\n",
    ),
    Mutant(
        "overwriting_ignored",
        "A write without compare-and-set may have overwritten what happened near it.",
        "app/services/histories.py",
        "    return {row.cell_id: row.since for row in rows}\n",
        "    return {row.cell_id: row.since for row in rows if not row.cell_id}\n",
    ),
    Mutant(
        "levels_never_swept",
        "A number that no webhook told of is found by the sweep.",
        "app/services/reconcile.py",
        "            differing += cell_store.note_reports(uow.session, job.scope.connection_id, reports)\n",
        "            differing += 0\n",
    ),
)
