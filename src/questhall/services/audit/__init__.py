"""audit: the event log, history and why."""
