"""Times as WordPress keeps them: whole seconds, once in the site's timezone and once in GMT."""

from datetime import UTC, datetime, timedelta, timezone

SITE_OFFSET_HOURS = 2
"""The site is not at UTC, so that a client that confuses local with GMT fields is found out."""
SITE_ZONE = timezone(timedelta(hours=SITE_OFFSET_HOURS))


def gmt(moment: float | None) -> str | None:
    """``2026-01-31T12:00:00``, UTC without an offset."""
    return None if moment is None else _format(datetime.fromtimestamp(int(moment), UTC))


def local(moment: float | None) -> str | None:
    """``2026-01-31T14:00:00``, the site's wall clock."""
    return None if moment is None else _format(datetime.fromtimestamp(int(moment), SITE_ZONE))


def query_second(text: str, *, is_gmt: bool) -> int:
    """The second that a date argument means, as a UNIX time. Raises ValueError.

    Source: WP_Date_Query::build_mysql_datetime. A time without an offset is taken as the compared column's
    own (GMT with ``dates_are_gmt``, else local). One with an offset is first turned into the site's wall
    clock and only then compared, so with ``dates_are_gmt`` a ``...Z`` is off by the site's offset.
    """
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is not None:
        parsed = parsed.astimezone(SITE_ZONE).replace(tzinfo=None)
    return int(parsed.replace(tzinfo=UTC if is_gmt else SITE_ZONE).timestamp())


def _format(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
