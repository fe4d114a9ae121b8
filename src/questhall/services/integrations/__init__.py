"""integrations: real activity in."""
