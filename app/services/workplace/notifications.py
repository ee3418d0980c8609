"""Of which events a member wants to be told, and how. Kept for the senders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.domain.event_log import EventKind
from app.models.workplace import CHANNELS
from app.services.uow import unit_of_work
from app.services.workplace.members import Member

MAILED = frozenset(
    {
        EventKind.OVERSOLD,
        EventKind.BRAKE,
        EventKind.PRICE_BRAKE,
        EventKind.LEDGER_MISMATCH,
        EventKind.FULFILLMENT_FAILED,
        EventKind.SYNC_FAILED,
        EventKind.RECONNECT_NEEDED,
        EventKind.CREDENTIALS_EXPIRING,
    }
)
"""What cannot wait until somebody looks."""


@dataclass(frozen=True, slots=True)
class Preference:
    kind: EventKind
    channel: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Preferences:
    items: list[Preference]
    phone: str | None


def default(kind: EventKind, channel: str) -> bool:
    """In the app all of it, by mail what cannot wait, by SMS nothing."""
    return channel == "app" or (channel == "email" and kind in MAILED)


def preferences(member: Member) -> Preferences:
    """For every kind and channel, as set or by default."""
    with unit_of_work() as uow:
        kept = {(row.kind, row.channel): row.wanted for row in uow.session.execute(_KEPT, member.key)}
        phone = uow.session.execute(_PHONE, member.key).scalar_one_or_none()
    items = [
        Preference(kind, channel, kept.get((kind.value, channel), default(kind, channel)))
        for kind in EventKind
        for channel in CHANNELS
    ]
    return Preferences(items, phone)


def prefer(member: Member, wishes: Sequence[Preference]) -> None:
    """Set these; the others stay. Of two wishes for the same the later one holds."""
    wanted = {(wish.kind.value, wish.channel): wish.wanted for wish in wishes}
    with unit_of_work() as uow:
        uow.session.execute(
            _KEEP,
            {
                **member.key,
                "kinds": [kind for kind, _channel in wanted],
                "channels": [channel for _kind, channel in wanted],
                "wanted": list(wanted.values()),
            },
        )
        uow.commit()


def call(member: Member, phone: str | None) -> None:
    """By which number they are told, in E.164; None for none."""
    with unit_of_work() as uow:
        uow.session.execute(_CALL, {**member.key, "phone": phone})
        uow.commit()


_KEPT = text(
    """
    SELECT kind, channel, wanted FROM notification_preferences
    WHERE account_id = :account_id AND user_id = :user_id
    """
)
_PHONE = text("SELECT phone FROM memberships WHERE account_id = :account_id AND user_id = :user_id")
_CALL = text("UPDATE memberships SET phone = :phone WHERE account_id = :account_id AND user_id = :user_id")
_KEEP = text(
    """
    INSERT INTO notification_preferences (account_id, user_id, kind, channel, wanted)
    SELECT :account_id, :user_id, w.kind, w.channel, w.wanted
    FROM unnest(CAST(:kinds AS text[]), CAST(:channels AS text[]), CAST(:wanted AS boolean[]))
        AS w (kind, channel, wanted)
    ORDER BY w.kind, w.channel
    ON CONFLICT (account_id, user_id, kind, channel) DO UPDATE SET wanted = EXCLUDED.wanted
    """
)
