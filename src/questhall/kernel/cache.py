"""The cache over the Redis protocol. It holds only what may be lost; when it is away, callers go on without it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.exceptions import RedisError

from questhall.kernel.absence import seldom

__all__ = ["Cache"]

CONNECTIONS = 32
"""Who finds all of them in use waits for one: many who ask at once are no sign that the server is away."""
TIMEOUT_S = 0.5
AWAY_S = 1.0
"""After a failure the server is not asked again for this long, so that its absence costs nothing."""

log = structlog.get_logger(__name__)


class Cache:
    """Each method answers None or False when the server is away."""

    def __init__(self, url: str, *, prefix: str = "qh:") -> None:
        self._url = url
        self._prefix = prefix
        self._redis: Any = None
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._away_until = 0.0

    async def open(self) -> None:
        """Makes the client; the server may still be away."""
        if self._url:
            pool = ConnectionPool(
                max_connections=CONNECTIONS,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
                **parse_url(self._url),
            )
            self._redis = Redis(connection_pool=pool)

    async def close(self) -> None:
        """Ends the connections."""
        if self._redis is not None:
            await self._redis.aclose()
            await self._redis.connection_pool.disconnect()
            self._redis = None

    @property
    def away(self) -> bool:
        """Whether the server is known to be away right now."""
        return self._redis is None or time.monotonic() < self._away_until

    async def problem(self) -> str:
        """Why the server can't be used now; "" when it answers."""
        return "" if await self.command("PING") else "away"

    async def command(self, *words: Any) -> Any:
        """Any command; None when the server is away. Keys are given whole (see ``key``)."""
        return await self._asked(lambda: self._redis.execute_command(*words))

    async def _asked(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        async with self._turns:
            # It may have been found away meanwhile: then nobody who waited asks it once more.
            if self.away:
                return None
            try:
                return await ask()
            except (RedisError, OSError, TimeoutError) as error:
                self._failed(error)
                return None

    def _failed(self, error: Exception) -> None:
        self._away_until = time.monotonic() + AWAY_S
        if seldom("cache"):
            log.warning("cache_away", error=repr(error))

    def key(self, *parts: object) -> str:
        """A key of this installation."""
        return self._prefix + ":".join(str(part) for part in parts)

    async def get(self, key: str) -> bytes | None:
        """The value, if there is one."""
        return await self.command("GET", key)

    async def set(self, key: str, value: bytes | str, *, ttl_s: float) -> bool:
        """Keeps a value for a time."""
        return await self.command("SET", key, value, "PX", max(1, int(ttl_s * 1000))) is not None

    async def delete(self, *keys: str) -> bool:
        """Forgets keys."""
        return bool(keys) and await self.command("DEL", *keys) is not None

    async def script(self, script: str, keys: list[str], arguments: list[Any]) -> Any:
        """One Lua call; None when the server is away."""
        return await self._asked(lambda: self._redis.register_script(script)(keys=keys, args=arguments))
