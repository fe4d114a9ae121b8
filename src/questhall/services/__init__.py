"""One folder a service; found by folder, so that a new one edits no list."""
