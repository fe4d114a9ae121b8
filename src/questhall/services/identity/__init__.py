"""identity: who is acting."""
