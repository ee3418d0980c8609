"""Bulk operations that end badly, and subscriptions that are not as they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.platforms.errors import Permanent, Transient
from app.platforms.shopify.bulk import run_bulk
from app.platforms.shopify.subscriptions import TOPICS, ensure_webhooks, remove_webhooks
from tests.platforms.misbehaving import answer
from tests.platforms.shopify.conftest import ScriptedShop

Scripted = Callable[..., ScriptedShop]
URL = "https://us.example/webhooks/shopify/1"
STARTED = {
    "bulkOperationRunQuery": {"bulkOperation": {"id": "gid://shopify/BulkOperation/1"}, "userErrors": []}
}


def state(status: str, url: str | None = None) -> dict[str, Any]:
    return {"bulkOperation": {"id": "x", "status": status, "errorCode": None, "url": url}}


def run(shop: ScriptedShop, *lines: bytes) -> list[dict[str, Any]]:
    def download(url: str) -> Iterator[bytes]:
        assert url == "https://files.example/1"
        return iter(lines)

    return list(run_bulk(shop.client, download, "{ x }", grouped=True, sleep=lambda _: None))


def test_a_bulk_result_is_read_once_it_is_done(scripted: Scripted) -> None:
    shop = scripted(
        STARTED, state("CREATED"), state("RUNNING"), state("COMPLETED", "https://files.example/1")
    )
    assert run(shop, b'{"id": 1}', b'{"id": 2}') == [{"id": 1}, {"id": 2}]


def test_an_empty_bulk_result_has_no_file(scripted: Scripted) -> None:
    assert run(scripted(STARTED, state("COMPLETED"))) == []


@pytest.mark.parametrize("status", ["FAILED", "CANCELED", "EXPIRED"])
def test_a_bulk_operation_that_fails_may_be_run_again(scripted: Scripted, status: str) -> None:
    with pytest.raises(Transient):
        run(scripted(STARTED, state(status)))


def test_a_bulk_operation_that_never_ends_is_given_up(scripted: Scripted) -> None:
    shop = scripted(STARTED, state("RUNNING"))
    ticks = iter(range(0, 100_000, 600))
    with pytest.raises(Transient, match="too long"):
        list(
            run_bulk(
                shop.client,
                lambda _: iter(()),
                "{ x }",
                grouped=True,
                sleep=lambda _: None,
                clock=lambda: next(ticks),
            )
        )


@pytest.mark.parametrize(
    ("code", "fault"),
    [("OPERATION_IN_PROGRESS", Transient), ("LIMIT_REACHED", Transient), ("INVALID", Permanent)],
)
def test_a_bulk_operation_that_is_not_started(scripted: Scripted, code: str, fault: type[Exception]) -> None:
    error = {"code": code, "field": None, "message": "no"}
    with pytest.raises(fault):
        run(scripted({"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": [error]}}))


@pytest.mark.parametrize(("line", "fault"), [(b'{"id": ', Transient), (b"[]", Permanent)])
def test_a_broken_line_is_never_skipped(scripted: Scripted, line: bytes, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        run(scripted(STARTED, state("COMPLETED", "https://files.example/1")), b'{"id": 1}', line)


def subscriptions(*found: tuple[str, str]) -> dict[str, Any]:
    nodes = [
        {"id": f"gid://shopify/WebhookSubscription/{n}", "topic": topic, "uri": uri, "format": "JSON"}
        for n, (topic, uri) in enumerate(found)
    ]
    info = {"hasNextPage": False, "endCursor": None}
    return {"webhookSubscriptions": {"nodes": nodes, "pageInfo": info}}


DONE = {
    "webhookSubscriptionCreate": {"userErrors": []},
    "webhookSubscriptionDelete": {"userErrors": []},
}


def test_strays_and_doubles_are_deleted_and_what_is_missing_is_made(scripted: Scripted) -> None:
    present = [(topic, URL) for topic in TOPICS[1:]]
    found = subscriptions(
        *present, (TOPICS[1], URL), ("THEMES_UPDATE", URL), ("THEMES_UPDATE", "https://other.example")
    )
    shop = scripted(found, DONE)
    assert ensure_webhooks(shop.client, URL) == [
        f"deleted {TOPICS[1]}",
        "deleted THEMES_UPDATE",
        f"created {TOPICS[0]}",
    ]
    assert [name for name, _ in shop.asked()] == ["Subscriptions", "Unsubscribe", "Unsubscribe", "Subscribe"]
    assert shop.asked()[3][1] == {"topic": TOPICS[0], "subscription": {"uri": URL, "format": "JSON"}}


def test_a_subscription_whose_answer_was_lost_is_there(scripted: Scripted) -> None:
    taken = [{"field": None, "message": "Address for this topic has already been taken"}]
    shop = scripted(
        subscriptions(*((topic, URL) for topic in TOPICS[1:])),
        answer(502),
        {"webhookSubscriptionCreate": {"userErrors": taken}},
    )
    assert ensure_webhooks(shop.client, URL) == [f"created {TOPICS[0]}"]


def test_a_refused_subscription_is_permanent(scripted: Scripted) -> None:
    refused = [{"field": ["uri"], "message": "Address is not allowed"}]
    with pytest.raises(Permanent):
        ensure_webhooks(
            scripted(subscriptions(), {"webhookSubscriptionCreate": {"userErrors": refused}}).client, URL
        )


def test_only_what_points_at_us_is_removed(scripted: Scripted) -> None:
    shop = scripted(subscriptions((TOPICS[0], URL), (TOPICS[1], "https://other.example")), DONE)
    remove_webhooks(shop.client, URL)
    assert shop.asked()[1:] == [("Unsubscribe", {"id": "gid://shopify/WebhookSubscription/0"})]
