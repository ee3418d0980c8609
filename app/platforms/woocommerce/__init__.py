"""WooCommerce: REST v3 of a self-hosted shop, keys made by the merchant, numbers without compare-and-set."""

from app.platforms.base import Capabilities, PaymentState, Platform
from app.platforms.woocommerce.auth import StoreConfig, StoreConnector
from app.platforms.woocommerce.channel import WooCommerceChannel
from app.platforms.woocommerce.client import PAGE_SIZE
from app.platforms.woocommerce.levels import write_path
from app.platforms.woocommerce.prices import price_path
from app.platforms.woocommerce.webhooks import envelope, handshake, parse, verify, webhook_secret

PLATFORM = Platform(
    slug="woocommerce",
    name="WooCommerce",
    capabilities=Capabilities(
        compare_and_set=False,
        write_batch=PAGE_SIZE,
        order_batch=PAGE_SIZE,
        read_batch=PAGE_SIZE,
        deltas=False,
        locations=False,
        holding_payments=frozenset(PaymentState)
        - {PaymentState.PENDING, PaymentState.VOIDED, PaymentState.FAILED},
        partial_fulfillments=False,
        price_batch=PAGE_SIZE,
    ),
    config_schema=StoreConfig,
    required_settings=(),
    connector=StoreConnector,
    open_channel=WooCommerceChannel,
    webhook_secret=webhook_secret,
    handshake=handshake,
    verify=verify,
    envelope=envelope,
    parse=parse,
    write_group=write_path,
    price_group=price_path,
)
