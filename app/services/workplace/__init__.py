"""What members keep for themselves. It is theirs alone, so the audit log has only what they share."""
