"""Questhall: the self-hosted game layer for communities that learn or work together."""

__version__ = "0.1.0"
