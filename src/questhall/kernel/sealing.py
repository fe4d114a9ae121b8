"""Sealing: rows in commit order are hashed block by block, each block onto the one before, so that an edit shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

__all__ = ["GENESIS", "Seal", "block_hash", "row_bytes"]

GENESIS = bytes(32)
"""What the first block of a chain is hashed onto."""

_encoder = msgspec.json.Encoder(order="deterministic")


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed block: rows from ``first`` to ``last`` (positions, both included)."""

    first: int
    last: int
    count: int
    previous: bytes
    hash: bytes


def row_bytes(values: Sequence[Any]) -> bytes:
    """A row in one canonical form: JSON of its values in column order."""
    return _encoder.encode([str(value) if isinstance(value, UUID) else value for value in values])


def block_hash(previous: bytes, rows: Iterable[Sequence[Any]]) -> bytes:
    """SHA-256 over the previous block's hash and the rows, each led by its length so that none can run into the next."""
    digest = hashlib.sha256(previous)
    for row in rows:
        encoded = row_bytes(row)
        digest.update(len(encoded).to_bytes(4, "big"))
        digest.update(encoded)
    return digest.digest()
