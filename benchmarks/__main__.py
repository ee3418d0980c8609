"""`python -m benchmarks [--json] [--rounds 5] [--only NAME]`: the figures that speed is judged by.

Each figure is the median of its rounds. Ratios compare within one run; absolute figures depend on the
machine and are given for orientation.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import socket
import statistics
import sys
from collections.abc import Callable, Mapping

from flask import Flask
from tqdm import tqdm

from app import create_app
from app.settings import Settings
from benchmarks import engine, fairness, intake, past, replay
from syncflow import embedded
from syncflow.database import migrate

BARS: dict[str, tuple[str, float]] = {
    "intake_ratio": (">=", 0.25),
    "orders_per_s": (">=", 250),
    "reading_10k_1pct_s": ("<=", 0.3),
    "reading_10k_all_s": ("<=", 3),
    "reading_growth": ("<=", 11),
    "worker_rss_mb": ("<=", 150),
    **fairness.BARS,
    "why_ms": ("<=", 100),
    "as_of_ms": ("<=", 100),
    "as_of_100k_s": ("<=", 3),
    "replay_100k_s": ("<=", 10),
    "replay_100k_mb": ("<=", 8),
}
SUITES = ("intake", "orders", "fairness", "readings", "past", "replay")


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--rounds", type=int, default=5, help="rounds per figure; the median counts")
    parser.add_argument("--only", choices=SUITES, help="measure only this")
    args = parser.parse_args()
    with embedded.throwaway() as services:
        environ = environ_of(services)
        os.environ.update(environ)
        migrate(Settings.from_env(environ))
        app = create_app()
        figures: dict[str, float] = {}
        for suite in SUITES if args.only is None else (args.only,):
            for measure in _rounds_of(suite, app, environ):
                figures |= _median(measure, 1 if suite == "fairness" else args.rounds, suite)
    if "reading_100k_all_s" in figures:
        figures["reading_growth"] = figures["reading_100k_all_s"] / figures["reading_10k_all_s"]
    report(figures, BARS, as_json=args.json)
    return 0


def alone(
    setup: Callable[[Flask, dict[str, str]], Callable[[], dict[str, float]]],
    bars: Mapping[str, tuple[str, float]],
    *,
    as_json: bool,
) -> int:
    """One round of one measure, on services of its own."""
    with embedded.throwaway() as services:
        environ = environ_of(services)
        os.environ.update(environ)
        migrate(Settings.from_env(environ))
        report(setup(create_app(), environ)(), bars, as_json=as_json)
    return 0


def _rounds_of(suite: str, app: Flask, environ: dict[str, str]) -> list[Callable[[], dict[str, float]]]:
    if suite == "intake":
        return [intake.measure(app, environ)]
    if suite == "orders":
        return [engine.orders(environ)]
    if suite == "fairness":
        return [fairness.measure(app, environ)]
    if suite == "past":
        return [past.measure(app)]
    if suite == "replay":
        return [replay.measure(app)]
    return [
        engine.reading(app, cells=10_000, changed_percent=1, name="reading_10k_1pct_s"),
        engine.reading(app, cells=10_000, changed_percent=100, name="reading_10k_all_s"),
        engine.reading(app, cells=100_000, changed_percent=100, name="reading_100k_all_s"),
    ]


def _median(measure: Callable[[], dict[str, float]], rounds: int, name: str) -> dict[str, float]:
    seen = [measure() for _ in tqdm(range(rounds), desc=name, disable=not sys.stderr.isatty())]
    return {key: statistics.median(round_[key] for round_ in seen) for key in seen[0]}


def environ_of(services: embedded.Services) -> dict[str, str]:
    """Of a product on these services, on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        "ENVIRONMENT": "development",
        "DATABASE_URL": services.database_url,
        "REDIS_URL": services.redis_url,
        "SECRET_KEY": base64.b64encode(os.urandom(32)).decode(),
        "CREDENTIAL_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PORT": str(port),
        "LOG_LEVEL": "ERROR",
    }


def report(figures: Mapping[str, float], bars: Mapping[str, tuple[str, float]], *, as_json: bool) -> None:
    """A line for each figure, and whether its bar holds."""
    for name, value in figures.items():
        sign, bar = bars.get(name, ("", 0.0))
        verdict = ""
        if sign:
            good = value >= bar if sign == ">=" else value <= bar
            verdict = f"bar {sign} {bar:g}: {'holds' if good else 'MISSED'}"
        sys.stdout.write(f"{name:22} {value:12.3f}  {verdict}\n")
    if as_json:
        sys.stdout.write(json.dumps({name: round(value, 4) for name, value in figures.items()}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
