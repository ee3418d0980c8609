"""What failed for good: in step with the rows and RQ's registries, replayed and discarded by support."""

from sqlalchemy import text

# What is dead waits for a person, however long: its event and its letter stay.
PURGES = (
    text(
        """
        DELETE FROM inbound_events e USING dead_letters d
        WHERE d.kind = 'event' AND d.state = 'discarded' AND d.subject_id = e.id AND e.state = 'dead'
            AND d.closed_at < now() - make_interval(days => :days)
        """
    ),
    text("DELETE FROM failed_attempts WHERE failed_at < now() - make_interval(days => :days)"),
    text(
        """
        DELETE FROM dead_letters WHERE state = 'mended' AND closed_at < now() - make_interval(days => :days)
        """
    ),
    text(
        """
        DELETE FROM mass_replays
        WHERE state <> 'running' AND created_at < now() - make_interval(days => :days)
        """
    ),
)
