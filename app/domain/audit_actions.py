"""All that the audit log tells of, by what it is about. Once written an action keeps its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

TeamAction = Literal[
    "account.ownership_transferred",
    "invitation.revoked",
    "invitation.sent",
    "invitation.sent_again",
    "member.joined",
    "member.left",
    "member.removed",
    "member.role_changed",
]
SignInAction = Literal[
    "session.all_ended",
    "session.ended",
    "session.token_reused",
    "user.password_changed",
    "user.recovery_codes_renewed",
    "user.second_factor_disabled",
    "user.second_factor_enabled",
    "user.signed_in",
    "user.switched_here",
]
ProgramAction = Literal[
    "api_key.created",
    "api_key.revoked",
    "webhook.changed",
    "webhook.created",
    "webhook.deleted",
    "webhook.disabled",
    "webhook.pinged",
    "webhook.replayed",
    "webhook.secret_rotated",
]
AccountAction = Literal[
    "account.deletion_asked",
    "account.deletion_cancelled",
    "account.export_asked",
    "account.export_downloaded",
    "account.low_stock_threshold",
    "account.opened",
    "account.renamed",
    "account.reporting",
    "account.safety_stock",
    "account.writes_allowed",
    "account.writes_stopped",
    "sample_data.made",
    "sample_data.removed",
    "saved_view.changed",
    "saved_view.deleted",
    "saved_view.shared",
]
ShopAction = Literal[
    "connection.brake_released",
    "connection.configured",
    "connection.connected",
    "connection.disconnected",
    "connection.first_sync_approved",
    "connection.import_asked",
    "connection.locations_mapped",
    "connection.needs_auth",
    "connection.paused",
    "connection.refused",
    "connection.resumed",
    "connection.started",
    "connection.webhooks_asked",
    "privacy.data_request",
    "privacy.redact_customer",
    "privacy.redact_shop",
    "review.resolved",
    "sync.asked",
]
ProductAction = Literal[
    "bundle.defined",
    "import.applied",
    "import.begun",
    "import.cancelled",
    "import.uploaded",
    "listing.configured",
    "listings.linked",
    "listings.reopened",
    "listings.unlinked",
    "variant.archived",
    "variant.changed",
    "variant.created",
    "variant.deleted",
    "variant.restored",
    "variant.threshold_set",
]
StockAction = Literal[
    "ledger.repaired",
    "location.created",
    "location.renamed",
    "stock.adjustment",
    "stock.receipt",
    "stock.transfer",
    "stock.undone",
    "stock_count.begun",
    "stock_count.cancelled",
    "stock_count.finished",
    "stock_count.recorded",
]
PriceAction = Literal[
    "price.decided",
    "price.fixed",
    "prices.brake_released",
    "prices.rule_applied",
    "prices.rule_set",
    "prices.set",
]
ShipmentAction = Literal["fulfillment.cancelled", "fulfillment.created", "fulfillment.retried"]
SupportAction = Literal[
    "dead_letter.discarded",
    "dead_letter.many_replayed",
    "dead_letter.replayed",
    "flag.forgotten",
    "flag.switched_off",
    "flag.switched_on",
    "support.event_processed_again",
    "support.event_shown",
    "support.sync_asked",
    "support.visit_begun",
    "support.visit_ended",
    "support.webhooks_asked",
]
AuditAction = (
    TeamAction
    | SignInAction
    | ProgramAction
    | AccountAction
    | ShopAction
    | ProductAction
    | StockAction
    | PriceAction
    | ShipmentAction
    | SupportAction
)
TOPICS: Mapping[str, tuple[AuditAction, ...]] = {
    "team": get_args(TeamAction),
    "sign_in": get_args(SignInAction),
    "programs": get_args(ProgramAction),
    "account": get_args(AccountAction),
    "shops": get_args(ShopAction),
    "products": get_args(ProductAction),
    "stock": get_args(StockAction),
    "prices": get_args(PriceAction),
    "shipments": get_args(ShipmentAction),
    "support": get_args(SupportAction),
}
"""Topic -> its actions: each action has one."""
ACTIONS = tuple(sorted(action for actions in TOPICS.values() for action in actions))
