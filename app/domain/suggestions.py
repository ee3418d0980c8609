"""What support can make of a fault: the likely cause and the remedy, by its stable code or its class."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.remedies import remedy


@dataclass(frozen=True, slots=True)
class Suggestion:
    cause: str
    remedy: str


_CAUSES = {
    "platform_auth_expired": "The shop no longer accepts our credentials.",
    "platform_transient": "The shop did not answer, was busy, or limits how often it may be called.",
    "platform_outcome_unknown": "The shop's answer to a write got lost, so nobody knew whether it took it.",
    "platform_permanent": "The shop refused this request or answered with what makes no sense.",
    "credentials_unreadable": "Stored credentials were encrypted with a key that CREDENTIAL_KEYS lacks.",
    "conflict": "Two pieces of work met at the same thing.",
    "not_registered": "The shop's webhooks are not registered.",
    "not_found": "What it was about is not there any more.",
    "invalid_input": "What was to be worked on makes no sense.",
    "mail_undelivered": "The mail server could not be reached or put us off, up to the last attempt.",
    "mail_refused": "The mail server refused the address or the mail for good.",
    "not_taken": "The shop did not answer, and does not show the shipment either.",
    "receiver": "The merchant's receiver did not answer, or not with a 2xx, up to the last attempt.",
    "price_refused": "The shop refuses the price of this listing.",
    "cell_refused": "The shop refuses the number of this listing.",
    "event_failed": "What the webhook tells of could not be read or applied.",
    "import_failed": "Reading or applying the file failed again and again.",
    "export_failed": "Writing the export failed again and again, or each worker that tried died.",
    "job_lost": "The worker that did it ended in the middle: it was killed, or used too much memory.",
    "job_timeout": "It took longer than it may.",
    "internal": "Our code did not expect this.",
}
_REMEDIES = {
    "platform_auth_expired": "Have the merchant connect the shop again, then replay.",
    "platform_permanent": "See at the shop what the message speaks of; replay once it is mended.",
    "credentials_unreadable": "Put the missing key back into CREDENTIAL_KEYS, restart, then replay.",
    "conflict": "Replay.",
    "not_found": "Discard it, if nobody misses anything.",
    "mail_undelivered": "See MAIL_URL and the mail server's log. Have the person ask for the mail again.",
    "mail_refused": "Have the person check the address and ask for the mail again, then discard this.",
    "not_taken": "See the order at the shop. Replay: what the shop has already it is not told twice.",
    "receiver": "Ask the merchant to mend the receiver, then replay.",
    "price_refused": "See the listing at the shop, whether it may have such a price; then replay.",
    "cell_refused": "See the listing at the shop, whether it exists and keeps a number; then replay.",
    "event_failed": "Read the message and the traceback below; replay once the cause is mended.",
    "import_failed": "Read the traceback, mend the cause, and have the merchant upload the file again.",
    "export_failed": "Look for the reason in the log of the worker `reports`, then replay.",
    "job_lost": "Look at the machine's memory and the worker's log around that time, then replay.",
    "job_timeout": "See what is slow: the database, or the shop. Then replay.",
    "internal": "Read the traceback: it names the place. Replay after a release that mends it.",
}
_OF_CLASSES = {
    "OperationalError": Suggestion(
        "PostgreSQL was away or ended the connection.", "See that the database is up, then replay."
    ),
    "TimeoutError": Suggestion("Something took longer than it may.", "See what is slow, then replay."),
    "MemoryError": Suggestion("The worker had no memory left.", "Give it more, then replay."),
    "IntegrityError": Suggestion(
        "A row contradicts what the database requires: a fault of ours.",
        "Read the traceback; replay after a release that mends it.",
    ),
}
_OF_CLASSES |= dict.fromkeys(
    ("KeyError", "TypeError", "ValueError", "AttributeError", "IndexError"),
    Suggestion(
        "Our code could not read what the shop sent: it has changed, or leaves out what it always had.",
        "Compare the event's body with the place that the traceback names. Replay after a release that "
        "reads it.",
    ),
)


def suggestion(code: str, error_class: str = "") -> Suggestion:
    """For any fault. A code that is not ours is a shop's own, and a merchant's remedy is support's too."""
    if code == "internal" and error_class in _OF_CLASSES:
        return _OF_CLASSES[error_class]
    cause = _CAUSES.get(code, "The shop refused it, with a code of its own.")
    return Suggestion(cause, _REMEDIES.get(code) or remedy(code))
