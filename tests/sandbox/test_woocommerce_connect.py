import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.sandbox.support import Receiver, ShopProcess

Start = Callable[..., ShopProcess]


def asked(receiver: Receiver, **changes: str) -> dict[str, str]:
    return {
        "app_name": "SyncFlow",
        "scope": "read_write",
        "user_id": "unguessable/1",
        "return_url": "https://app.example/back?tab=shops",
        "callback_url": f"{receiver.url}/keys",
        **changes,
    }


def link(page: str, css_class: str) -> str:
    found = re.search(rf'href="([^"]*)" class="[^"]*{css_class}', page)
    assert found is not None, page
    return unescape(found.group(1))


def answer_of(location: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(location).query)


def test_approving_posts_working_keys_and_redirects_back(start_shop: Start, receiver: Receiver) -> None:
    shop = start_shop("woocommerce")
    page = requests.get(f"{shop.url}/wc-auth/v1/authorize", params=asked(receiver), timeout=10)
    assert page.status_code == 200
    assert "Read/Write" in page.text
    granted = requests.get(shop.url + link(page.text, "wc-auth-approve"), allow_redirects=False, timeout=10)
    assert granted.status_code == 302
    assert granted.headers["Location"].startswith("https://app.example/back?tab=shops&")
    back = answer_of(granted.headers["Location"])
    assert (back["success"], back["user_id"]) == (["1"], ["unguessable/1"])
    (posted,) = receiver.wait(1)
    assert posted.headers["Content-Type"] == "application/json;charset=UTF-8"
    keys: dict[str, Any] = posted.json
    assert set(keys) == {"key_id", "user_id", "consumer_key", "consumer_secret", "key_permissions"}
    assert (keys["user_id"], keys["key_permissions"]) == ("unguessable/1", "read_write")
    works = requests.get(
        f"{shop.url}/wp-json/wc/v3/orders",
        auth=(keys["consumer_key"], keys["consumer_secret"]),
        headers={"X-Forwarded-Proto": "https"},
        timeout=10,
    )
    assert works.status_code == 200


def test_denying_redirects_back_without_keys(start_shop: Start, receiver: Receiver) -> None:
    shop = start_shop("woocommerce")
    page = requests.get(f"{shop.url}/wc-auth/v1/authorize", params=asked(receiver), timeout=10)
    assert answer_of(link(page.text, "wc-auth-deny"))["success"] == ["0"]
    assert receiver.received == []


def test_keys_that_the_app_did_not_take_are_deleted(start_shop: Start, receiver: Receiver) -> None:
    shop = start_shop("woocommerce")
    receiver.status = 500
    page = requests.get(f"{shop.url}/wc-auth/v1/authorize", params=asked(receiver), timeout=10)
    refused = requests.get(shop.url + link(page.text, "wc-auth-approve"), timeout=10)
    assert refused.status_code == 401
    assert "unable to send the consumer data" in refused.text
    keys = receiver.wait(1)[0].json
    dead = requests.get(
        f"{shop.url}/wp-json/wc/v3/orders",
        auth=(keys["consumer_key"], keys["consumer_secret"]),
        headers={"X-Forwarded-Proto": "https"},
        timeout=10,
    )
    assert dead.status_code == 401


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"callback_url": "http://app.example/keys"}, "needs to be over SSL"),
        ({"scope": "everything"}, "Invalid scope"),
        ({"user_id": ""}, "Missing parameter user_id"),
    ],
)
def test_a_bad_request_for_access_is_denied(
    start_shop: Start, receiver: Receiver, change: dict[str, str], words: str
) -> None:
    shop = start_shop("woocommerce")
    page = requests.get(f"{shop.url}/wc-auth/v1/authorize", params=asked(receiver, **change), timeout=10)
    assert page.status_code == 401
    assert words in page.text


def test_approval_needs_the_consent_page_first(start_shop: Start, receiver: Receiver) -> None:
    shop = start_shop("woocommerce")
    straight = requests.get(f"{shop.url}/wc-auth/v1/access_granted", params=asked(receiver), timeout=10)
    assert straight.status_code == 401
    assert "Invalid nonce verification" in straight.text
    assert receiver.received == []
