"""Shopify: Admin GraphQL, numbers per inventory item and location, compare-and-set and deltas."""

from app.platforms.base import Capabilities, PaymentState, Platform
from app.platforms.shopify.auth import ShopConfig, ShopifyConnector
from app.platforms.shopify.channel import ShopifyChannel
from app.platforms.shopify.documents import IDS_PER_CALL, ORDERS_PER_CALL
from app.platforms.shopify.prices import price_group
from app.platforms.shopify.webhooks import (
    envelope,
    handshake,
    parse,
    shop_of_webhook,
    verify,
    webhook_secret,
)

PLATFORM = Platform(
    slug="shopify",
    name="Shopify",
    capabilities=Capabilities(
        compare_and_set=True,
        write_batch=IDS_PER_CALL,
        order_batch=ORDERS_PER_CALL,
        read_batch=IDS_PER_CALL,
        deltas=True,
        locations=True,
        # Shopify takes the units of every order, whatever its payment, until they are restocked.
        holding_payments=frozenset(PaymentState),
        price_batch=IDS_PER_CALL,
    ),
    config_schema=ShopConfig,
    required_settings=("client_id", "client_secret"),
    connector=ShopifyConnector,
    open_channel=ShopifyChannel,
    webhook_secret=webhook_secret,
    handshake=handshake,
    verify=verify,
    envelope=envelope,
    parse=parse,
    shop_of_webhook=shop_of_webhook,
    price_group=price_group,
)
