"""The trial and the demo, the real ones: whole product, both shops, from start to nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from app.services.credentials import ConnectionCredentials
from app.services.queue_states import QUEUES
from app.services.shops import open_channel
from app.tracing import stop_tracing
from syncflow import embedded
from syncflow.procfile import read_procfile
from syncflow.trial.casting import cast
from syncflow.trial.chaos import EVERY_SECONDS
from syncflow.trial.evidence import keep
from syncflow.trial.rehearsal import Options, Outcome, rehearse
from syncflow.trial.scenario import Wishes
from syncflow.trial.stage import EMAIL, Stage
from syncflow.trial.verdict import verdict
from tests.collector import Collector, collector
from tests.runtime.waiting import wait_for

PROJECT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240.0
METRICS_TOKEN = "a-metrics-token-that-no-log-holds"
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


@dataclass
class Kept:
    """Of the trial: the folder of its logs, and what none of them may hold."""

    logs: Path
    collector: Collector
    secrets: set[str] = field(default_factory=set)
    metrics: str = ""

    def __call__(self, stage: Stage, folder: Path) -> None:
        """In the place of `keep`, while everything is there."""
        keep(stage, folder)
        settings = stage.product.settings
        urls = [urlsplit(url) for url in (settings.database_url, settings.redis_url)]
        self.secrets |= {
            settings.secret_key,
            *settings.credential_keys,
            *(url.password or "" for url in urls),
        }
        self.metrics = requests.get(
            f"{settings.public_url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}, timeout=30
        ).text
        self.secrets |= {METRICS_TOKEN, "0123456789abcdef"}
        self.secrets.add(settings.platform("shopify")["client_secret"])
        with stage.app.app_context():
            for connection_id in stage.connections.values():
                shop = open_channel(connection_id)
                self.secrets |= {shop.webhook_secret, *_texts(ConnectionCredentials(connection_id).current())}


def _texts(document: Any) -> Iterator[str]:
    """The texts in a document that are long enough to be secrets."""
    for value in document.values() if isinstance(document, Mapping) else ():
        yield from _texts(value) if isinstance(value, Mapping) else ()
        if isinstance(value, str) and len(value) >= 16 and not value[:2].isdigit():  # times are none
            yield value


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """With everything switched on that tells what goes on."""
    with pytest.MonkeyPatch.context() as patch, collector() as made:
        patch.setenv("METRICS_TOKEN", METRICS_TOKEN)
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
        patch.setenv("SENTRY_DSN", made.url.replace("http://", "http://0123456789abcdef@") + "/7")
        found = Kept(tmp_path_factory.mktemp("trial"), made)
        patch.setattr("syncflow.trial.rehearsal.keep", found)
        yield found
        stop_tracing()  # the rehearsal's application, which is in this process, began it


@pytest.fixture(scope="module")
def outcome(kept: Kept) -> Outcome:
    """A short trial of a small order file, one of whose codes is a bundle of others."""
    folder = kept.logs
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


@pytest.mark.timeout(2 * PATIENCE_SECONDS)
def test_the_logs_of_a_trial_hold_no_secret_and_nobodys_data(outcome: Outcome, kept: Kept) -> None:
    """Of every process of the product, with killed workers, an emptied Redis, and faults of both shops."""
    procfile = read_procfile(PROJECT / "Procfile")
    logs = {path: path.read_text() for path in kept.logs.glob("*.log") if path.name.split(".")[0] in procfile}
    assert {path.name.split(".")[0] for path in logs} == set(procfile)
    planted = {secret for secret in kept.secrets if secret} | {
        EMAIL,
        "Plantington",
        "buyers.example",
        "Philippa",
    }
    assert len(kept.secrets) >= 8
    assert {
        (path.name, secret) for path, text in logs.items() for secret in planted if secret in text
    } == set()
    assert outcome.judgement.figures["orders_placed"] > 0


@pytest.mark.timeout(2 * PATIENCE_SECONDS)
def test_what_leaves_a_trial_for_traces_and_fault_reports_holds_none_either(
    outcome: Outcome, kept: Kept
) -> None:
    assert outcome.judgement.figures["orders_placed"] > 0
    sent = b"".join(body for _path, body in kept.collector.requests)
    planted = {*kept.secrets, EMAIL, "Plantington", "buyers.example", "Philippa"} - {""}
    planted.discard("0123456789abcdef")  # the DSN's own key
    assert {secret for secret in planted if secret.encode() in sent} == set()
    assert kept.collector.spans()


@pytest.mark.timeout(2 * PATIENCE_SECONDS)
def test_a_trace_leads_from_a_webhook_over_the_workers_to_the_write_at_another_shop(
    outcome: Outcome, kept: Kept
) -> None:
    """Over three processes at least: web, intake, push."""
    assert outcome.judgement.figures["orders_placed"] > 0
    traces: dict[bytes, set[str]] = defaultdict(set)
    linked: dict[bytes, set[bytes]] = defaultdict(set)
    for span in kept.collector.spans():
        traces[span.trace_id].add(span.name)
        linked[span.trace_id] |= {link.trace_id for link in span.links}
    webhook = "POST /webhooks/<platform>/<public_id>"
    whole = {webhook, "job drain_intake", "process events", "job drain_push"}
    led = [names for names in traces.values() if whole <= names]
    assert any(name.startswith("POST 127.0.0.1:") for names in led for name in names)
    of_webhooks = {trace for trace, names in traces.items() if webhook in names}
    worked_on = {trace for trace, names in traces.items() if "process events" in names}
    reached = {trace for trace in of_webhooks if trace in worked_on} | set().union(*linked.values())
    assert len(of_webhooks & reached) > len(of_webhooks) / 2  # spans of killed processes are lost


@pytest.mark.timeout(2 * PATIENCE_SECONDS)
def test_metrics_tell_of_all_processes_of_a_trial(outcome: Outcome, kept: Kept) -> None:
    found: dict[str, float] = defaultdict(float)
    kinds = set()
    for family in text_string_to_metric_families(kept.metrics):
        for sample in family.samples:
            found[sample.name] += sample.value
            kinds.add(sample.labels.get("kind"))
    assert found["syncflow_webhooks_total"] > 0  # what was counted before Redis was emptied is gone
    assert {"drain_intake", "drain_push", "reconcile", "fold_sums"} <= kinds
    assert found["syncflow_platform_calls_total"] > 0
    assert found["syncflow_propagation_seconds_count"] > 0
    assert found["syncflow_event_processing_delay_seconds_count"] > 0
    assert found["syncflow_queue_workers"] >= len(QUEUES)
    assert found["syncflow_scheduler_working"] == 1


@pytest.mark.timeout(2 * PATIENCE_SECONDS)
def test_every_line_of_a_trials_logs_is_json_with_the_ids_of_what_it_is_about(
    outcome: Outcome, kept: Kept
) -> None:
    assert outcome.judgement.figures["orders_placed"] > 0
    lines: dict[str, list[dict[str, Any]]] = {}
    for path in kept.logs.glob("*.log"):
        if path.name.split(".")[0] in read_procfile(PROJECT / "Procfile"):
            said = [line for line in path.read_text().splitlines() if not line.startswith("syncflow: ")]
            lines[path.name] = [json.loads(line) for line in said]
    assert any(line.get("logger") == "gunicorn.error" for line in lines["web.1.log"])
    webhooks = [line for line in lines["web.1.log"] if str(line.get("route")).startswith("/webhooks/")]
    assert {"request_id", "account_id", "connection_id", "status", "ms"} <= set(webhooks[-1])
    pushes = [line for line in lines["push.1.log"] if line["event"] == "push_recorded"]
    assert {"account_id", "connection_id", "job", "job_id", "queue"} <= set(pushes[-1])
    assert any("woken_by" in line for name in lines if name.startswith("intake") for line in lines[name])


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
