"""Idempotency-Key: the first answer is written with the effect, and given again."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, TypeVar
from weakref import WeakValueDictionary

import asyncpg
import msgspec
from litestar import Response

from questhall.kernel.contract import Refusal
from questhall.kernel.crash import crash_point, declare
from questhall.kernel.database import Database, Tx, json_text

__all__ = ["Idempotent", "InProgress", "KeyMalformed", "KeyRequired", "KeyReused"]

ANSWERING = declare("idempotency.after_commit_before_answer")

WAIT_MS = 2000
"""How long a second request waits for the first's answer."""
KEY_MAX = 255

T = TypeVar("T")

_under_way: WeakValueDictionary[tuple[Database, str, str], asyncio.Lock] = WeakValueDictionary()
"""By database, caller and key, for as long as somebody holds or awaits one."""


class KeyRequired(Refusal):
    """This request moves money: it needs an Idempotency-Key."""

    code: ClassVar[str] = "idempotency_key_required"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "An Idempotency-Key is needed here"


class KeyMalformed(Refusal):
    """A key has 1 to 255 visible ASCII characters."""

    code: ClassVar[str] = "idempotency_key_malformed"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "The Idempotency-Key can't be used"


class KeyReused(Refusal):
    """The key was used for another request."""

    code: ClassVar[str] = "idempotency_key_reused"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "The Idempotency-Key was used for something else"


class InProgress(Refusal):
    """The first request with this key is still being worked on."""

    code: ClassVar[str] = "in_progress"
    title: ClassVar[str] = "The first request is still being worked on"


class _Stored(msgspec.Struct, frozen=True):
    status: int
    body: bytes
    headers: dict[str, str]


class Idempotent:
    """Runs a request's effect once a key; without a key, each time."""

    def __init__(self, *, database: Database, caller: str, key: str | None, required: bool, request: bytes) -> None:
        if key is None and required:
            raise KeyRequired
        self._database = database
        self._caller = caller
        self._key = None if key is None else _read(key)
        self._fingerprint = hashlib.sha256(request).digest()

    async def run(
        self,
        effect: Callable[[Tx], Awaitable[T]],
        *,
        status: int = 201,
        redact: Callable[[T], T] | None = None,
        headers: Callable[[T], dict[str, str]] | None = None,
    ) -> Response[Any]:
        """The effect's answer, or the stored one with ``Idempotency-Replayed: true``.

        Effect and answer are one transaction. ``redact`` takes secrets out of what is stored. Refuses
        ``idempotency_key_reused``, ``in_progress``.
        """
        if self._key is None:
            async with self._database.tx() as tx:
                result = await effect(tx)
            return Response(result, status_code=status, headers=headers(result) if headers else None)
        async with self._turn(self._key) as left_ms:
            return await self._run_keyed(self._key, left_ms, effect, status, redact, headers)

    @asynccontextmanager
    async def _turn(self, key: str) -> AsyncIterator[int]:
        """One at a time in this process: who waits here holds no connection. Yields the milliseconds left to wait."""
        place = (self._database, self._caller, key)
        lock = _under_way.get(place)
        if lock is None:
            lock = _under_way[place] = asyncio.Lock()
        loop = asyncio.get_running_loop()
        due = loop.time() + WAIT_MS / 1000
        try:
            async with asyncio.timeout_at(due):
                await lock.acquire()
        except TimeoutError:
            raise InProgress("ask again with the same key", retry_after=1) from None
        try:
            yield max(1, int((due - loop.time()) * 1000))
        finally:
            lock.release()

    async def _run_keyed(
        self,
        key: str,
        wait_ms: int,
        effect: Callable[[Tx], Awaitable[T]],
        status: int,
        redact: Callable[[T], T] | None,
        headers: Callable[[T], dict[str, str]] | None,
    ) -> Response[Any]:
        async with self._database.tx() as tx:
            await tx.execute(f"SET LOCAL lock_timeout = {wait_ms}")
            # Waits while another process's transaction holds the same key; then sees whether it was committed.
            try:
                mine = await tx.fetchval(
                    "INSERT INTO idempotency_keys (caller, key, fingerprint) VALUES ($1, $2, $3) "
                    "ON CONFLICT DO NOTHING RETURNING true",
                    self._caller,
                    key,
                    self._fingerprint,
                )
            except asyncpg.LockNotAvailableError:
                raise InProgress("ask again with the same key", retry_after=1) from None
            if mine is None:
                return await self._replay(tx, key)
            await tx.execute("SET LOCAL lock_timeout = 0")
            result = await effect(tx)
            stored = redact(result) if redact else result
            sent = headers(result) if headers else {}
            await tx.execute(
                "UPDATE idempotency_keys SET status = $3, body = $4, headers = $5 WHERE caller = $1 AND key = $2",
                self._caller,
                key,
                status,
                msgspec.json.encode(stored),
                json_text(sent),
            )
        crash_point(ANSWERING)
        return Response(result, status_code=status, headers=sent)

    async def _replay(self, tx: Tx, key: str) -> Response[Any]:
        row = await tx.fetchrow(
            "SELECT fingerprint, status, body, headers FROM idempotency_keys WHERE caller = $1 AND key = $2",
            self._caller,
            key,
        )
        if row is None:  # Its 24 hours ended between the two statements.
            raise InProgress("ask again with the same key", retry_after=1)
        if row["fingerprint"] != self._fingerprint:
            raise KeyReused("use a new key for a new request")
        headers = {**msgspec.json.decode(row["headers"]), "idempotency-replayed": "true"}
        return Response(msgspec.Raw(row["body"]), status_code=row["status"], headers=headers)


def _read(key: str) -> str:
    plain = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if not 0 < len(plain) <= KEY_MAX or not plain.isascii() or not plain.isprintable():
        raise KeyMalformed
    return plain
