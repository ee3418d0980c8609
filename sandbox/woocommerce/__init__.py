"""A WooCommerce 10.9 store: REST v3, the wc-auth flow and webhooks, as measured on the real one."""

from sandbox.core import Core
from sandbox.core.shop import Shop
from sandbox.woocommerce.shop import WooShop


def make_shop(core: Core) -> Shop:
    """Open the store that ``core`` keeps."""
    return WooShop(core)
