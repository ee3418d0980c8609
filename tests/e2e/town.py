"""Who there is besides the one at the browser: shops and their buyers, merchants with the API, the post."""

from __future__ import annotations

import re
from functools import cached_property
from urllib.parse import urlsplit

from app import close_app, create_app
from app.services.auth import open_account
from syncflow.demo import EMAIL, Demo, furnish
from syncflow.demo_catalog import demo_products
from syncflow.trial.merchant import Merchant
from syncflow.trial.scenario import Line
from tests.runtime.waiting import wait_for

PASSWORD = "correct horse battery"
SKU: str = demo_products()[0]["variants"][0]["sku"]
SHOP_NAMES = {"shopify": "syncflow-demo", "woocommerce": "SyncFlow demo store"}


class Town:
    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.url = demo.product.settings.public_url
        self._unread: list[str] = []
        self._merchants: dict[str, Merchant] = {}

    @cached_property
    def newcomer(self) -> tuple[str, str]:
        """Address and password of somebody whose account has no shop, and gets none."""
        return self.opened("new@merchants.example")

    def opened(self, email: str) -> tuple[str, str]:
        """An account of one's own; address and password."""
        application = create_app(self.demo.product.settings)
        with application.app_context():
            open_account("New merchant", email, PASSWORD)
        close_app(application)
        return email, PASSWORD

    @property
    def owner(self) -> tuple[str, str]:
        """Address and password of the demo's merchant."""
        return EMAIL, self.demo.password

    def merchant(self) -> Merchant:
        """The demo's own by the API, both of whose shops are connected."""
        self.let_go(but=EMAIL)
        furnish(self.demo.product, self.demo.shops, self.demo.password, lambda _words: None)
        return self.by_api(*self.owner)

    def by_api(self, email: str, password: str) -> Merchant:
        """The owner of an account, whose shops can be let go."""
        if email not in self._merchants:
            self._merchants[email] = Merchant(self.url, email, password)
        return self._merchants[email]

    def let_go(self, but: str = "") -> None:
        """Have the shops free, which are connected to one account at a time."""
        self.by_api(*self.owner)
        for email, merchant in self._merchants.items():
            if email != but:
                for connection in merchant.ask("GET", "connections")["items"]:
                    if connection["state"] != "disconnected":
                        merchant.ask("POST", f"connections/{connection['id']}/disconnect")

    def buy(self, shop: str, sku: str = SKU, units: int = 1) -> None:
        placed = self.demo.shops[shop].twin().buy([Line(sku, units)], reference="e2e")
        assert placed.order_id

    def mailed(self, address: str, subject: str = ".*") -> str:
        """Wait for a mail with such a subject that has not been read yet; where its link leads."""

        def look() -> str:
            self._unread.extend(self.demo.mails.lines())
            for line in self._unread:
                if found := re.fullmatch(rf"mail to {re.escape(address)}: {subject}  (\S+)", line):
                    self._unread.remove(line)
                    return found[1]
            return ""

        link = urlsplit(wait_for(look, what=f"a mail to {address}"))
        return f"{link.path}#{link.fragment}"
