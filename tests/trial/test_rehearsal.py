"""The trial and the demo, the real ones: whole product, both shops, from start to nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncflow import embedded
from syncflow.trial.casting import cast
from syncflow.trial.chaos import EVERY_SECONDS
from syncflow.trial.rehearsal import Options, Outcome, rehearse
from syncflow.trial.scenario import Wishes
from syncflow.trial.verdict import verdict
from tests.runtime.waiting import wait_for

PROJECT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240.0
NOT_FOR_CHILDREN = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "CREDENTIAL_KEYS", "PUBLIC_URL", "PORT")
INVOICES = """\
InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID,Country
1,22423,CAKE STAND,2,12.75,1,UK
1,85123A,HEART,1,2.55,1,UK
2,85123a,heart,1,2.55,2,UK
2,22423,CAKE STAND,1,12.75,2,UK
C3,22423,CAKE STAND,-1,12.75,1,UK
4,POST,POSTAGE,1,18,3,UK
4,71053,LANTERN,3,3.39,3,UK
5,71053,LANTERN,1,3.39,,UK
5,22423,CAKE STAND,1,12.75,,UK
C6,85123a,heart,-1,2.55,2,UK
7,84406B,HANGER,2,2.75,7,UK
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A short trial of a small order file, one of whose codes is a bundle of others."""
    folder = tmp_path_factory.mktemp("trial")
    (folder / "orders.csv").write_text(INVOICES)
    played = cast(folder / "orders.csv", Wishes(count=20, rate=5, seed=3, edits=True, bundles=20))
    options = Options(
        faults="light",
        chaos=EVERY_SECONDS,
        plan="enterprise",
        latency_ms=5,
        keep=folder / "kept",
        watch_seconds=0,
    )
    bought: list[int] = []
    outcome = rehearse(
        played.scenario, options, logs=folder, say=lambda _: None, progress=lambda: bought.append(1)
    )
    assert len(bought) == 20
    assert (folder / "kept" / "shopify-events.jsonl").stat().st_size > 0
    assert (folder / "kept" / "stock_movements.csv").stat().st_size > 0
    assert "orders recorded" in verdict(outcome, played.source)
    return outcome


@pytest.mark.timeout(2 * PATIENCE_SECONDS)
def test_a_trial_with_everything_switched_on_loses_nothing_and_agrees_in_the_end(outcome: Outcome) -> None:
    figures = outcome.judgement.figures
    assert figures["orders_placed"] + outcome.tally["orders_refused"] == 20
    assert figures["orders_recorded"] == figures["orders_placed"]
    wrong = ("orders_lost", "orders_double_counted", "listings_diverged", "ledger_mismatches")
    assert {name: figures[name] for name in wrong} == dict.fromkeys(wrong, 0), outcome.judgement.suspects


@pytest.mark.timeout(2 * PATIENCE_SECONDS)
def test_a_trial_measures_what_it_promises(outcome: Outcome) -> None:
    figures = outcome.judgement.figures
    assert (figures["skus"], figures["bundles"], figures["listings"]) == (5, 1, 2 * 6)  # and the probe
    assert figures["bundles_sold"] > 0
    assert figures["skus_run_out"] >= 1
    assert figures["push_calls"] > 0  # fewer than the floor where a busy machine gathered more into each
    assert figures["push_calls_floor"] > 0
    assert figures["webhooks_sent"] > figures["orders_placed"]
    assert figures["propagation_ms"]["max"] >= figures["propagation_ms"]["p50"] > 0
    assert figures["propagation_floor_ms"] > 10  # two calls of 5 ms each, and more
    assert 20 < figures["peak_rss_mb"] < outcome.all_mb
    assert outcome.disturbances == dict.fromkeys(EVERY_SECONDS, 1)
    json.dumps(figures)


def run(*arguments: str, mark: Path) -> subprocess.Popen[str]:
    environ = {name: value for name, value in os.environ.items() if name not in NOT_FOR_CHILDREN}
    return subprocess.Popen(
        [sys.executable, "-m", "syncflow.cli", *arguments],
        cwd=PROJECT,
        env={**environ, "WEB_WORKERS": "1", "OF_TEST": str(mark)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def left_over(mark: Path) -> list[str]:
    """The living processes that inherited the mark."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(mark).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def output_until(program: subprocess.Popen[str], pattern: str) -> str:
    """What the program prints up to the first line that the pattern is found in."""
    assert program.stdout is not None
    said = ""
    for line in program.stdout:
        said += line
        if re.search(pattern, line):
            return said
    raise AssertionError(f"{pattern!r} never came:\n{said}")


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_a_trial_that_is_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    program = run("trial", "--count", "500", "--rate", "5", "--skus", "20", mark=tmp_path)
    try:
        output_until(program, "playing for")
        assert len(left_over(tmp_path)) > 8
        program.send_signal(signal.SIGINT)
        said, _ = program.communicate(timeout=90)
    finally:
        program.kill()
        program.communicate()
    assert program.returncode == 130, said
    wait_for(lambda: left_over(tmp_path) == [], what="the end of every process")


def test_an_order_file_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("a,b\n1,2\n")
    program = run("trial", "--orders", str(tmp_path / "orders.csv"), mark=tmp_path)
    said, _ = program.communicate(timeout=60)
    assert program.returncode == 2
    assert "InvoiceNo" in said


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / ".syncflow"
    embedded.remove(tmp_path / ".syncflow")


@pytest.mark.timeout(2 * PATIENCE_SECONDS)
def test_the_demo_shows_sales_arriving_and_takes_up_where_it_ended(home: Path) -> None:
    def demo() -> str:
        program = run("demo", "--home", str(home), mark=home)
        try:
            said = output_until(program, r"-> \d+ after \d+ ms$")
            program.send_signal(signal.SIGINT)
            rest, _ = program.communicate(timeout=90)
        finally:
            program.kill()
            program.communicate()
        assert program.returncode == 0, rest
        wait_for(lambda: left_over(home) == [], what="the end of every process")
        return said

    first, second = demo(), demo()
    assert "importing" in first
    assert "importing" not in second
    addresses = re.compile(r"^(SyncFlow|  sign in|Shopify|WooCommerce) +(\S.*)$", re.MULTILINE)
    assert dict(addresses.findall(first)) == dict(addresses.findall(second))
