"""realtime: live, in order, recovered, bounded, ended with the session; over a real server and a real client."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from questhall.contracts.identity import Identity
from questhall.contracts.realtime import Realtime
from questhall.kernel.testing import PASSWORD, Hall, HallUser
from questhall.services.realtime import connection as connection_module
from tests.quests.test_quests import MERGE, did, publish


@asynccontextmanager
async def served(hall: Hall) -> AsyncIterator[str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        hall.installation.app, interface="asgi3", log_config=None, lifespan="off", ws="websockets-sansio"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


def open_socket(address: str, user: HallUser, origin: str = "http://localhost:8000", **more: Any) -> Any:
    cookie = "=".join(user.cookie())
    return connect(f"ws://{address}/api/v1/ws", additional_headers={"cookie": cookie}, origin=origin, **more)


async def hear(ws: ClientConnection) -> dict[str, Any]:
    return json.loads(await asyncio.wait_for(ws.recv(), 5))


async def subscribe(ws: ClientConnection, channel: str = "me", cursor: str | None = None) -> dict[str, Any]:
    await ws.send(json.dumps({"type": "subscribe", "channel": channel, "cursor": cursor}))
    while True:
        message = await hear(ws)
        if message["type"] in ("subscribed", "error"):
            return message


async def until(ws: ClientConnection, event: str) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []
    while not heard or heard[-1].get("event") != event:
        heard.append(await hear(ws))
    return heard


async def test_what_is_earned_arrives_live_and_in_order(hall: Hall) -> None:
    await publish(hall, MERGE)
    wren = await hall.user("wren")
    async with served(hall) as address, open_socket(address, wren) as ws:
        assert (await subscribe(ws))["reload"] is False
        await hall.record("integrations", did(wren))
        heard = await until(ws, "level.reached")
        names = [message["event"] for message in heard]
        assert names.index("quest.completed") < names.index("currency.credited") < names.index("level.reached")
        numbers = [int(message["cursor"].split(".")[1]) for message in heard]
        assert numbers == sorted(numbers)
        assert len({message["id"] for message in heard}) == len(heard)


async def test_who_comes_back_gets_what_was_missed_once(hall: Hall) -> None:
    wren = await hall.user("wren")
    async with served(hall) as address:
        async with open_socket(address, wren) as ws:
            start = (await subscribe(ws))["cursor"]
            await hall.record("integrations", did(wren))
            seen = (await until(ws, "activity.recorded"))[-1]["cursor"]
        await hall.record("integrations", did(wren), did(wren))
        async with open_socket(address, wren) as ws:
            back = await subscribe(ws, cursor=seen)
            assert (back["recovered"], back["reload"]) == (True, False)
            missed = [await hear(ws), await hear(ws)]
            assert [int(m["cursor"].split(".")[1]) for m in missed] == [int(seen.split(".")[1]) + n for n in (1, 2)]
            assert start != seen
        async with open_socket(address, wren) as ws:
            assert (await subscribe(ws, cursor="other.3"))["reload"] is True
        for _ in range(300):
            await hall.record("integrations", did(wren))
        async with open_socket(address, wren) as ws:
            assert (await subscribe(ws, cursor=seen))["reload"] is True, "more was said than is kept"


async def test_nobody_hears_anothers_channel(hall: Hall) -> None:
    wren, ben = await hall.user("wren"), await hall.user("ben")
    async with served(hall) as address, open_socket(address, ben) as ws:
        await subscribe(ws)
        for channel in (f"user:{wren.user_id}", "guild:1", "", "me:1" * 20):
            assert (await subscribe(ws, channel))["type"] == "error" or channel.startswith("me:")
        await hall.record("integrations", did(wren))
        await ws.send('{"type": "ping"}')
        assert (await hear(ws))["type"] in ("pong", "subscribed")


async def test_strangers_and_other_origins_are_refused(hall: Hall) -> None:
    wren = await hall.user("wren")
    async with served(hall) as address:
        with pytest.raises(InvalidStatus) as refused:
            async with open_socket(address, wren, origin="https://evil.example"):
                pass
        assert refused.value.response.status_code == 403
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws://{address}/api/v1/ws"):
                pass
        assert refused.value.response.status_code == 401
        assert json.loads(refused.value.response.body or b"")["code"] == "not_signed_in"


async def test_a_database_that_is_away_is_said_at_the_handshake(hall: Hall) -> None:
    wren = await hall.user("wren")
    async with served(hall) as address:
        await hall.database(Identity).close()
        with pytest.raises(InvalidStatus) as refused:
            async with open_socket(address, wren):
                pass
        assert refused.value.response.status_code == 503
        await hall.database(Identity).open()


async def ended(ws: ClientConnection, *, within_s: float = 1) -> int:
    """The code that a connection is closed with."""
    with pytest.raises(ConnectionClosed) as closed:
        async with asyncio.timeout(within_s):
            while True:
                await ws.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


async def test_signing_out_ends_the_connection_within_a_second(hall: Hall) -> None:
    wren = await hall.user("wren")
    async with served(hall) as address, open_socket(address, wren) as ws:
        await subscribe(ws)
        await wren.client.post("/auth/logout")
        assert await ended(ws) == 4401


async def test_a_session_that_is_ended_elsewhere_takes_its_connection_and_no_other(hall: Hall) -> None:
    wren = await hall.user("wren")
    phone = HallUser(wren.user_id, wren.username, hall.client())
    await phone.client.post("/auth/login", json={"username": "wren", "password": PASSWORD})
    async with served(hall) as address, open_socket(address, wren) as here, open_socket(address, phone) as there:
        await subscribe(here)
        await subscribe(there)
        other = (await wren.client.get("/me/sessions")).json()["items"][0]
        assert (await wren.client.delete(f"/me/sessions/{other['id']}")).status_code == 204
        assert await ended(there) == 4401
        await hall.record("integrations", did(wren))
        assert await until(here, "activity.recorded"), "this one goes on"
        with pytest.raises(InvalidStatus) as refused:
            async with open_socket(address, phone):
                pass
        assert refused.value.response.status_code == 401


async def test_a_slow_reader_is_closed_and_slows_nobody(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "BUFFERED_MAX", 4000)
    wren = await hall.user("wren")
    sent: list[dict[str, Any]] = []
    stuck = asyncio.Event()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "websocket.send" and len(sent) > 2:
            await stuck.wait()

    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    actions = hall.actions(Realtime)
    from questhall.kernel.access import Caller

    slow = connection_module.Connection(Caller(user_id=wren.user_id), actions.channels, actions.kinds, send)
    task = asyncio.create_task(slow.run(inbox.get, None))
    await inbox.put({"type": "websocket.receive", "text": '{"type": "subscribe", "channel": "me"}'})
    await asyncio.sleep(0.05)
    async with served(hall) as address, open_socket(address, wren) as ws:
        await subscribe(ws)
        for _ in range(30):
            await hall.record("integrations", did(wren))
        heard = [await hear(ws) for _ in range(30)]
        assert len(heard) == 30
    # It never reads again, and is gone all the same.
    await asyncio.wait_for(task, 5)
    assert slow.closed_as == 1013


async def test_too_much_and_nonsense(hall: Hall) -> None:
    wren = await hall.user("wren")
    async with served(hall) as address:
        async with open_socket(address, wren) as ws:
            await hear(ws)
            await ws.send("not json")
            assert (await hear(ws))["code"] == "malformed"
            await ws.send("x" * 5000)
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(ws.recv(), 5)
        async with open_socket(address, wren) as ws:
            with pytest.raises(ConnectionClosed):
                for _ in range(200):
                    await ws.send('{"type": "ping"}')
                async with asyncio.timeout(5):
                    while True:
                        await ws.recv()
