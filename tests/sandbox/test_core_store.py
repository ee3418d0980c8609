import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.core.store import Store
from tests.sandbox.support import Receiver, ShopProcess
from tests.sandbox.woo_client import WooClient

Start = Callable[..., ShopProcess]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_state_survives_the_process(start_shop: Start, sign: signal.Signals) -> None:
    shop = start_shop("woocommerce")
    shop.add({"sku": "kept"})
    before = shop.order(("kept", 4))
    events = shop.do("events", method="GET")["events"]
    code = shop.stop(sign)
    assert code == (-signal.SIGKILL if sign is signal.SIGKILL else 0)
    shop.start()
    assert shop.quantity("kept") == 6
    assert shop.do("orders", method="GET")["orders"][0]["id"] == before
    assert shop.do("events", method="GET")["events"] == events
    assert shop.order(("kept", 1)) > before


def test_ids_of_deleted_things_are_not_used_again(start_shop: Start) -> None:
    shop = start_shop("woocommerce")
    client = WooClient(shop)
    (item,) = shop.add({"sku": "gone"})
    client.call("DELETE", f"products/{item['listing_id']}", force="true")
    shop.stop(signal.SIGKILL)
    shop.start()
    assert int(shop.add({"sku": "new"})[0]["listing_id"]) > int(item["listing_id"])


def test_a_queued_webhook_survives_the_process(start_shop: Start, receiver: Receiver) -> None:
    shop = start_shop("woocommerce")
    WooClient(shop).subscribe("product.updated", receiver.url)
    shop.add({"sku": "queued"})
    receiver.gate.clear()
    shop.do("stock", {"sku": "queued", "quantity": 3})
    receiver.wait(2)
    shop.stop(signal.SIGKILL)
    receiver.gate.set()
    shop.start()
    assert receiver.wait(3)[2].json["stock_quantity"] == 3


def test_keys_faults_and_plan_survive_the_process(start_shop: Start) -> None:
    shop = start_shop("woocommerce", "--shop", "Corner shop")
    client = WooClient(shop)
    shop.faults(webhook_drop=0.5, latency_ms=1)
    shop.do("plan", {"requests_per_second": 9}, method="PUT")
    shop.stop(signal.SIGKILL)
    shop.start()
    assert client.call("GET", "orders").status_code == 200
    settings = shop.do("faults", method="GET")
    assert (settings["webhook_drop"], settings["latency_ms"]) == (0.5, 1)
    assert shop.do("plan", method="GET")["requests_per_second"] == 9
    assert shop.do("health", method="GET") == {"ok": True, "platform": "woocommerce", "shop": "Corner shop"}


def test_state_changes_only_inside_a_transaction(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite")
    with pytest.raises(RuntimeError):
        store.table("things").put(1, {})
    store.close()


def test_keys_keep_their_types_and_order(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    store = Store(path)
    with store.transaction():
        things = store.table("things")
        for key in (10, "9", 2):
            things.put(key, {"key": key})
    with store.transaction():
        things[10]["changed"] = True
        things.save(10)
        del things["9"]
    store.close()
    again = Store(path)
    assert dict(again.table("things")) == {10: {"key": 10, "changed": True}, 2: {"key": 2}}
    again.close()
