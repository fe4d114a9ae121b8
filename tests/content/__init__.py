"""Content as files."""
