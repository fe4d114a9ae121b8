"""Sealing: rows in commit order are hashed block by block, each block onto the one before, so that an edit shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

__all__ = ["GENESIS", "Seal", "block_hash", "differences", "digest_of", "row_bytes"]

GENESIS = bytes(32)
"""What the first block of a chain is hashed onto."""

DIGEST_BYTES = 8

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


def digest_of(row: Sequence[Any]) -> bytes:
    """The few bytes that are kept of each sealed row, to name the one that was edited."""
    return hashlib.sha256(row_bytes(row)).digest()[:DIGEST_BYTES]


def differences(positions: Sequence[int], digests: bytes, rows: Mapping[int, Sequence[Any]]) -> list[tuple[int, str]]:
    """Positions that are not as they were sealed, and how."""
    found: list[tuple[int, str]] = []
    for index, position in enumerate(positions):
        row = rows.get(position)
        if row is None:
            found.append((position, "the row is gone"))
        elif digest_of(row) != digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]:
            found.append((position, "the row was changed"))
    slipped_in = sorted(rows.keys() - set(positions))
    return sorted(found + [(position, "the row was slipped in") for position in slipped_in])
