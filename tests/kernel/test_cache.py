"""The cache: away when its server is, and not when many ask at once."""

from __future__ import annotations

import asyncio
import time

from questhall.kernel.cache import CONNECTIONS, Cache


async def test_many_at_once_are_answered(redis_url: str) -> None:
    cache = Cache(redis_url, prefix="test-cache:")
    await cache.open()
    try:
        answers = await asyncio.gather(*(cache.command("PING") for _ in range(10 * CONNECTIONS)))
        assert set(answers) == {True}
        assert not cache.away
    finally:
        await cache.close()


async def test_who_waits_for_a_server_that_does_not_answer_waits_once() -> None:
    async def mute(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    cache = Cache(f"redis://127.0.0.1:{port}")
    await cache.open()
    try:
        began = time.monotonic()
        answers = await asyncio.gather(*(cache.command("PING") for _ in range(10 * CONNECTIONS)))
        assert set(answers) == {None}
        assert time.monotonic() - began < 5, "ten turns of half a second each would have been it, one after the other"
    finally:
        await cache.close()
        server.close()
