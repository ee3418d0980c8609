"""Outside services that are no sales platform."""
