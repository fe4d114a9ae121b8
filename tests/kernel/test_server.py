"""The server: an answer's head leaves with the first of its body, and not before (ASGI asks for it)."""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from questhall.kernel import server as server_module
from questhall.kernel.server import FILES_MAX, server, widen_files


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server of an application."""
    running = server(app, host="127.0.0.1", port=0)
    task = asyncio.create_task(running.serve())
    while not running.started:
        await asyncio.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        running.should_exit = True
        await task


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    """The first message of an answer."""
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(part: bytes, *, more: bool = False) -> dict[str, Any]:
    """A part of an answer's body."""
    return {"type": "http.response.body", "body": part, "more_body": more}


async def test_the_head_waits_for_the_body() -> None:
    go = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(start((b"content-length", b"5")))
        await go.wait()
        await send(body(b"hello"))

    async with serving(app) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        go.set()
        assert (await asyncio.wait_for(reader.readuntil(b"hello"), 2)).startswith(b"HTTP/1.1 200 ")


async def test_an_answer_without_a_body_is_sent_and_the_next_follows() -> None:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if scope["path"] == "/none":
            await send(start(status=204))
            await send(body(b""))
        else:
            await send(start((b"content-length", b"5")))
            await send(body(b"hello"))

    async with serving(app) as (reader, writer):
        for head, length in ((b"HEAD /", 0), (b"GET /none", 0), (b"GET /", 5)):
            writer.write(head + b" HTTP/1.1\r\nhost: x\r\n\r\n")
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2)
            assert await asyncio.wait_for(reader.readexactly(length), 2) == b"hello"[:length]


async def test_a_part_of_a_body_that_looks_like_a_head_is_sent() -> None:
    go = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(start((b"content-length", b"29")))
        await send(body(b"one", more=True))
        await send(body(b"HTTP/1.1 200 two\r\n\r\n", more=True))
        await go.wait()
        await send(body(b"three!"))

    async with serving(app) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"two\r\n\r\n"), 2)
        go.set()
        assert await asyncio.wait_for(reader.readuntil(b"three!"), 2) == b"three!"


async def test_an_application_that_fails_after_the_head_ends_the_connection() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(start((b"content-length", b"5")))
        raise RuntimeError("on purpose")

    async with serving(app) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b"hello" not in await asyncio.wait_for(reader.read(), 2)


async def test_a_body_that_goes_on_after_its_answer_ends_with_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "BODY_AFTER_ANSWER_S", 0.3)

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(start((b"content-length", b"2")))
        await send(body(b"no"))

    async with serving(app) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\nno"), 2)

        async def trickle() -> None:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(trickle(), 3)

    async with serving(app) as (reader, writer):
        for _ in range(3):  # one that came whole is followed by the next, however late
            writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbo")
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\nno"), 2)
            writer.write(b"dy")
            await asyncio.sleep(0.4)


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nhost: x\r\ncookie: a\x00b\r\n\r\n", 400, "malformed_request"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 431, "head_too_large"),
    ],
)
async def test_what_is_no_request_is_answered_with_a_problem_and_closed(sent: bytes, status: int, code: str) -> None:
    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        raise AssertionError("nothing of it gets here")

    async with serving(app) as (reader, writer):
        writer.write(sent)
        head, _, problem = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"content-type: application/problem+json" in head
        assert (json.loads(problem)["status"], json.loads(problem)["code"]) == (status, code)


def test_a_shells_limit_on_open_files_is_not_ours() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    hard = before[1]
    allowed = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, allowed), hard))
        widen_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (allowed, hard)
        widen_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (allowed, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
