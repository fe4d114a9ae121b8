"""What is personal in the log: sealed with the keys of the people whom an event concerns.

The log is never written anew, and its rows are hashed as they stand: sealed. So to erase somebody is to lose their key; every
chain still holds. An event concerns whom it is about and who did it; either's erasure ends what is personal in it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from questhall.kernel.contract import Envelope
from questhall.kernel.database import Record, Tx
from questhall.kernel.encryption import NONCE_BYTES, Sealer
from questhall.kernel.personal import blank, concerned, personal_fields
from questhall.services.audit import repository

SEALED = "sealed"
"""Where in an event's data the sealed fields are; they stand empty where they were."""
KEY_BYTES = 32
REMEMBERED_MAX = 20_000

_encoder, _decoder = msgspec.json.Encoder(), msgspec.json.Decoder()


class People:
    """The keys."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._keys: dict[UUID, bytes] = {}
        """Of people whose key was there before the transaction that asked. One that is erased meanwhile does no harm: what
        is sealed with a key that is gone can't be read.
        """

    async def seal(self, tx: Tx, events: Sequence[Envelope[Any]]) -> list[str]:
        """The data of events as the log keeps it."""
        drawers = [_Drawer.of(event) for event in events]
        wanted = {one for drawer in drawers if drawer is not None for one in drawer.people}
        keys = await self._writing(tx, sorted(wanted)) if wanted else {}
        return [
            event.raw.decode() if drawer is None else drawer.closed(event.id, keys)
            for event, drawer in zip(events, drawers, strict=True)
        ]

    async def _writing(self, tx: Tx, people: list[UUID]) -> dict[UUID, bytes | None]:
        """Keys to seal with, made where there was none; None for who is erased."""
        keys: dict[UUID, bytes | None] = {one: self._keys[one] for one in people if one in self._keys}
        missing = [one for one in people if one not in keys]
        if not missing:
            return keys
        found = await self._reading(tx, missing)
        if len(self._keys) + len(found) > REMEMBERED_MAX:
            self._keys.clear()
        self._keys.update({one: key for one, key in found.items() if key is not None})
        # Not remembered: this transaction may yet come to nothing.
        fresh = {one: secrets.token_bytes(KEY_BYTES) for one in missing if one not in found}
        if fresh:
            await repository.add_keys(tx, {one: self._sealed(one, key) for one, key in fresh.items()})
        return {**keys, **found, **fresh}

    async def _reading(self, tx: Tx, people: Sequence[UUID]) -> dict[UUID, bytes | None]:
        rows = await repository.keys(tx, people)
        return {row["user_id"]: None if row["key"] is None else self._opened(row) for row in rows}

    async def open(self, tx: Tx, rows: Sequence[Record]) -> list[dict[str, Any]]:
        """Rows of the log with ``data`` as JSON text, in clear where everybody concerned is still here.

        Where somebody is not, what was personal stands empty, and ``erased`` says so.
        """
        maybe = [
            (row["id"], row, _decoder.decode(row["data"]))
            for row in rows
            if personal_fields(row["type"]) and f'"{SEALED}"' in row["data"]
        ]
        # A text that says no more than "sealed" is none.
        closed = {id_: (data, _concerned(row, data)) for id_, row, data in maybe if SEALED in data}
        people = {one for _, theirs in closed.values() for one in theirs}
        keys = await self._reading(tx, sorted(people)) if people else {}
        return [
            {**row, "data": _opened(row["id"], *closed[row["id"]], keys)} if row["id"] in closed else dict(row)
            for row in rows
        ]

    async def erase(self, tx: Tx, user_id: UUID) -> None:
        """Loses a person's key, and makes none again."""
        self._keys.pop(user_id, None)
        await repository.erase_key(tx, user_id)

    def _sealed(self, user_id: UUID, key: bytes) -> bytes:
        return self._sealer.seal(key.hex(), context=f"person:{user_id}")

    def _opened(self, row: Record) -> bytes:
        return bytes.fromhex(self._sealer.open(row["key"], context=f"person:{row['user_id']}"))


class _Drawer(msgspec.Struct, frozen=True):
    """An event's data, what is personal apart."""

    people: list[UUID]
    plain: dict[str, Any]
    personal: dict[str, Any]

    @classmethod
    def of(cls, event: Envelope[Any]) -> _Drawer | None:
        """None where nothing is personal."""
        fields = personal_fields(event.type)
        if not fields:
            return None
        data = _decoder.decode(event.raw)
        personal = {name: data[name] for name in fields & data.keys() if data[name]}
        people = concerned(event.type, event.subject, event.actor, data) if personal else []
        if not people:
            return None
        return cls(
            people, {name: blank(value) if name in personal else value for name, value in data.items()}, personal
        )

    def closed(self, event_id: UUID, keys: Mapping[UUID, bytes | None]) -> str:
        """As the log keeps it; without what is personal when somebody concerned is erased."""
        key = _common(self.people, keys)
        sealed = "" if key is None else _close(key, _encoder.encode(self.personal), event_id)
        return _encoder.encode({**self.plain, SEALED: sealed}).decode()


def _common(people: Sequence[UUID], keys: Mapping[UUID, bytes | None]) -> bytes | None:
    """One key of all of theirs; None when one of them is missing."""
    theirs = [keys.get(one) for one in people]
    if not theirs or None in theirs:
        return None
    return hashlib.sha256(b"".join(key for key in theirs if key is not None)).digest()


def _close(key: bytes, text: bytes, event_id: UUID) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, text, event_id.bytes)).decode()


def _concerned(row: Record, data: Mapping[str, Any]) -> list[UUID]:
    return concerned(row["type"], row["subject"], row["actor"], data)


def _opened(event_id: UUID, data: dict[str, Any], people: Sequence[UUID], keys: Mapping[UUID, bytes | None]) -> str:
    plain = {name: value for name, value in data.items() if name != SEALED}
    sealed, key = base64.b64decode(data[SEALED]), _common(people, keys)
    if key is None or not sealed:
        return _encoder.encode({**plain, "erased": True}).decode()
    try:
        personal = AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], event_id.bytes)
    except InvalidTag:  # sealed by another of us after the key was lost
        return _encoder.encode({**plain, "erased": True}).decode()
    return _encoder.encode({**plain, **_decoder.decode(personal)}).decode()
