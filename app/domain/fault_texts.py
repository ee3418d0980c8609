"""Faults that people read: for each English text the code and the values by which a program says it in
another language.

A fault is told, and kept, as English text, wherever it comes from, libraries included. What it says is found
again from its words, so that no table keeps it twice. A text that is not listed here is a platform's own, or
one that few people see.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Mapping
from itertools import chain
from re import DOTALL, Pattern, escape
from re import compile as pattern
from typing import Any

FAULTS: Mapping[str, str] = {
    # A file.
    "catalog_columns": "The first line names the columns: sku, and those that you want to set of title,"
    " barcode, currency, price, unit_cost and low_stock_threshold.",
    "counts_columns": "The first line names the columns: sku, counted and, if you like, counted_at.",
    "file_empty": "The file is empty.",
    "file_without_rows": "The file has no rows.",
    "too_many_rows": "A file has at most {most} rows.",
    "too_many_columns": "A file has at most {most} columns.",
    "first_line_no_csv": "The first line is not CSV: {problem}.",
    "first_line_nul": "The first line names a column with a character (NUL) that cannot be kept.",
    "column_twice": "The first line names a column twice: {columns}.",
    "not_utf8": "Line {line} is not in UTF-8. Save the file as CSV in UTF-8.",
    "rest_unreadable": "Line {line}: {problem} What follows cannot be read.",
    "our_fault": "Something went wrong on our side. What was applied stays: upload the file again"
    " for the rest.",
    # A row of it.
    "row_no_csv": "This is not CSV: {problem}.",
    "open_quote": "a quote that is opened here is not closed",
    "line_too_long": "the line is too long",
    "row_too_wide": "It has {cells} cells, and the first line names {count} columns.",
    "row_nul": "It has a character (NUL) that cannot be kept.",
    "cell_too_long": "Its {column} has more than {most} characters.",
    "cell_wrong": "{cell!r} is no {column}.",
    "cell_wrong_like": "{cell!r} is no {column} like {example}.",
    "same_variant": "Line {line} is about the same variant.",
    "no_sku": "It has no sku.",
    "sku_of_row": "Another row has the SKU {sku!r}.",
    "sku_of_variant": "Another variant has the SKU {sku!r}.",
    "unknown_id": "There is no variant with the id {id}.",
    "unknown_sku": "There is no variant with the SKU {sku!r}.",
    "new_needs_title": "There is no variant with the SKU {sku!r}; a new one needs a title.",
    "digits_of_amount": "{amount!r} has more digits after the point than {currency} has.",
    "no_whole_number": "{cell!r} is not a whole number of units.",
    "no_time": "{cell!r} is not a time like 2026-11-25T14:30:00.",
    "is_bundle": "{sku!r} is a bundle, which has no stock of its own.",
    "counted_range": "A counted number is from 0 to {most}.",
    "counted_in_future": "It cannot have been counted in the future.",
    "counted_too_early": "A number that was counted more than {count} days ago is too old.",
    # A variant.
    "currency_missing": "Say in which currency: the variant has none yet.",
    "currency_alone": "With another currency, give its price and its cost in it too.",
    "currency_wrong": "A currency is a code of three capital letters.",
    "title_length": "A title has 1 to {most} characters.",
    "sku_length": "A SKU has 1 to {most} characters.",
    "barcode_length": "A barcode has 1 to {most} characters.",
    "blanks_at_ends": "A text has no blanks at its ends.",
    "price_range": "A price is above 0 and at most {most} of the currency's smallest unit.",
    "cost_range": "A cost is from 0 to {most} of the currency's smallest unit.",
    "threshold_range": "A threshold is between 0 and {most} units.",
    # What a call to a shop came to.
    "not_reached": "{host} cannot be reached.",
    "half_answer": "{host} did not answer in full.",
    "answer_too_large": "{host} answered with more than {most} bytes.",
    "fewer_calls": "{host} asks for fewer calls.",
    "answered_status": "{host} answered with {status}.",
    "redirects": "{host} redirects to {target}.",
    "no_json": "{host} answered {status} with something that is not JSON.",
    "shop_answered_status": "The shop answered with {status}.",
    "address_unusable": "The shop's address cannot be used.",
    "address_private": "The address leads into a private network.",
    "no_time_to_call": "There was no time left to send the call.",
    "no_time_to_write": "There was no time left to send the write.",
    "file_answered_status": "The file was answered with {status}.",
    "file_broke_off": "The file broke off.",
    "budget_used_up": "The connection's rate budget is used up.",
    "renewing": "Another process is still renewing these credentials.",
    "shop_not_active": "The shop is not active.",
    "shop_frozen": "The shop is frozen or locked.",
    "shopify_throttles": "Shopify throttles this app.",
    "shopify_flood_guard": "Shopify's flood guard turned the call away.",
    "shopify_fault": "Shopify had an internal error.",
    "shopify_no_graphql": "Shopify answered with something that is not GraphQL.",
    "shopify_no_data": "Shopify answered without data.",
    "shopify_refused": "Shopify refused: {answer}",
    "shopify_forbids": "Shopify does not let this app run {operation}.",
    "shopify_bulk_busy": "Shopify already runs bulk operations.",
    "bulk_too_long": "The bulk operation takes too long.",
    "bulk_broke_off": "The bulk result broke off.",
    "subscription_refused": "Shopify refused the subscription to {topic}: {answer}",
    "order_moved": "The order changed while it was read.",
    "list_unclear": "The shop answered a list with something else.",
    "batch_unclear": "The shop answered a batch with something else.",
    "note_unclear": "The shop answered a note with something else.",
    "no_currency": "The shop does not tell its currency.",
    "key_read_only": "The shop's key is read-only.",
    "answer_unreadable": "The shop's answer cannot be read: {detail}",
    "item_left_out": "The shop left the item out.",
    "number_untracked": "The shop does not track this number itself and ignored the write.",
    "number_differs": "The shop answered {now} to a write of {quantity}.",
    "number_gone": "It is no longer at the shop. Restore it there, or unlink it here.",
    "number_not_kept": "The shop keeps no number for it. Have it track the stock there, or unlink it here.",
    "number_of_bundle": "It is a bundle of the shop's own, which has no number. Unlink it here.",
    "number_not_told": "The shop does not tell its number. See the listing there.",
    "price_kept": "The shop kept its own price.",
    "prices_not_allowed": "This shop was connected before SyncFlow wrote prices: connect it again, to let it"
    " change products.",
    # Why a shop is not connected.
    "owner_said_no": "The shop's owner said no.",
    "merchant_said_no": "The merchant did not agree.",
    "disconnected_by_hand": "Disconnected by the merchant.",
    "account_ends": "The account is to be deleted.",
    "app_removed": "The shop has removed SyncFlow.",
    "connect_again": "The merchant must connect this shop again.",
    "not_connected": "This shop is not connected.",
    "not_connected_yet": "This shop is not connected yet.",
    "keys_unknown": "The shop does not know our keys any more.",
    "shopify_not_accepting": "Shopify no longer accepts this connection.",
    "shopify_not_renewing": "Shopify does not renew this connection any more.",
    "connected_elsewhere": "This shop is connected in another account.",
    "authorisation_unknown": "This authorisation is unknown, used up or too old. Please connect again.",
    "shopify_not_answered": "Shopify has not answered yet.",
    "answer_unsigned": "The answer is not signed by Shopify.",
    "answer_of_another": "The answer belongs to another attempt to connect.",
    "answer_of_shop": "The answer comes from another shop.",
    "answer_too_old": "The answer is too old. Connect again.",
    "answer_for_shop": "Shopify answered for another shop.",
    "authorisation_refused": "Shopify did not accept the authorisation. Connect again.",
    "not_granted": "The shop did not grant {scopes}.",
    "shopify_domain": "A Shopify shop's domain ends with .myshopify.com.",
    "token_refused": "Shopify does not accept the token that it just gave.",
    "no_token": "Shopify answered without an access token.",
    "no_web_address": "The shop's address is not a web address.",
    "no_https": "The shop's address has to start with https://.",
    "keys_need_https": "A shop sends its keys only to an https address. Paste the keys instead.",
    "keys_not_sent": "There are no keys yet: the shop has not sent any.",
    "answer_without_keys": "The shop's answer holds no keys.",
    "shop_answer_of_another": "The shop's answer belongs to another attempt to connect.",
    "keys_may_too_little": "The shop gave keys that may not read and write.",
    "other_shops": "{fields} would be another shop's: connect that one instead.",
    "host_unknown": "The host {host} cannot be found.",
    "host_not_public": "The host {host} is not on the public internet.",
    "address_unreadable": "The address cannot be read.",
    "address_without_host": "The address starts with https:// or http:// and names a host.",
    "address_with_password": "The address must not hold a user name or a password.",
    # A run.
    "fault_recorded": "Something went wrong on our side; it was recorded.",
    "no_shop_works": "No shop of it can be worked on.",
    "run_too_long": "It did not come to an end within half an hour.",
    "worker_ended": "The worker that did it ended in the middle.",
    # A link.
    "no_number_kept": "The shop keeps no number for this listing that could be kept in step.",
    "no_listing": "There is no such listing.",
    "no_variant": "There is no such variant.",
    "linked_twice": "It is given more than once, with different variants.",
    "number_shared": "Its number is also that of a listing that is linked to another variant.",
    # A change by hand.
    "bundle_has_no_stock": "A bundle has no stock of its own; its components have.",
    "too_much_on_hand": "No location can have more than {most} units on hand.",
    "quantity_most": "A quantity is at most {most}.",
    "quantity_least": "Each quantity is at least 1.",
    "changes_nothing": "A change of 0 units changes nothing.",
    "same_location": "A transfer is between two different locations.",
    "listings_linked": "Listings are linked to it: unlink them first.",
    "is_component": "A bundle is made of it: change the bundle first.",
    "is_bundle_itself": "It is a bundle: take its components away first.",
    "has_stock": "It has stock or open orders.",
    "has_history": "Its stock was counted or it was sold: it can be archived, not deleted.",
    # What is not possible just now.
    "location_named_so": "There is a location of that name.",
    "orders_taken_in": "Orders are being taken in. Please try again in a moment.",
    "component_archived": "A component is archived. Restore it first.",
    "bundle_in_bundle": "A bundle is made of plain variants only, and is no part of another.",
    "most_dashboards": "{most} dashboards are the most.",
    "most_views": "{most} views are the most.",
    "most_webhooks": "An account has at most {most} webhooks.",
    "most_keys": "{most} keys are the most. Revoke one that is not needed.",
    "most_invitations": "{most} open invitations are the most.",
    "most_imports": "There are {most} open imports. Apply or cancel one of them first.",
    "member_already": "They are a member already.",
    "invited_already": "They are invited already. You can send it again.",
    "address_has_account": "This e-mail address has an account already.",
    "second_factor_on": "You have a second factor already. Turn it off first.",
    "run_not_over": "This run is not over yet.",
    "run_changed_nothing": "This run changed nothing here that could be taken back.",
    "run_just_ended": "Another run of this has just ended. Please try again.",
    "no_shop_syncs": "No shop of it is syncing: each waits for a first sync, or must be connected.",
    "nothing_to_start": "This connection has nothing to start.",
    "decided_meanwhile": "This was decided, or the number has changed since. Please look again.",
    "brake_not_on": "This connection's brake is not on.",
    "shipment_in_shop": "The shop has this shipment; take it back there.",
    "delivery_waits": "This delivery waits to be sent.",
    "platform_not_set_up": "{platform} is not set up on this server: {missing} not set.",
    "account_ends_already": "This account is to be deleted. Take that back first.",
    "webhook_needs_https": "The address of a webhook starts with https://.",
    "dashboard_named_so": "You have a dashboard of this name.",
    "view_named_so": "You have a view of this name.",
    "export_under_way": "An export is being made already.",
    "changed_meanwhile": "It was changed meanwhile. Please look at it again.",
    # A shipment.
    "order_gone": "The shop no longer has this order.",
    "order_cancelled": "The order was cancelled in the shop.",
    "too_few_open": "The shop has {count} units fewer open to ship than that: they were shipped or taken off"
    " the order there, are on hold, or belong to a fulfilment service.",
    "too_few_left": "The shop has {count} units fewer open to ship than that: they were shipped, refunded or"
    " taken off the order there.",
    "too_many_shipments": "The order has {count} shipments or more in the shop.",
    "order_left_at": "The shop left the order at {found} instead of setting it to completed.",
    "shipment_unanswered": "The shop did not answer {count} times and does not show this shipment.",
    # What came of a webhook, of a shop's or of ours.
    "order_not_applied": "order not applied: {problem}",
    "product_not_read": "product not read: {problem}",
    "webhook_unclear": "not understood: {problem}",
    "order_gone_by_then": "the shop no longer has this order",
    "only_draft": "a draft",
    "shop_erased": "the shop was erased",
    "every_call_failed": "Every call has failed for days.",
    "receiver_gone": "The receiver answered 410 Gone: it wants no more of these.",
    # A field of a request: what the library that reads them says, and we.
    "field_missing": "Missing data for required field.",
    "field_null": "Field may not be null.",
    "field_unknown": "Unknown field.",
    "no_string": "Not a valid string.",
    "no_text": "Not a valid text.",
    "no_number": "Not a valid number.",
    "no_integer": "Not a valid integer.",
    "no_boolean": "Not a valid boolean.",
    "no_datetime": "Not a valid datetime.",
    "no_date": "Not a valid date.",
    "no_list": "Not a valid list.",
    "no_object": "Not a valid mapping type.",
    "no_email": "Not a valid email address.",
    "no_url": "Not a valid URL.",
    "no_phone": "It has to be as +4915112345678 (E.164).",
    "too_short": "Shorter than minimum length {least}.",
    "too_long": "Longer than maximum length {most}.",
    "length_between": "Length must be between {least} and {most}.",
    "not_least": "Must be greater than or equal to {least}.",
    "not_most": "Must be less than or equal to {most}.",
    "not_between": "Must be greater than or equal to {least} and less than or equal to {most}.",
    "not_one_of": "Must be one of: {choices}.",
    "not_like": "String does not match expected pattern.",
    "given_twice": "Each only once.",
    "nothing_to_change": "Say what is to change.",
    "password_length": "A password needs {least} to {most} characters.",
}
"""Code -> English. Codes are stable, and so is what the values in braces are called: those in NUMBERS are
numbers, the others texts. A `problem` may be a fault too: then `problem_said` has its code and values."""

_WHAT = pattern(r"{(\w+)(!r)?}")
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
NUMBERS = {"count", "cells", "line", "most", "least", "status"}
WITHOUT_BLANKS = {"column", "host", "topic"}


def said_of(text: str) -> dict[str, Any] | None:
    """The `code` and `values` of a fault, None for one that is not known."""
    for code, known in _PATTERNS.items():
        if found := known.fullmatch(text):
            try:
                return {"code": code, "values": _values(code, found.groupdict())}
            except (SyntaxError, ValueError):  # a text of others that looks like one of ours
                return None
    return None


def _values(code: str, found: Mapping[str, str]) -> dict[str, Any]:
    quoted = {name for name, mark in _WHAT.findall(FAULTS[code]) if mark}
    values: dict[str, Any] = {
        name: literal_eval(value) if name in quoted else int(value) if name in NUMBERS else value
        for name, value in found.items()
    }
    if inner := said_of(values.get("problem", "")):
        values["problem_said"] = inner
    return values


def _pattern(english: str) -> Pattern[str]:
    parts = _WHAT.split(english)
    words = [escape(part) for part in parts[::3]]
    gaps = [f"(?P<{name}>{_shape(name, mark)})" for name, mark in zip(parts[1::3], parts[2::3], strict=True)]
    return pattern("".join(chain.from_iterable(zip(words, [*gaps, ""], strict=True))), DOTALL)


def _shape(name: str, mark: str | None) -> str:
    if mark:
        return _QUOTED
    return "-?[0-9]+" if name in NUMBERS else r"\S+" if name in WITHOUT_BLANKS else ".+"


_PATTERNS = {code: _pattern(english) for code, english in FAULTS.items()}
