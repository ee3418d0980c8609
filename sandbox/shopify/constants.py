"""Fields whose value is the same for every object of this shop: it taxes nothing, ships free, has one app."""

from __future__ import annotations

from typing import Any

from sandbox.shopify.registry import resolves

NOWHERE = {
    "address1": "1 Sandbox Street",
    "address2": None,
    "city": "Testville",
    "country": "United States",
    "country_code": "US",
    "zip": "00000",
    "formatted": ["1 Sandbox Street", "Testville", "United States"],
    "phone": None,
    "province": None,
    "province_code": None,
}
CONSTANTS: dict[str, dict[str, Any]] = {
    "Location": {
        "activatable": False,
        "address": NOWHERE,
        "deactivatedAt": None,
        "fulfillsOnlineOrders": True,
        "hasActiveInventory": True,
        "isActive": True,
        "isFulfillmentService": False,
        "isPrimary": True,
        "shipsInventory": True,
    },
    "Product": {
        "status": "ACTIVE",
        "tags": [],
        "isGiftCard": False,
        "description": "",
        "descriptionHtml": "",
    },
    "ProductVariant": {"compareAtPrice": None, "inventoryPolicy": "DENY", "taxable": True, "image": None},
    "InventoryItem": {"requiresShipping": True},
    "InventoryLevel": {"isActive": True, "canDeactivate": True, "deactivationAlert": None},
    "Order": {
        "clientIp": None,
        "confirmed": True,
        "currentTaxLines": [],
        "customAttributes": [],
        "customerLocale": "en",
        "discountCode": None,
        "discountCodes": [],
        "note": None,
        "paymentGatewayNames": ["bogus"],
        "phone": None,
        "poNumber": None,
        "requiresShipping": True,
        "retailLocation": None,
        "returnStatus": "NO_RETURN",
        "shippingAddress": None,
        "billingAddress": None,
        "shippingLine": None,
        "sourceName": "web",
        "tags": [],
        "taxExempt": False,
        "taxLines": [],
        "taxesIncluded": False,
    },
    "LineItem": {"customAttributes": [], "isGiftCard": False, "requiresShipping": True, "taxable": True},
    "Fulfillment": {
        "deliveredAt": None,
        "displayStatus": "FULFILLED",
        "inTransitAt": None,
        "requiresShipping": True,
        "status": "SUCCESS",
    },
    "OrderTransaction": {
        "formattedGateway": "Bogus",
        "gateway": "bogus",
        "parentTransaction": None,
        "status": "SUCCESS",
        "test": False,
    },
    "Customer": {
        "locale": "en",
        "note": None,
        "phone": None,
        "state": "DISABLED",
        "tags": [],
        "verifiedEmail": True,
    },
    "WebhookSubscription": {
        "apiVersion": {"handle": "2026-10", "display_name": "2026-10", "supported": True},
        "filter": None,
    },
    "BulkOperation": {"partialDataUrl": None, "type": "QUERY"},
}


def _constant(type_: str, name: str, value: Any) -> None:
    resolves(type_, name)(lambda _source, _info, **_args: value)


for _type, _fields in CONSTANTS.items():
    for _name, _value in _fields.items():
        _constant(_type, _name, _value)
