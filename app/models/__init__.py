"""The tables. Importing this package registers every one of them."""

from app.models.accounts import Account, AuditEntry, Membership, User
from app.models.base import Base
from app.models.calls import PlatformCallHour, PlatformCallMinute
from app.models.catalog import BundleComponent, Listing, Product, Variant
from app.models.connections import Connection, ConnectionLocation, DrainLease, Location
from app.models.dead_letters import DeadLetter, FailedAttempt, MassReplay
from app.models.errors import Alert, ErrorGroup, ErrorHour
from app.models.event_log import Event, UnannouncedOrder, WebhookDay
from app.models.events import InboundEvent, SyncRun, SyncRunItem
from app.models.fulfillments import Fulfillment, FulfillmentLine
from app.models.idempotency import IdempotentCall
from app.models.imports import CsvImport, CsvImportPart, CsvImportRow
from app.models.leaving import AccountExport, ExportChunk
from app.models.mails import Mail
from app.models.orders import Order, OrderHold, OrderLine
from app.models.prices import ListingPrice, PriceAttempt, PriceSync
from app.models.queues import QueuePause
from app.models.sign_in import PasswordReset, RecoveryCode, Registration, SecondFactor, UserSession
from app.models.staff import (
    FlagSetting,
    StaffAction,
    StaffFactor,
    StaffSession,
    StaffUser,
    SupportVisit,
)
from app.models.stock import CellEffect, Drift, PushAttempt, StockCell, StockLevel, StockMovement
from app.models.stock_changes import StockChange, StockCount, StockCountLine
from app.models.sums import (
    ExchangeRate,
    MovementSum,
    OrderDaySum,
    OrderSum,
    PushSum,
    Rollup,
    StockValue,
    UncountedPush,
    UnvaluedVariant,
    VariantValue,
)
from app.models.team import ApiKey, Invitation
from app.models.uptime import Interruption, ProbeMinute
from app.models.webhooks_out import WebhookDelivery, WebhookSubscription
from app.models.workplace import Dashboard, Dismissal, NotificationPreference, SavedView, WebVitalDay

__all__ = [
    "Account",
    "AccountExport",
    "Alert",
    "ApiKey",
    "AuditEntry",
    "Base",
    "BundleComponent",
    "CellEffect",
    "Connection",
    "ConnectionLocation",
    "CsvImport",
    "CsvImportPart",
    "CsvImportRow",
    "Dashboard",
    "DeadLetter",
    "Dismissal",
    "DrainLease",
    "Drift",
    "ErrorGroup",
    "ErrorHour",
    "Event",
    "ExchangeRate",
    "ExportChunk",
    "FailedAttempt",
    "FlagSetting",
    "Fulfillment",
    "FulfillmentLine",
    "IdempotentCall",
    "InboundEvent",
    "Interruption",
    "Invitation",
    "Listing",
    "ListingPrice",
    "Location",
    "Mail",
    "MassReplay",
    "Membership",
    "MovementSum",
    "NotificationPreference",
    "Order",
    "OrderDaySum",
    "OrderHold",
    "OrderLine",
    "OrderSum",
    "PasswordReset",
    "PlatformCallHour",
    "PlatformCallMinute",
    "PriceAttempt",
    "PriceSync",
    "ProbeMinute",
    "Product",
    "PushAttempt",
    "PushSum",
    "QueuePause",
    "RecoveryCode",
    "Registration",
    "Rollup",
    "SavedView",
    "SecondFactor",
    "StaffAction",
    "StaffFactor",
    "StaffSession",
    "StaffUser",
    "StockCell",
    "StockChange",
    "StockCount",
    "StockCountLine",
    "StockLevel",
    "StockMovement",
    "StockValue",
    "SupportVisit",
    "SyncRun",
    "SyncRunItem",
    "UnannouncedOrder",
    "UncountedPush",
    "UnvaluedVariant",
    "User",
    "UserSession",
    "Variant",
    "VariantValue",
    "WebVitalDay",
    "WebhookDay",
    "WebhookDelivery",
    "WebhookSubscription",
]
