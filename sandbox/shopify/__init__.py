"""A stand-in of one Shopify shop: Admin GraphQL 2026-10, OAuth, webhooks, over real HTTP with its own state.

Options of ``python -m sandbox shopify``: ``--client-id``, ``--client-secret``, ``--token-seconds`` and
``--privacy-url``.
What the shop does by itself and what its control API adds is told in ``shop.py``.
"""

from argparse import ArgumentParser

from sandbox.core import Core, Shop
from sandbox.shopify.shop import ShopifyShop


def add_options(parser: ArgumentParser) -> None:
    """The options that only a Shopify shop has."""
    parser.add_argument("--client-id", default="sandbox-client", help="the app's client id")
    parser.add_argument("--client-secret", default="sandbox-secret", help="the app's client secret")
    parser.add_argument("--token-seconds", type=int, default=3600, help="life of an expiring access token")
    parser.add_argument("--privacy-url", help="where the privacy webhooks of the app go")


def make_shop(core: Core) -> Shop:
    options = core.options
    return ShopifyShop(
        core,
        client_id=options.get("client_id", "sandbox-client"),
        client_secret=options.get("client_secret", "sandbox-secret"),
        token_seconds=options.get("token_seconds", 3600),
        privacy_url=options.get("privacy_url"),
    )
