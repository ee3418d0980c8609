"""A scripted Shopify shop and a client that does not sleep."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.platforms.http import Http, new_session
from app.platforms.shopify.client import ShopifyClient
from tests.platforms.misbehaving import MisbehavingShop, Step, answer


class ScriptedShop(MisbehavingShop):
    @property
    def client(self) -> ShopifyClient:
        http = Http(new_session(allow_private=True), sleep=lambda _: None)
        return ShopifyClient(http, self.url, token=lambda: "t", renewed=lambda _: "u", sleep=lambda _: None)

    def asked(self) -> list[tuple[str, dict[str, Any]]]:
        """(operation, variables) of every call."""
        bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.requests]
        return [(body["operationName"], body["variables"]) for body in bodies]


@pytest.fixture
def scripted() -> Iterator[Callable[..., ScriptedShop]]:
    """Opens a shop that answers each call with the next of the given `data`, or plays a step."""
    opened: list[ScriptedShop] = []

    def start(*script: dict[str, Any] | Step) -> ScriptedShop:
        steps = [
            answer(200, json.dumps({"data": each}).encode()) if isinstance(each, dict) else each
            for each in script
        ]
        opened.append(ScriptedShop(*steps))
        return opened[-1]

    yield start
    for each in opened:
        each.close()
