"""Read models: set-based SQL, one account each, a page at a time."""
