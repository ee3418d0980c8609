"""docs/api.md is true: its session runs from top to bottom against the real product, and answers as shown.

Blocks marked `sh` are run one after the other in one bash. The block that follows one, if it is `json` or
`text`, is what it must print; `…` stands for anything.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.api.errors import CODES, STATUSES
from app.services.auth import open_account
from syncflow import embedded
from syncflow.output import LogFiles
from syncflow.processes import free_port
from syncflow.product import Product, running_product
from syncflow.trial.scenario import Line
from syncflow.trial.shops import Shop, running_shop
from syncflow.within import application

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
EMAIL = "integrator@example.com"
PASSWORD = "correct horse battery"
PRODUCTS = (("BOWL", "Bowl", "14.00", 7), ("MUG", "Mug", "9.00", 12), ("PLATE", "Plate", "12.50", 20))
QUIET = dict.fromkeys(("hints", "retries", "notify", "reports"), 0) | dict.fromkeys(
    ("intake", "push", "sync"), 1
)
SESSION_SECONDS = 120
CLOCK_DOUBT_SECONDS = 4
"""So long after an order nobody doubts which came first, it or a reading: dates have a grain of a second."""
ANYTHING = "…"


def blocks(page: str) -> list[tuple[str, str, str]]:
    """The commands, and what they are shown to print as its kind and text; empty where nothing is shown."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    answers = [*found[1:], ("sh", "")]
    return [
        (text, *(("", "") if answer[0] == "sh" else answer))
        for (kind, text), answer in zip(found, answers, strict=True)
        if kind == "sh"
    ]


def parsed(shown: str) -> Any:
    """JSON in which `…` stands for a value, or for further members or elements."""
    text, last, inside = "", "", [""]
    for token in re.findall(rf'"(?:[^"\\]|\\.)*"|[][{{}}:,{ANYTHING}]|[^\s"\][{{}}:,{ANYTHING}]+', shown):
        if token == ANYTHING:
            is_member = inside[-1] == "{" and last != ":"
            text += f'"{ANYTHING}": 0' if is_member else f'"{ANYTHING}"'
        else:
            text += token
        if token in "[{":
            inside.append(token)
        elif token in "]}":
            inside.pop()
        last = token
    return json.loads(text)


def differences(shown: Any, real: Any, at: str = "") -> Iterator[str]:
    """Where an answer is not what the page shows."""
    match shown:
        case str() if ANYTHING in shown:
            pattern = ".*".join(re.escape(part) for part in shown.split(ANYTHING))
            if shown != ANYTHING and not (isinstance(real, str) and re.fullmatch(pattern, real, re.DOTALL)):
                yield f"{at}: {shown!r} is shown, {real!r} it is"
        case dict() if isinstance(real, dict):
            for name in [name for name in shown if name != ANYTHING]:
                if name in real:
                    yield from differences(shown[name], real[name], f"{at}/{name}")
                else:
                    yield f"{at}/{name} is shown, and not there"
            if ANYTHING not in shown:
                yield from (f"{at}/{name} is there, and not shown" for name in real.keys() - shown.keys())
        case list() if isinstance(real, list):
            wanted = [element for element in shown if element != ANYTHING]
            if len(real) < len(wanted) or (len(real) > len(wanted) and ANYTHING not in shown):
                yield f"{at}: {len(wanted)} elements are shown, {len(real)} there are"
            for number, (element, there) in enumerate(zip(wanted, real, strict=False)):
                yield from differences(element, there, f"{at}/{number}")
        case _:
            if type(shown) is not type(real) or shown != real:
                yield f"{at}: {shown!r} is shown, {real!r} it is"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A WooCommerce store that sells three things, two mugs already."""
    with running_shop(
        "woocommerce",
        state=tmp_path / "shop",
        port=free_port(),
        token=secrets.token_urlsafe(24),
        output=LogFiles(tmp_path / "logs"),
        options=[],
    ) as shop:
        shop.add_products(
            [
                {
                    "title": title,
                    "variants": [{"sku": sku, "title": "Default Title", "price": price, "stock": stock}],
                }
                for sku, title, price, stock in PRODUCTS
            ]
        )
        assert shop.buy([Line("MUG", 2)], reference="two mugs").order_id
        time.sleep(CLOCK_DOUBT_SECONDS)
        yield shop


@pytest.fixture
def product(
    environ: Mapping[str, str],
    services: embedded.Services,
    fresh_database_url: str,
    clean_redis: str,
    tmp_path: Path,
) -> Iterator[Product]:
    """The product's own processes on a database of their own, with one merchant."""
    port = str(free_port())
    own = {
        "DATABASE_URL": fresh_database_url,
        "PORT": port,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "WEB_WORKERS": "1",
    }
    with running_product(
        tmp_path,
        environ={**os.environ, **environ, **own},
        services=services,
        output=LogFiles(tmp_path / "logs"),
        formation=QUIET,
    ) as product:
        with application(product.settings):
            open_account("Tableware", EMAIL, PASSWORD)
        yield product


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")
@pytest.mark.timeout(2 * SESSION_SECONDS)
def test_the_session_of_the_page_answers_as_shown(product: Product, shop: Shop, tmp_path: Path) -> None:
    session = blocks(PAGE.read_text())
    assert len(session) > 10
    keys = shop.make_keys()
    answers = play(
        [commands for commands, _, _ in session],
        tmp_path / "session",
        {
            "SYNCFLOW": product.settings.public_url,
            "EMAIL": EMAIL,
            "PASSWORD": PASSWORD,
            "STORE": shop.url,
            "CONSUMER_KEY": keys["consumer_key"],
            "CONSUMER_SECRET": keys["consumer_secret"],
        },
    )
    for (commands, kind, shown), printed in zip(session, answers, strict=True):
        if kind == "json":
            found = list(differences(parsed(shown), json.loads(printed)))
        else:
            found = list(differences(shown.strip(), printed.strip())) if kind else []
        assert found == [], f"{commands}\n{printed}"


def play(commands: list[str], folder: Path, variables: Mapping[str, str]) -> list[str]:
    """What each block prints, all in one bash that ends at the first failure."""
    folder.mkdir()
    script = "set -euo pipefail\n"
    for number, block in enumerate(commands):
        script += f"{{\n{block}\n}} > printed.{number}\n"
    environ = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **variables}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environ,
        text=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SESSION_SECONDS,
    )
    reached = [(folder / f"printed.{number}") for number in range(len(commands))]
    printed = [path.read_text() for path in reached if path.exists()]
    assert done.returncode == 0, f"{commands[len(printed) - 1]}\n{printed[-1]}\n{done.stderr}"
    assert done.stderr == ""
    return printed


def test_the_codes_of_the_page_have_the_statuses_that_it_tells() -> None:
    rows = re.findall(r"^\| (`.+`) \| (\d{3}) \|", PAGE.read_text(), re.MULTILINE)
    told = {code: int(status) for codes, status in rows for code in re.findall(r"`(\w+)`", codes)}
    assert told
    known = STATUSES | {code: status for status, code in CODES.items()}
    assert told == {code: known.get(code) for code in told}


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ('{"id": …}', {"id": 7, "more": 1}),
        ('{"id": …, …}', {"more": 1}),
        ('{"id": "7"}', {"id": 7}),
        ("[1, …]", []),
        ("[1]", [1, 2]),
        ('{"ok": true}', {"ok": 1}),
        ('"conn…"', "a connection"),
        ('{"a": [{"b": 1, …}]}', {"a": [{"c": 1}]}),
    ],
)
def test_a_page_that_lies_is_noticed(shown: str, real: Any) -> None:
    assert list(differences(parsed(shown), real))


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ('{"id": …, "name": "…", …}', {"id": 7, "name": "", "more": 1}),
        ("[1, …]", [1, 2, 3]),
        ("[…]", []),
        ('"eyJ…"', "eyJhbGciOi"),
        ('{"a": […], "b": null, …}', {"a": [1], "b": None}),
    ],
)
def test_a_page_that_shortens_does_not_lie(shown: str, real: Any) -> None:
    assert list(differences(parsed(shown), real)) == []
