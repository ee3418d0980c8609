"""`make soak`: random histories from one seed on, until the time is up; a failing one is made small."""

from __future__ import annotations

import argparse
import pprint
import random
import sys
import time
from pathlib import Path

from tqdm import tqdm

from syncflow import embedded
from tests.simulation.histories import History, play, random_history, shrink
from tests.simulation.stage import Stage, staged

SHRINK_SECONDS = 300


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long (default %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="the first history's (default: any)")
    parser.add_argument("--count", type=int, default=None, help="so many histories at most")
    parser.add_argument("--trace", type=Path, default=Path("soak.trace"), help="where a failure's trace goes")
    arguments = parser.parse_args()
    first = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**9)
    print(f"from seed {first}")
    with embedded.throwaway(durable=False) as services, staged(services) as stage:
        return soak(stage, first, arguments)


def soak(stage: Stage, first: int, arguments: argparse.Namespace) -> int:
    end = time.monotonic() + arguments.seconds
    seed = first
    with tqdm(unit=" histories", disable=not sys.stderr.isatty()) as bar:
        while time.monotonic() < end and (arguments.count is None or seed < first + arguments.count):
            fault = failure(stage, random_history(seed))
            if fault is not None:
                break
            seed += 1
            bar.update()
        else:
            print(f"{seed - first} histories, from seed {first} on: nothing found")
            return 0
    print(f"seed {seed}: {type(fault).__name__}: {fault}")
    give_up = time.monotonic() + SHRINK_SECONDS
    small = shrink(
        lambda one: time.monotonic() < give_up and failure(stage, one) is not None, random_history(seed)
    )
    fault = failure(stage, small) or fault
    arguments.trace.write_text("\n".join(getattr(fault, "__notes__", [])) + "\n")
    print(f"made small: {fault}")
    pprint.pprint(small, width=100)
    print(f"its trace: {arguments.trace}")
    return 1


def failure(stage: Stage, history: History) -> Exception | None:
    try:
        play(stage, history)
    except Exception as fault:
        return fault
    return None


if __name__ == "__main__":
    sys.exit(main())
