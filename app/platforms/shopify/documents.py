"""Every GraphQL document that is sent to Shopify, and the page sizes that keep each affordable.

Written for `API_VERSION`; a test validates all of them against the vendor's schema, and that none
asks for more than `MOST_POINTS` at these sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

API_VERSION = "2026-10"
MOST_POINTS = 1000
"""Shopify refuses a single query that asks for more cost points."""

IDS_PER_CALL = 250
"""Input arrays hold at most this many entries."""
CATALOG_PAGE = 25
VARIANTS_PER_PRODUCT = 10
"""Variants that come with a product of a catalog page; the others follow product by product."""
VARIANT_PAGE = 250
LEVEL_PAGE = 250
STAMP_PAGE = 250
ORDERS_PER_CALL = 4
"""Few, so that all lines of most orders come with them; further pages cost a call for each order."""
MOST_LINES_WITH_ORDER = 50
LINE_PAGE = 150
SHOWN_PLACES = 5
"""Fulfilment orders that come with an order; of several locations, or as many, all are read."""
PLACE_PAGE = 5
PLACE_LINES_SHOWN = 80
SHOWN_MOVEMENTS = 5
"""Fulfillments, and refunds, that come with an order; where there are as many, the list is read."""
MOVED_ORDERS_PER_CALL = 4
FEWEST_MOVED_LINES = 5
MOVEMENT_LIST = 250
MOVED_LINE_PAGE = 250
SUBSCRIPTION_PAGE = 250
SHIPPED_LIST = 250
FULFILLMENT_ORDER_PAGE = 50
TRACKINGS_PER_CALL = 100


@dataclass(frozen=True, slots=True)
class Document:
    """One operation by name."""

    name: str
    text: str


def lines_with_orders(orders: int) -> int:
    """How many lines of each of `orders` orders one ORDERS call can ask for."""
    return max(5, min(MOST_LINES_WITH_ORDER, (980 // orders - 50) // 6))


def moved_lines(orders: int, movements: int) -> int:
    """How many lines one MOVEMENTS call can ask for, of `movements` of each of `orders` orders."""
    return min(MOVED_LINE_PAGE, ((980 // orders - 2) // movements - 5) // 3)


PROBE = Document("Probe", "query Probe { shop { id } }")

SHOP = Document("Shop", "query Shop { shop { id name currencyCode myshopifyDomain } }")

LOCATIONS = Document(
    "Locations",
    """
    query Locations($after: String) {
      locations(first: 100, after: $after, includeInactive: true) {
        pageInfo { hasNextPage endCursor }
        nodes { id name isActive }
      }
    }
    """,
)

_VARIANT = """
    fragment VariantParts on ProductVariant {
      id sku barcode title price requiresComponents
      inventoryItem { id tracked unitCost { amount } }
    }
"""

_PRODUCT = """
    fragment ProductParts on Product {
      id title vendor productType updatedAt
      featuredMedia { preview { image { url } } }
      variants(first: $variants) {
        pageInfo { hasNextPage endCursor }
        nodes { ...VariantParts }
      }
    }
"""

VARIANTS_COUNT = Document("VariantsCount", "query VariantsCount { productVariantsCount { count } }")

CATALOG = Document(
    "Catalog",
    """
    query Catalog($first: Int!, $variants: Int!, $after: String) {
      products(first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { ...ProductParts }
      }
    }
    """
    + _PRODUCT
    + _VARIANT,
)

PRODUCTS = Document(
    "Products",
    """
    query Products($ids: [ID!]!, $variants: Int!) {
      nodes(ids: $ids) { ... on Product { ...ProductParts } }
    }
    """
    + _PRODUCT
    + _VARIANT,
)

VARIANTS = Document(
    "Variants",
    """
    query Variants($id: ID!, $first: Int!, $after: String) {
      product(id: $id) {
        variants(first: $first, after: $after) {
          pageInfo { hasNextPage endCursor }
          nodes { ...VariantParts }
        }
      }
    }
    """
    + _VARIANT,
)

LEVELS = Document(
    "Levels",
    """
    query Levels($location: ID!, $first: Int!, $after: String, $query: String) {
      location(id: $location) {
        inventoryLevels(first: $first, after: $after, query: $query) {
          pageInfo { hasNextPage endCursor }
          nodes { item { id tracked } quantities(names: ["available"]) { quantity } }
        }
      }
    }
    """,
)

ITEM_LEVELS = Document(
    "ItemLevels",
    """
    query ItemLevels($ids: [ID!]!, $location: ID!) {
      nodes(ids: $ids) {
        ... on InventoryItem {
          id tracked
          inventoryLevel(locationId: $location) { quantities(names: ["available"]) { quantity } }
        }
      }
    }
    """,
)

SET_QUANTITIES = Document(
    "SetQuantities",
    """
    mutation SetQuantities($input: InventorySetQuantitiesInput!, $key: String!) {
      inventorySetQuantities(input: $input) @idempotent(key: $key) {
        userErrors { code field message }
      }
    }
    """,
)

ADJUST_QUANTITIES = Document(
    "AdjustQuantities",
    """
    mutation AdjustQuantities($input: InventoryAdjustQuantitiesInput!, $key: String!) {
      inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
        userErrors { code field message }
      }
    }
    """,
)

READ_PRICES = Document(
    "ReadPrices",
    "query ReadPrices($ids: [ID!]!) { nodes(ids: $ids) { ... on ProductVariant { id price } } }",
)

WRITE_PRICES = Document(
    "WritePrices",
    """
    mutation WritePrices($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
      productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: true) {
        productVariants { id price }
        userErrors { code field message }
      }
    }
    """,
)

_LINE = """
    fragment LineParts on LineItem {
      id name sku quantity currentQuantity unfulfilledQuantity
      variant { id }
      originalUnitPriceSet { shopMoney { amount } }
      totalDiscountSet { shopMoney { amount } }
    }
"""

ORDERS = Document(
    "Orders",
    """
    query Orders($ids: [ID!]!, $lines: Int!, $movements: Int!, $places: Int!) {
      nodes(ids: $ids) {
        ... on Order {
          id name test edited createdAt updatedAt cancelledAt
          displayFinancialStatus displayFulfillmentStatus
          currencyCode email customer { id }
          totalPriceSet { shopMoney { amount } }
          totalTaxSet { shopMoney { amount } }
          totalShippingPriceSet { shopMoney { amount } }
          totalDiscountsSet { shopMoney { amount } }
          totalRefundedSet { shopMoney { amount } }
          fulfillments(first: $movements) { id }
          refunds(first: $movements) { id }
          fulfillmentOrders(first: $places) { nodes { status assignedLocation { location { id } } } }
          lineItems(first: $lines) { pageInfo { hasNextPage endCursor } nodes { ...LineParts } }
        }
      }
    }
    """
    + _LINE,
)

ORDER_LINES = Document(
    "OrderLines",
    """
    query OrderLines($id: ID!, $first: Int!, $after: String) {
      order(id: $id) {
        lineItems(first: $first, after: $after) {
          pageInfo { hasNextPage endCursor }
          nodes { ...LineParts }
        }
      }
    }
    """
    + _LINE,
)

_FULFILLMENT_LINES = "pageInfo { hasNextPage endCursor } nodes { quantity lineItem { id } }"
_REFUND_LINES = """
    pageInfo { hasNextPage endCursor }
    nodes { quantity restockType restocked location { id } lineItem { id } }
"""

MOVEMENTS = Document(
    "Movements",
    f"""
    query Movements($ids: [ID!]!, $fulfillments: Int!, $refunds: Int!, $lines: Int!) {{
      nodes(ids: $ids) {{
        ... on Order {{
          id
          fulfillments(first: $fulfillments) {{
            id status createdAt location {{ id }}
            fulfillmentLineItems(first: $lines) {{ {_FULFILLMENT_LINES} }}
          }}
          refunds(first: $refunds) {{
            id createdAt processedAt
            refundLineItems(first: $lines) {{ {_REFUND_LINES} }}
          }}
        }}
      }}
    }}
    """,
)

MOVEMENT_LISTS = Document(
    "MovementLists",
    """
    query MovementLists($id: ID!, $first: Int!) {
      order(id: $id) {
        fulfillments(first: $first) { id status createdAt location { id } }
        refunds(first: $first) { id createdAt processedAt }
      }
    }
    """,
)

PLACES = Document(
    "Places",
    """
    query Places($id: ID!, $first: Int!, $lines: Int!, $after: String) {
      order(id: $id) {
        fulfillmentOrders(first: $first, after: $after) {
          pageInfo { hasNextPage endCursor }
          nodes {
            id status assignedLocation { location { id } }
            lineItems(first: $lines) {
              pageInfo { hasNextPage endCursor }
              nodes { remainingQuantity lineItem { id } }
            }
          }
        }
      }
    }
    """,
)

FULFILLMENT_LINES = Document(
    "FulfillmentLines",
    f"""
    query FulfillmentLines($id: ID!, $first: Int!, $after: String) {{
      node(id: $id) {{
        ... on Fulfillment {{
          fulfillmentLineItems(first: $first, after: $after) {{ {_FULFILLMENT_LINES} }}
        }}
      }}
    }}
    """,
)

REFUND_LINES = Document(
    "RefundLines",
    f"""
    query RefundLines($id: ID!, $first: Int!, $after: String) {{
      node(id: $id) {{
        ... on Refund {{ refundLineItems(first: $first, after: $after) {{ {_REFUND_LINES} }} }}
      }}
    }}
    """,
)

SHIPPED = Document(
    "Shipped",
    """
    query Shipped($id: ID!, $first: Int!) {
      order(id: $id) { cancelledAt fulfillments(first: $first) { id status } }
    }
    """,
)

TRACKINGS = Document(
    "Trackings",
    """
    query Trackings($ids: [ID!]!) {
      nodes(ids: $ids) { ... on Fulfillment { id trackingInfo(first: 5) { number } } }
    }
    """,
)

FULFILLMENT_ORDERS = Document(
    "FulfillmentOrders",
    """
    query FulfillmentOrders($id: ID!, $first: Int!, $after: String) {
      order(id: $id) {
        fulfillmentOrders(first: $first, after: $after) {
          pageInfo { hasNextPage endCursor }
          nodes { id assignedLocation { location { id } } supportedActions { action } }
        }
      }
    }
    """,
)

FULFILLMENT_ORDER_LINES = Document(
    "FulfillmentOrderLines",
    """
    query FulfillmentOrderLines($id: ID!, $first: Int!, $after: String) {
      fulfillmentOrder(id: $id) {
        lineItems(first: $first, after: $after) {
          pageInfo { hasNextPage endCursor }
          nodes { id remainingQuantity lineItem { id } }
        }
      }
    }
    """,
)

FULFILL = Document(
    "Fulfill",
    """
    mutation Fulfill($fulfillment: FulfillmentInput!) {
      fulfillmentCreate(fulfillment: $fulfillment) {
        fulfillment { id }
        userErrors { field message }
      }
    }
    """,
)

ORDER_STAMPS = Document(
    "OrderStamps",
    """
    query OrderStamps($first: Int!, $after: String, $query: String) {
      orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
        pageInfo { hasNextPage endCursor }
        nodes { id updatedAt displayFulfillmentStatus }
      }
    }
    """,
)

SUBSCRIPTIONS = Document(
    "Subscriptions",
    """
    query Subscriptions($first: Int!, $after: String) {
      webhookSubscriptions(first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { id topic uri format }
      }
    }
    """,
)

SUBSCRIBE = Document(
    "Subscribe",
    """
    mutation Subscribe($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) {
      webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) {
        userErrors { field message }
      }
    }
    """,
)

UNSUBSCRIBE = Document(
    "Unsubscribe",
    """
    mutation Unsubscribe($id: ID!) {
      webhookSubscriptionDelete(id: $id) { userErrors { field message } }
    }
    """,
)

RUN_BULK = Document(
    "RunBulk",
    """
    mutation RunBulk($query: String!, $grouped: Boolean!) {
      bulkOperationRunQuery(query: $query, groupObjects: $grouped) {
        bulkOperation { id }
        userErrors { code field message }
      }
    }
    """,
)

BULK_STATE = Document(
    "BulkState",
    "query BulkState($id: ID!) { bulkOperation(id: $id) { id status errorCode url } }",
)

BULK_CATALOG = """
{
  products {
    edges { node {
      id title vendor productType updatedAt
      featuredMedia { preview { image { url } } }
      variants { edges { node {
        id sku barcode title price requiresComponents
        inventoryItem { id tracked unitCost { amount } }
      } } }
    } }
  }
}
"""
"""Run inside Shopify, so that it costs no points; its result is one JSON object a line."""

BULK_LEVELS = """
{
  inventoryItems {
    edges { node {
      id tracked
      inventoryLevel(locationId: "%s") { quantities(names: ["available"]) { quantity } }
    } }
  }
}
"""

ALL_DOCUMENTS = tuple(value for value in list(globals().values()) if isinstance(value, Document))
