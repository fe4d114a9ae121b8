"""S5: floods. Who floods is refused in time and told when to come back; the others are served, and nothing is lost."""

from __future__ import annotations

import asyncio
import base64
import os
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import httpx
import pytest

from questhall.gateway import gateway as gateway_module
from questhall.gateway import policy
from questhall.kernel import server as server_module
from questhall.kernel.limits import Quota
from questhall.kernel.server import widen_files
from questhall.kernel.testing import PASSWORD, Hall, HallUser
from questhall.services.identity import passwords
from questhall.services.realtime.actions import CONNECTIONS_MAX
from tests.gateway.test_intake import served
from tests.integrations.test_ingest import Github, connect, example

SOCKETS, DELIVERIES = 2000, 300


class Others:
    """A player who goes on with their day while somebody floods."""

    def __init__(self, player: HallUser) -> None:
        self.player = player
        self.statuses: Counter[int] = Counter()

    async def during(self, flood: Awaitable[Any]) -> Any:
        """What the flood gives. The player asks all the while."""
        task = asyncio.ensure_future(flood)
        while not task.done():
            self.statuses[(await self.player.client.get("/me")).status_code] += 1
            await asyncio.sleep(0.02)  # a person's pace: faster is a flood too
        return await task

    def were_served(self) -> bool:
        """Whether all that they asked for was answered, and they did ask."""
        return set(self.statuses) == {200} and self.statuses[200] > 3


def in_time(answers: list[httpx.Response]) -> bool:
    """Whether each of those who were told to come back was told when."""
    return all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status_code in (429, 503))


@pytest.mark.costly_passwords
async def test_a_flood_of_log_ins_is_refused_and_who_is_signed_in_notices_nothing(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From one address it meets the quota; from 400 of them, at the real price of a password, the short line."""
    monkeypatch.setattr(passwords, "WAITING_MAX", 8)
    wren, others = await hall.user("wren"), Others(await hall.user("ada"))
    await wren.client.post("/auth/logout")

    async def try_one(address: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=hall.installation.app, client=(address, 1))
        url = str(wren.client.base_url)
        async with httpx.AsyncClient(transport=transport, base_url=url, timeout=60) as client:
            return await client.post("/auth/login", json={"username": f"u{address}", "password": "wrong"})

    async with asyncio.timeout(60):
        one = await others.during(asyncio.gather(*(try_one("192.0.2.1") for _ in range(200))))
        many = await others.during(asyncio.gather(*(try_one(f"10.0.{n // 200}.{n % 200 + 1}") for n in range(400))))
    assert {401, 429} <= {answer.status_code for answer in one} <= {401, 429, 503}
    assert {answer.status_code for answer in many} == {401, 503}
    assert in_time([*one, *many])
    assert others.were_served(), others.statuses
    back = await hall.client().post("/auth/login", json={"username": "wren", "password": PASSWORD})
    assert back.status_code == 200, "when it is over, all is as before"


async def test_300_heads_that_trickle_are_ended_and_the_others_are_served(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "HEAD_TIMEOUT_S", 1.5)
    others = Others(await hall.user("ada"))

    async def trickle(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        reading = asyncio.create_task(reader.read())
        try:
            writer.write(b"GET /api/v1/services HTTP/1.1\r\nhost: x\r\n")
            while not reading.done():
                writer.write(b"x: y\r\n")
                await asyncio.sleep(0.2)
            return await reading
        except ConnectionError:
            return b""
        finally:
            reading.cancel()
            writer.close()

    async with served(hall) as port, asyncio.timeout(30):
        ended = await others.during(asyncio.gather(*(trickle(port) for _ in range(300))))
    assert set(ended) == {b""}, "closed without a word"
    assert others.were_served(), others.statuses


async def test_2000_sockets_are_held_and_the_others_are_served(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(policy.QUOTAS, "auth", Quota("plenty", 100_000, 60))  # to make all who hold them
    widen_files()
    players = [await hall.user(f"p{n}") for n in range(-(-SOCKETS // CONNECTIONS_MAX))]
    others = Others(await hall.user("ada"))
    held: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def hold(port: int, player: HallUser) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        name, secret = player.cookie()
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET /api/v1/ws HTTP/1.1\r\nhost: localhost:8000\r\norigin: http://localhost:8000\r\nupgrade: websocket\r\n"
            f"connection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n"
            f"cookie: {name}={secret}\r\n\r\n".encode()
        )
        held.append((reader, writer))
        return await reader.readline()

    async def all_of(port: int) -> list[bytes]:
        answers = []
        for player in players:
            wanted = min(CONNECTIONS_MAX, SOCKETS - len(held))
            answers += await asyncio.gather(*(hold(port, player) for _ in range(wanted)))
        return answers

    async with served(hall) as port, asyncio.timeout(60):
        opened = await others.during(all_of(port))
        assert len(opened) == SOCKETS
        assert set(opened) == {b"HTTP/1.1 101 Switching Protocols\r\n"}
        assert not any(reader.at_eof() for reader, _ in held)
        for _, writer in held:
            writer.close()
    assert others.were_served(), others.statuses


async def test_a_burst_of_deliveries_leaves_room_for_others_and_loses_nothing(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Far more at once than may be in flight: a sender that comes back when it is told to gets all of it in."""
    monkeypatch.setattr(gateway_module, "IN_FLIGHT_MAX", 48)
    hook, _, wren = await connect(hall)
    others = Others(wren)
    refused: list[httpx.Response] = []
    push = example("push")

    async def deliver(hook: Github, number: int) -> None:
        payload = push | {"after": f"{number:040x}"}
        while (answer := await hook.send("push", payload)).status_code != 202:
            refused.append(answer)
            await asyncio.sleep(0.3)  # and not the second it was told: what is tested does not depend on it

    async with asyncio.timeout(60):
        await others.during(asyncio.gather(*(deliver(hook, number) for number in range(DELIVERIES))))
    assert {answer.status_code for answer in refused} == {503}
    assert in_time(refused)
    assert others.were_served(), others.statuses
    await hall.drain()
    said = [event["data"]["external_id"] for event in await hall.log("activity.recorded")]
    assert len(said) == len(set(said)) == DELIVERIES
