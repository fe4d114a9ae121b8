"""All that is technical, written once; knows no service."""
