"""A merchant with a long past asks the real web processes.

Makes the merchant, folds and vacuums; then asks 50 times a second, whether or not there were answers, what
the web app and integrators ask; then has a hundred clients ask at a time; then compares the last page of
lists with their first. docs/engineers/benchmarks.md says more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from typing import Any

import requests
from sqlalchemy import text

from app import create_app
from app.services.uow import unit_of_work
from app.settings import Settings
from benchmarks.__main__ import environ_of, report
from benchmarks.api_mix import Ids, Question, asked_by_chance, questions
from benchmarks.big_account import EMAIL, PASSWORD, Size, make_big_account
from benchmarks.last_pages import ratios
from benchmarks.open_loop import Answers, closed_loop, open_loop
from benchmarks.server import server
from benchmarks.world import Made
from syncflow import embedded
from syncflow.database import migrate

PER_SECOND = 50
CLIENTS = 100
REQUESTS_OF_CLIENTS = 2000
WARM_UP_SECONDS = 5
FEWEST = 1000
"""Variants and orders, so that every list has pages."""
BARS = {
    "api_p99_ms": ("<=", 500.0),
    "api_failures": ("<=", 0.0),
    "clients_failures": ("<=", 0.0),
    "orders_last_page_ratio": ("<=", 1.2),
    "movements_last_page_ratio": ("<=", 1.2),
    "stock_last_page_ratio": ("<=", 1.2),
    "variants_last_page_ratio": ("<=", 1.2),
}


def main() -> int:
    args = _arguments()
    with embedded.throwaway() as services:
        environ = environ_of(services)
        os.environ.update(environ)
        migrate(Settings.from_env(environ))
        app = create_app()
        made = make_big_account(app, Size(variants=args.variants, orders=args.orders))
        with server(environ, "admin.web:create_web_app()", ready="/readyz"), app.app_context():
            api = _Api(f"http://127.0.0.1:{environ['PORT']}/api/v1")
            asked = questions(_some_ids(made), random.Random(7))
            api.rehearse(asked)
            steady, crowd = _load(int(environ["PORT"]), asked, api.token, args.seconds)
            last_pages = ratios(api.get, made.account_id)
    _show(steady, crowd)
    figures = _figures(steady, crowd) | last_pages
    report(figures, BARS, as_json=False)
    if args.json:
        figures |= {f"{name}_p99_ms": steady.percentile(0.99, name) for name in sorted(steady.latencies_ms)}
        sys.stdout.write(json.dumps({name: round(value, 4) for name, value in figures.items()}) + "\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench-api", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--seconds", type=float, default=60, help="of the steady load (default %(default)s)")
    parser.add_argument(
        "--orders", type=int, default=1_000_000, help="with three movements each (default %(default)s)"
    )
    parser.add_argument(
        "--variants", type=int, default=100_000, help="on three channels (default %(default)s)"
    )
    args = parser.parse_args()
    if min(args.orders, args.variants) < FEWEST:
        parser.error(f"--orders and --variants are {FEWEST} at least")
    if not 1 <= args.seconds <= 600:
        parser.error("--seconds is from 1 to 600: an access token lasts 15 minutes")
    return args


class _Api:
    """The API as the account's owner."""

    def __init__(self, url: str) -> None:
        self.url = url
        answer = requests.post(f"{url}/auth/login", json={"email": EMAIL, "password": PASSWORD}, timeout=30)
        answer.raise_for_status()
        self.token: str = answer.json()["access_token"]
        self._own = {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str, **query: Any) -> Any:
        answer = requests.get(f"{self.url}{path}", params=query, headers=self._own, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def rehearse(self, asked: list[Question]) -> None:
        """Ask everything once: what would fail all the time is no measurement."""
        for question in asked:
            body = question.body() if question.body is not None else None
            answer = requests.request(
                question.method, f"{self.url}{question.path()}", json=body, headers=self._own, timeout=60
            )
            if not answer.ok:
                raise RuntimeError(f"{question.name}: {answer.status_code} {answer.text[:300]}")


def _some_ids(made: Made) -> Ids:
    def of(table: str) -> list[int]:
        query = text(f"SELECT id FROM {table} WHERE account_id = :a ORDER BY random() LIMIT 20000")
        return list(uow.session.scalars(query, {"a": made.account_id}))

    with unit_of_work() as uow:
        return Ids(of("variants"), of("orders"), of("listings"), made.connection_ids, of("locations")[0])


def _load(port: int, asked: list[Question], token: str, seconds: float) -> tuple[Answers, Answers]:
    """The answers to a steady stream of requests, and to a crowd."""
    next_request = asked_by_chance(asked, token, random.Random(7))
    sys.stderr.write(f"load: {PER_SECOND} requests a second for {WARM_UP_SECONDS} + {seconds:g} s\n")
    open_loop(port, next_request, per_second=PER_SECOND, seconds=WARM_UP_SECONDS)  # plans and caches
    steady = open_loop(port, next_request, per_second=PER_SECOND, seconds=seconds)
    sys.stderr.write(f"load: {CLIENTS} clients at a time, {REQUESTS_OF_CLIENTS} requests\n")
    crowd = closed_loop(port, next_request, clients=CLIENTS, requests=REQUESTS_OF_CLIENTS)
    for failure in [*steady.failures, *crowd.failures][:5]:
        sys.stderr.write(f"failed: {failure}\n")
    return steady, crowd


def _show(steady: Answers, crowd: Answers) -> None:
    """A line for each question of the steady load, the slowest first."""
    sys.stdout.write(
        f"{'milliseconds':22} {'asked':>6} {'p50':>8} {'p99':>8} {'worst':>8} {'crowd p99':>10}\n"
    )
    for name in sorted(steady.latencies_ms, key=lambda name: -steady.percentile(0.99, name)):
        count = len(steady.latencies_ms[name])
        cells = [steady.percentile(share, name) for share in (0.5, 0.99, 1)]
        told = " ".join(f"{cell:8.1f}" for cell in cells)
        sys.stdout.write(f"{name:22} {count:6} {told} {crowd.percentile(0.99, name):10.1f}\n")
    sys.stdout.write("\n")


def _figures(steady: Answers, crowd: Answers) -> dict[str, float]:
    return {
        "api_p50_ms": steady.percentile(0.5),
        "api_p99_ms": steady.percentile(0.99),
        "api_failures": len(steady.failures),
        "clients_p99_ms": crowd.percentile(0.99),
        "clients_failures": len(crowd.failures),
    }


if __name__ == "__main__":
    sys.exit(main())
