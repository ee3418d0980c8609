"""`make mutants`: break the engine in one named way after another, and see the simulation notice each.

A mutant is a rule of the design, and what it replaces in one file to break it. It runs in a copy of the
project, so that nothing here is ever broken; `test_mutants.py` holds that each still has something to break.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
COPIED = ("app", "workers", "syncflow", "migrations", "tests", "pyproject.toml")
TESTS = ("tests/simulation/test_interleavings.py", "tests/simulation/test_histories.py")
MOST_SECONDS = 60


@dataclass(frozen=True)
class Mutant:
    """`rule` is what it breaks."""

    name: str
    rule: str
    file: str
    old: str
    new: str


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
        "account_ignores_orders",
        "Every channel effect moves the account when it is learned.",
        "app/domain/account.py",
        "    not_included = Belief(belief.account + effect.delta, belief.drift)\n",
        "    not_included = Belief(belief.account, belief.drift)\n",
    ),
    Mutant(
        "reading_ignores_dates",
        "Effects dated later than a reading are not in it.",
        "app/domain/account.py",
        "sum(e.delta for e in learned_since if window.certainly_after(e.at))",
        "0",
    ),
    Mutant(
        "account_ignores_writes",
        "A write known to be applied moves the account by its difference.",
        "app/services/attempts.py",
        "            cell.belief = Belief(cell.belief.account + difference, cell.drift)\n",
        "            cell.belief = Belief(cell.belief.account, cell.drift + difference)\n",
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
        "        return False\n"
        "    if not orders.fetch_doubtful(job.scope, job.shop, list(ticket.versions)):\n"
        "        return False\n",
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
        "                    AND o.drift < 0 AND o.state = 'active'\n",
        "                    AND o.drift < -1000000 AND o.state = 'active'\n",
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
        "bundles_not_told",
        "A change of a component has its bundles looked at.",
        "app/services/cells.py",
        "    UNION SELECT b.bundle_id FROM bundle_components b JOIN parts ON parts.id = b.component_id\n",
        "",
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
        "negative_numbers",
        "A channel is never asked to show less than nothing.",
        "app/domain/publish.py",
        "    shown = max(units // factor, 0)\n",
        "    shown = units // factor\n",
    ),
    Mutant(
        "no_sweeper",
        "What a lost nudge or a dead worker left behind is found in the tables.",
        "app/services/sweeper.py",
        "    WHERE e.state = 'pending' AND (\n",
        "    WHERE e.state = 'pending' AND false AND (\n",
    ),
    Mutant(
        "cursor_without_overlap",
        "A poll starts an overlap before its cursor.",
        "app/services/orders.py",
        "    for page in shop.channel.changed_orders(cursor - overlap):\n",
        "    for page in shop.channel.changed_orders(cursor + timedelta(seconds=1)):\n",
    ),
    Mutant(
        "other_cells_not_told",
        "A committed change has every affected cell looked at, in the same transaction.",
        "app/services/cells.py",
        '            "others": [cell.id for cell in cells if cell.id not in ids],\n',
        '            "others": [],\n',
    ),
)


def apply(mutant: Mutant, root: Path) -> None:
    """Raises ValueError unless there is exactly one place to break."""
    path = root / mutant.file
    source = path.read_text()
    if source.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: {source.count(mutant.old)} places in {mutant.file} to break, not 1")
    path.write_text(source.replace(mutant.old, mutant.new))


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__.partition("\n\n")[0])
    parser.add_argument("names", nargs="*", help="only these; all of them without")
    parser.add_argument(
        "--seconds", type=float, default=MOST_SECONDS, help="a mutant may live (default %(default)s)"
    )
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {mutant.name for mutant in MUTANTS}
    if unknown:
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    chosen = [mutant for mutant in MUTANTS if not arguments.names or mutant.name in arguments.names]
    survivors = []
    for number, mutant in enumerate(chosen, 1):
        print(f"[{number}/{len(chosen)}] {mutant.name:32}", end=" ", flush=True)
        caught, seconds, words = hunt(mutant, arguments.seconds)
        print(f"{'caught' if caught else 'SURVIVED'} in {seconds:4.1f} s  {words}", flush=True)
        if not caught:
            survivors.append(mutant.name)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} caught.")
    return 1 if survivors else 0


def hunt(mutant: Mutant, most_seconds: float) -> tuple[bool, float, str]:
    """Whether the simulation fails on it, after how long, and what it said."""
    with tempfile.TemporaryDirectory(prefix="syncflow-mutant-") as folder:
        root = Path(folder)
        for name in COPIED:
            source = PROJECT / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, root / name)
        apply(mutant, root)
        started = time.monotonic()
        runs = [_run(root, test) for test in TESTS]
        try:
            while time.monotonic() < started + most_seconds:
                for test, run in runs:
                    if run.poll() not in (None, 0):
                        words = _why((root / test).with_suffix(".out").read_text())
                        return run.returncode == 1, time.monotonic() - started, words
                if all(run.poll() == 0 for _test, run in runs):
                    return False, time.monotonic() - started, "all is as it should be"
                time.sleep(0.1)
            return False, time.monotonic() - started, "nothing found in time"
        finally:
            for _test, run in runs:
                run.terminate()
            for _test, run in runs:
                run.wait()


def _run(root: Path, test: str) -> tuple[str, subprocess.Popen[bytes]]:
    with (root / test).with_suffix(".out").open("w") as output:
        return test, subprocess.Popen(
            [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", test],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _why(output: str) -> str:
    failed = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0][:150] if failed else output[-150:].replace("\n", " ")


if __name__ == "__main__":
    sys.exit(main())
