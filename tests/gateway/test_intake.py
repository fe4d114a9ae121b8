"""Slow, large and too many requests, over a real server and raw sockets: they are ended, and the others are served."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest

from questhall.gateway import gateway as gateway_module
from questhall.gateway import intake
from questhall.kernel import server as server_module
from questhall.kernel.server import server
from questhall.kernel.testing import Hall

POST = b"POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost:8000\r\ncontent-type: application/json\r\n"


@asynccontextmanager
async def served(hall: Hall) -> AsyncIterator[int]:
    """The installation's port."""
    one = server(hall.installation.app, host="127.0.0.1", port=0)
    task = asyncio.create_task(one.serve())
    while not one.started:
        await asyncio.sleep(0.01)
    try:
        yield one.servers[0].sockets[0].getsockname()[1]
    finally:
        one.should_exit = True
        await task


async def answered(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the other side closes."""
    return await asyncio.wait_for(reader.read(), 10)


async def test_a_head_that_does_not_come_is_not_waited_for(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEAD_TIMEOUT_S", 0.5)
    async with served(hall) as port:
        for beginning in (b"", b"GET /api/v1/services HTTP/1.1\r\nhost: x\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            began = time.monotonic()
            writer.write(beginning)
            assert await answered(reader) == b"", "closed without a word"
            assert time.monotonic() - began < 5
            writer.close()
        # A second request on a connection is awaited no longer than the first.
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/v1/services HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.write(b"GET /api/v1/serv")
        began = time.monotonic()
        assert b"HTTP/1.1 200" not in await answered(reader)
        assert time.monotonic() - began < 5
        writer.close()


async def test_slow_bodies_are_ended_and_hold_nobody_else_up(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "GRACE_S", 1.5)
    monkeypatch.setattr(gateway_module, "IN_FLIGHT_MAX", 8)
    async with served(hall) as port:
        slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(15)]
        for _, writer in slow:
            writer.write(POST + b"content-length: 1000\r\n\r\n{")
        await asyncio.sleep(0.3)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/v1/services HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert b"HTTP/1.1 200" in await answered(reader), "more slow ones than may be in flight, and others are served"
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/v1/auth/registration HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert b"HTTP/1.1 200" in await answered(reader), "on the services' own routes too"
        writer.close()
        for reader, writer in slow:
            text = await answered(reader)
            assert b"HTTP/1.1 408" in text
            assert b'"code":"too_slow"' in text
            writer.close()


async def test_a_body_that_trickles_is_ended_too(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte in time is not enough: the whole has to come."""
    monkeypatch.setattr(intake, "GRACE_S", 1.0)
    async with served(hall) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + b"content-length: 100000\r\n\r\n")
        began = time.monotonic()

        async def trickle() -> None:
            while True:
                writer.write(b" ")
                await asyncio.sleep(0.1)

        task = asyncio.create_task(trickle())
        # A byte that is under way when the server ends the connection may take the answer along.
        with suppress(ConnectionResetError):
            assert b"HTTP/1.1 408" in await answered(reader)
        assert time.monotonic() - began < 8
        task.cancel()
        writer.close()


@pytest.mark.parametrize("head", [b"content-length: 2000000\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n"])
async def test_a_large_body_is_refused_declared_or_not(hall: Hall, head: bytes) -> None:
    async with served(hall) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + head)
        if b"chunked" in head:
            for _ in range(16):
                writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
            writer.write(b"1\r\n \r\n")
        text = await answered(reader)
        assert b"HTTP/1.1 413" in text
        assert b'"code":"too_large"' in text
        writer.close()


async def test_too_much_at_once_is_told_to_come_back(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    wren = await hall.user("wren")
    monkeypatch.setattr(gateway_module, "IN_FLIGHT_MAX", 0)
    answer = await wren.client.get("/me")
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert answer.headers["retry-after"] == "1"
    monkeypatch.undo()
    monkeypatch.setattr(intake, "HELD_MAX", 10)
    answer = await wren.client.post("/me/tokens", json={"name": "longer than ten bytes"})
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    monkeypatch.undo()
    assert (await wren.client.post("/me/tokens", json={"name": "longer than ten bytes"})).status_code == 201
    assert hall.installation.gateway._intake._held == 0


async def test_who_sends_almost_all_and_then_nothing_goes_first(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies that never become whole fill what may be held: others are served, and the oldest of them is ended."""
    monkeypatch.setattr(intake, "HELD_MAX", 250_000)
    body = b'{"username":"nobody","password":"x"}'
    async with served(hall) as port:
        stalled = []
        for number in (1, 2, 3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(POST + b"content-length: 83000\r\n\r\n" + b" " * 82_999)
            stalled.append((reader, writer))
            while hall.installation.gateway._intake._held < number * 82_999:
                await asyncio.sleep(0.01)
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(POST + b"connection: close\r\ncontent-length: 2000\r\n\r\n" + body.ljust(2000))
            assert b"HTTP/1.1 401" in await answered(reader)
            writer.close()
        text = await answered(stalled[0][0])
        assert b"HTTP/1.1 503" in text
        assert b'"code":"overloaded"' in text
        for _, writer in stalled[1:]:
            writer.write(b" ")
        for reader, writer in stalled[1:]:
            assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 4"), "whole, and no JSON"
            writer.close()
        stalled[0][1].close()
    assert hall.installation.gateway._intake._held == 0


LINE = b"GET /api/v1/services HTTP/1.1\r\nhost: x\r\n"


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(LINE + b"x: " + b"a" * 40_000_000 + b"\r\n\r\n", id="one field"),
        pytest.param(LINE + b"x: " + b"a" * 70_000 + b"\r\n\r\n", id="one field that comes at once"),
        pytest.param(LINE + b"x: a\r\n" * 500_000 + b"\r\n", id="many fields"),
        pytest.param(b"GET /" + b"a" * 5_000_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", id="an address"),
        pytest.param(
            POST + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nx: " + b"a" * 40_000_000, id="a field at the end"
        ),
    ],
)
async def test_a_head_without_end_is_ended_and_holds_nobody_up(hall: Hall, head: bytes) -> None:
    async with served(hall) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        began, waited = time.monotonic(), 0.0
        reading = asyncio.create_task(reader.read())
        while time.monotonic() - began < 10 and not reading.done():
            before = time.monotonic()
            await asyncio.sleep(0.001)
            waited = max(waited, time.monotonic() - before)
        assert reading.done(), "it was ended"
        # Whoever is cut off while sending may never read why.
        if not reading.exception() and reading.result():
            assert reading.result().startswith(b"HTTP/1.1 431 ")
        elif len(head) < 100_000:
            pytest.fail("what came whole is answered")
        assert waited < 0.5, "the loop went on"
        writer.transport.abort()


async def test_a_head_that_is_long_but_not_too_long_is_read(hall: Hall) -> None:
    async with served(hall) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        # A large body first: what came with it does not count for the head after it.
        writer.write(POST + b"content-length: 300000\r\n\r\n" + b" " * 300_000)
        for part in (LINE, b"x: " + b"a" * 30_000, b"a" * 20_000, b"\r\nconnection: close\r\n\r\n"):
            writer.write(part)
            await asyncio.sleep(0.05)
        text = await answered(reader)
        assert text.startswith(b"HTTP/1.1 4")
        assert b"HTTP/1.1 200" in text


async def test_a_request_that_takes_too_long_is_ended_and_taken_back(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else holds the row and does not let go of it."""
    wren, eve = await hall.user("wren"), await hall.user("eve")
    assert (await wren.client.get("/me")).status_code == 200, "the first act of the day is noted in the row"
    monkeypatch.setattr(gateway_module, "ANSWER_MAX_S", 0.5)
    holder = await asyncpg.connect(hall.admin_url)
    try:
        async with holder.transaction():
            await holder.execute(
                "UPDATE identity.users SET locale = 'en' WHERE id = ANY($1)", [wren.user_id, eve.user_id]
            )
            began = time.monotonic()
            read = {"if-match": '"1"'}
            answers = await asyncio.gather(
                *(wren.client.patch("/me", json={"display_name": "late"}, headers=read) for _ in range(5)),
                eve.client.get("/me"),  # Who calls is what can't be found out here.
            )
            assert time.monotonic() - began < 4
            for answer in answers:
                assert (answer.status_code, answer.json()["code"]) == (503, "took_too_long")
                assert answer.headers["retry-after"] == "5"
            assert (await wren.client.get("/me")).status_code == 200, "and its connections are free again"
        assert hall.installation.gateway._in_flight == 0
        monkeypatch.undo()
        me = (await wren.client.get("/me")).json()
        assert (me["display_name"], me["version"]) == ("wren", 1)
        assert (await wren.client.patch("/me", json={"display_name": "now"}, headers=read)).status_code == 200
    finally:
        await holder.close()


async def test_a_delivery_that_leads_nowhere_is_refused_before_its_body(hall: Hall) -> None:
    """The body never comes. A source is told apart from none as soon as it is made."""
    mia = await hall.user("mia", role="manager")

    async def sent(slug: str, *headers: bytes, within_s: float = 10) -> bytes:
        """What is answered to the head of a delivery in time; nothing: its body is awaited."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = (f"POST /api/v1/ingest/{slug} HTTP/1.1".encode(), b"host: x", b"content-length: 20000000", *headers)
        writer.write(b"\r\n".join(lines) + b"\r\n\r\n{")
        try:
            return await asyncio.wait_for(reader.read(4096), within_s)
        except TimeoutError:
            return b""
        finally:
            writer.close()

    async with served(hall) as port:
        text = await sent("acme")
        assert text.startswith(b"HTTP/1.1 404 ")
        assert b'"code":"source_not_found"' in text
        for slug, kind in (("acme", "github"), ("cloud", "cloudevents")):
            body = {"slug": slug, "kind": kind, "name": slug}
            assert (await mia.client.post("/sources", json=body)).status_code == 201
            assert (await sent(slug)).startswith(b"HTTP/1.1 401 "), "neither signed nor sent by anybody"
        signed = b"x-hub-signature-256: sha256=00"
        assert await sent("acme", signed, within_s=1) == b"", "its body tells"
        off = {"enabled": False}
        assert (await mia.client.patch("/sources/acme", json=off, headers={"if-match": '"1"'})).status_code == 200
        assert (await sent("acme", signed)).startswith(b"HTTP/1.1 403 ")
    assert hall.installation.gateway._intake._held == 0
