"""Another site in the player's own browser: forms, fetch and sockets of a second origin do nothing here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Request

from questhall.contracts.identity import Identity
from tests.page.conftest import Site

ATTACK = b"<!doctype html><meta charset=utf-8><title>Another site</title><iframe name=sink></iframe>"

FORM = """([url, kind, body]) => {
  const form = document.createElement("form");
  Object.assign(form, { action: url, method: "post", enctype: kind, target: "sink" });
  if (body !== null) {
    const field = document.createElement("input");
    [field.name, field.value] = body;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}"""
FETCH = """async ([url, init]) => {
  try {
    const answer = await fetch(url, { credentials: "include", ...init });
    return [answer.type, answer.status];
  } catch (error) {
    return ["failed", 0];
  }
}"""
SOCKET = """(url) => new Promise((done) => {
  const heard = [];
  const socket = new WebSocket(url);
  socket.onopen = () => socket.send(JSON.stringify({ type: "subscribe", channel: "me", cursor: null }));
  socket.onmessage = (message) => heard.push(message.data);
  socket.onclose = () => done(heard);
  setTimeout(() => done([...heard, "still open"]), 5000);
})"""


@pytest.fixture
async def elsewhere() -> AsyncIterator[int]:
    """The port of a second origin: a server of somebody else's pages."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = (
            f"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {len(ATTACK)}\r\nconnection: close\r\n\r\n"
        )
        writer.write(head.encode() + ATTACK)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


# Another port of the same host is the same site: there the cookie is sent, and only the Origin tells it apart.
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_another_origin_changes_nothing_and_reads_nothing(site: Site, elsewhere: int, host: str) -> None:
    wren = await site.hall.user("wren")
    await wren.client.get("/me")  # The first act of the day is an event of its own.
    page = await site.open(wren)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    before = await state(site)
    tokens, everywhere = f"{site.url}/api/v1/me/tokens", f"{site.url}/api/v1/auth/logout-everywhere"
    forged = '{"name":"stolen"}'
    for url, kind, body in (
        (everywhere, "application/x-www-form-urlencoded", None),
        (everywhere, "text/plain", None),
        (tokens, "text/plain", ['{"name":"stolen","x":"', '"}']),
        (tokens, "multipart/form-data", ["name", "stolen"]),
    ):
        await page.goto(f"http://{host}:{elsewhere}/")
        async with page.expect_response(url) as answered:
            await page.evaluate(FORM, [url, kind, body])
        assert (await answered.value).status in (401, 403), (url, kind)
    for url, init in (
        (everywhere, {"method": "POST", "mode": "no-cors"}),
        (tokens, {"method": "POST", "mode": "no-cors", "body": forged, "headers": {"content-type": "text/plain"}}),
        (tokens, {"method": "POST", "body": forged, "headers": {"content-type": "application/json"}}),
        (f"{site.url}/api/v1/me", {"method": "PATCH", "body": '{"private":true}', "headers": {"if-match": '"1"'}}),
        (f"{site.url}/api/v1/me", {"method": "GET"}),
    ):
        kind, _ = await page.evaluate(FETCH, [url, init])
        assert kind in ("opaque", "failed"), (url, init)
    assert await page.evaluate(SOCKET, f"{site.url.replace('http', 'ws')}/api/v1/ws") == []
    assert await state(site) == before
    assert (await wren.client.get("/me")).status_code == 200
    if host == "localhost":
        sent = [await request.all_headers() for request in asked if request.url == everywhere]
        assert any("session_" in headers.get("cookie", "") for headers in sent), "the cookie did come along"
    # The page itself, in the same browser, may do what the other could not.
    await page.goto(f"{site.url}/settings")
    assert await page.evaluate(FETCH, [everywhere, {"method": "POST"}]) == ["basic", 204]
    assert await state(site) != before


async def state(site: Site) -> tuple[list[str], int]:
    """All events that were ever said, and the tokens there are."""
    await site.hall.drain()
    async with site.hall.database(Identity).read() as tx:
        tokens = await tx.fetchval("SELECT count(*) FROM api_tokens")
    return [event["type"] for event in await site.hall.log()], tokens
