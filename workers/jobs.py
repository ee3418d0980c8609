"""The jobs. Each takes an id, may run twice, and holds no logic: the services do the work."""

from __future__ import annotations

from app.platforms.base import Lane
from app.services import (
    account_deletion,
    account_exports,
    data_checks,
    events,
    expiry,
    fulfillment_push,
    importer,
    ledger_repair,
    mail,
    push,
    stock_catch_up,
    tracking,
    webhook_delivery,
)
from app.services import reconcile as reconciliation
from app.services.dead_letters import replay as dead_letters
from app.services.imports import work as imports
from app.services.prices import drain as prices
from app.services.rollups import fold, proof


def drain_intake(connection_id: int) -> None:
    events.drain(connection_id, Lane.ORDERS)


def drain_hints(connection_id: int) -> None:
    events.drain(connection_id, Lane.HINTS)


def answer_privacy_requests(connection_id: int) -> None:
    events.answer_privacy_requests(connection_id)


def drain_push(connection_id: int) -> None:
    push.drain(connection_id)


def reconcile(connection_id: int) -> None:
    reconciliation.reconcile(connection_id)


def import_connection(connection_id: int) -> None:
    importer.run_import(connection_id)


def track_linked(connection_id: int) -> None:
    tracking.track_linked(connection_id)


def push_fulfillments(connection_id: int) -> None:
    fulfillment_push.drain(connection_id)


def drain_prices(connection_id: int) -> None:
    prices.drain(connection_id)


def deliver_webhooks(_everybody: int) -> None:
    webhook_delivery.drain()


def ensure_webhooks(connection_id: int) -> None:
    importer.ensure_webhooks(connection_id)


def renew_credentials(connection_id: int) -> None:
    expiry.renew(connection_id)


def process_event(event_id: int) -> None:
    events.process_one(event_id)


def push_cell(cell_id: int) -> None:
    push.push_cell(cell_id)


def deliver_mail(mail_id: int) -> None:
    mail.deliver(mail_id)


def check_ledger(account_id: int) -> None:
    ledger_repair.report(account_id)


def work_on_import(import_id: int) -> None:
    imports.work_on(import_id)


def catch_up_stock_events(account_id: int) -> None:
    stock_catch_up.catch_up(account_id)


def fold_sums(rollup_id: int) -> None:
    fold.fold(rollup_id)


def check_data(connection_id: int) -> None:
    data_checks.check_data(connection_id)


def check_sums(account_id: int) -> None:
    proof.prove(account_id)


def export_account(export_id: int) -> None:
    account_exports.run(export_id)


def delete_account(account_id: int) -> None:
    account_deletion.remove(account_id)


def replay_letter(letter_id: int) -> None:
    dead_letters.replay_one(letter_id)
