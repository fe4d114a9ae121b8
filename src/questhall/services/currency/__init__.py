"""currency: the only writer of any balance."""
