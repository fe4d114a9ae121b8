"""I18: who comes back with a cursor hears each message once, in order; over restarts, and while Redis is away."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from typing import Any

import pytest
from websockets.asyncio.client import connect

from questhall.contracts.realtime import Realtime
from questhall.kernel.contract import Envelope
from questhall.kernel.ids import new_id
from questhall.kernel.testing import Hall
from questhall.services.realtime import connection as connection_module
from questhall.services.realtime import history as history_module
from questhall.services.realtime.actions import RealtimeActions
from questhall.services.realtime.channels import Channels, Listener
from questhall.services.realtime.history import History, Place, Saying
from tests.quests.test_quests import did
from tests.realtime.test_socket import ended, hear, open_socket, served, subscribe


class Ear(Listener):
    """Hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[Place, str]] = []

    def tell(self, place: Place, text: str) -> None:
        self.heard.append((place, text))


def saying(envelope: Envelope[Any] | Any, key: str = "lobby") -> Saying:
    return Saying(key=key, event_id=envelope.id, text=f'{{"type":"message","id":"{envelope.id}"}}')


def restarted(hall: Hall) -> None:
    """As after a restart of this process: nothing is remembered but what Redis has."""
    actions: RealtimeActions = hall.actions(Realtime)
    actions.channels = Channels(History(actions.at.cache))


@pytest.mark.parametrize("seed", range(2))
async def test_each_message_once_and_in_order_whatever_breaks(hall: Hall, seed: int) -> None:
    dice = random.Random(seed)
    wren = await hall.user("wren")
    said: list[str] = []
    heard: list[str] = []
    cursor: str | None = None
    total = 80

    async def talk() -> None:
        while len(said) < total:
            for event in await hall.record("integrations", *(did(wren) for _ in range(dice.randint(1, 4)))):
                said.append(str(event.id))
            await asyncio.sleep(dice.random() * 0.02)

    async with served(hall) as address:
        async with open_socket(address, wren) as ws:
            cursor = (await subscribe(ws))["cursor"]
        talking = asyncio.create_task(talk())
        while not talking.done() or heard[-1:] != said[-1:]:
            if dice.random() < 0.3:
                restarted(hall)
            async with open_socket(address, wren) as ws:
                await ws.send(json.dumps({"type": "subscribe", "channel": "me", "cursor": cursor}))
                try:
                    async with asyncio.timeout(dice.random() * 0.3):
                        while True:
                            message = json.loads(await ws.recv())
                            if message["type"] == "subscribed":
                                assert message["recovered"], "less was missed than is kept"
                            elif message["type"] == "message":
                                heard.append(message["id"])
                                cursor = message["cursor"]
                except TimeoutError:
                    pass
                if dice.random() < 0.5:
                    ws.transport.abort()
        await talking
    assert heard == said


async def test_an_event_that_comes_again_after_a_restart_is_not_told_again(hall: Hall) -> None:
    wren = await hall.user("wren")
    async with served(hall) as address:
        async with open_socket(address, wren) as ws:
            await subscribe(ws)
            events = await hall.record("integrations", did(wren), did(wren))
            cursor = (await hear(ws))["cursor"]
            await hear(ws)
        restarted(hall)
        # The process ended after the events were told, and before it was noted that they were.
        await hall.actions(Realtime).push([*events, *events])
        async with open_socket(address, wren) as ws:
            assert (await subscribe(ws, cursor=cursor))["recovered"] is True
            assert (await hear(ws))["id"] == str(events[1].id)
            await ws.send('{"type": "ping"}')
            assert (await hear(ws))["type"] == "pong"


async def test_a_flushed_redis_means_another_epoch(hall: Hall) -> None:
    wren = await hall.user("wren")
    cache = hall.actions(Realtime).at.cache
    async with served(hall) as address:
        async with open_socket(address, wren) as ws:
            first = (await subscribe(ws))["cursor"]
            for key in await cache.command("KEYS", cache.key("channel", "*")):
                await cache.delete(key.decode())
            await hall.record("integrations", did(wren))
            message = await hear(ws)
            assert message["cursor"].split(".")[0] != first.split(".")[0], "who listens goes on hearing"
        async with open_socket(address, wren) as ws:
            assert (await subscribe(ws, cursor=first))["reload"] is True
        async with open_socket(address, wren) as ws:
            assert (await subscribe(ws, cursor=message["cursor"]))["recovered"] is True


async def test_while_redis_is_away_all_is_told_and_nothing_is_recovered_by_mistake(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    wren = await hall.user("wren")
    cache = hall.actions(Realtime).at.cache
    async with served(hall) as address:
        async with open_socket(address, wren) as ws:
            before = (await subscribe(ws))["cursor"]
            # The server does not answer for a while.
            monkeypatch.setattr(cache, "_away_until", float("inf"))
            await hall.record("integrations", did(wren))
            lost = await hear(ws)
            assert lost["event"] == "activity.recorded"
            async with open_socket(address, wren) as other:
                assert (await subscribe(other, cursor=before))["reload"] is True
            monkeypatch.setattr(cache, "_away_until", 0.0)
            await hall.record("integrations", did(wren))
            kept = await hear(ws)
        for cursor, known in ((before, False), (lost["cursor"], False), (kept["cursor"], True)):
            async with open_socket(address, wren) as ws:
                answer = await subscribe(ws, cursor=cursor)
                assert (answer["recovered"], answer["reload"]) == (known, not known), cursor


@pytest.mark.parametrize("cursor", ["", "x", "1.2.3", "-1.0", "9" * 40 + ".1", "1." + "9" * 40, "0.0", "٣.١"])
async def test_a_cursor_of_nowhere_means_reload(hall: Hall, cursor: str) -> None:
    wren = await hall.user("wren")
    async with served(hall) as address, open_socket(address, wren) as ws:
        answer = await subscribe(ws, cursor=cursor)
        assert answer["type"] == "subscribed"
        assert answer["recovered"] is False
        again = await subscribe(ws, cursor=answer["cursor"])
        ahead = answer["cursor"].split(".")[0] + ".7"
        assert (again["recovered"], (await subscribe(ws, cursor=ahead))["reload"]) == (True, True)


async def test_what_was_missed_never_makes_a_good_reader_too_slow(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    assert history_module.MISSED_MAX * 2 <= connection_module.BUFFERED_MAX
    monkeypatch.setattr(history_module, "MISSED_MAX", 600)
    wren = await hall.user("wren")
    async with served(hall) as address:
        async with open_socket(address, wren) as ws:
            cursor = (await subscribe(ws))["cursor"]
        await hall.record("integrations", *(did(wren) for _ in range(5)))
        async with open_socket(address, wren) as ws:
            answer = await subscribe(ws, cursor=cursor)
            assert (answer["recovered"], answer["reload"]) == (False, True)


async def test_nothing_is_kept_for_who_never_listens(hall: Hall) -> None:
    wren, ben = await hall.user("wren"), await hall.user("ben")
    cache = hall.actions(Realtime).at.cache
    async with served(hall) as address, open_socket(address, wren) as ws:
        await subscribe(ws)
        await hall.record("integrations", did(wren), did(ben))
        await hear(ws)
        keys = {key.decode().rpartition(":")[2] for key in await cache.command("KEYS", cache.key("channel", "*"))}
        assert keys == {str(wren.user_id)}
        [name] = await cache.command("KEYS", cache.key("channel", "*"))
        assert 3500 < await cache.command("TTL", name) <= 3600, "and for an hour"
    assert hall.actions(Realtime).channels.count == 0


async def test_a_message_is_encoded_once_and_kept_within_its_bound(hall: Hall) -> None:
    channels: Channels = hall.actions(Realtime).channels
    ears = [Ear(), Ear()]
    for ear in ears:
        channels.join("lobby", ear)
    wren = await hall.user("wren")
    events = [
        hall_event
        for _ in range(3)
        for hall_event in await hall.record("integrations", *(did(wren) for _ in range(100)))
    ]
    await channels.say([saying(event) for event in events])
    assert len(ears[0].heard) == 300
    assert all(one[1] is other[1] for one, other in zip(ears[0].heard, ears[1].heard, strict=True))
    cache = hall.actions(Realtime).at.cache
    [key] = await cache.command("KEYS", cache.key("channel", "*", "lobby"))
    assert await cache.command("XLEN", key) == history_module.KEPT
    first = ears[0].heard[300 - history_module.KEPT - 1][0]
    found = await channels.open("lobby", first.cursor)
    assert found.missed == [text for _, text in ears[0].heard[-history_module.KEPT :]]
    assert (await channels.open("lobby", ears[0].heard[0][0].cursor)).missed is None


async def test_who_subscribes_again_still_hears_each_message_once(hall: Hall) -> None:
    wren = await hall.user("wren")
    async with served(hall) as address, open_socket(address, wren) as ws:
        cursor = (await subscribe(ws))["cursor"]
        said = [str(event.id) for event in await hall.record("integrations", did(wren), did(wren))]
        assert [(await hear(ws))["id"] for _ in said] == said
        await subscribe(ws, cursor=cursor)
        assert [(await hear(ws))["id"] for _ in said] == said, "asked for once more"
        [more] = await hall.record("integrations", did(wren))
        assert (await hear(ws))["id"] == str(more.id)
        await ws.send('{"type": "ping"}')
        assert (await hear(ws))["type"] == "pong"


async def test_what_is_said_while_somebody_joins_reaches_them(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    wren = await hall.user("wren")
    channels = hall.actions(Realtime).channels
    look_up = channels.open

    async def open_slowly(key: str, cursor: str | None) -> Any:
        opened = await look_up(key, cursor)
        await hall.record("integrations", did(wren))
        return opened

    monkeypatch.setattr(channels, "open", open_slowly)
    async with served(hall) as address, open_socket(address, wren) as ws:
        await subscribe(ws)
        assert (await hear(ws))["event"] == "activity.recorded"


async def test_bounds_of_a_connection(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("questhall.services.realtime.actions.CONNECTIONS_MAX", 2)
    wren, ben = await hall.user("wren"), await hall.user("ben")
    async with served(hall) as address:
        async with (
            open_socket(address, wren) as one,
            open_socket(address, wren) as two,
            open_socket(address, wren) as more,
        ):
            assert await ended(more, within_s=5) == 4429
            await subscribe(one)
            await subscribe(two)
            async with open_socket(address, ben) as other:
                assert (await subscribe(other))["type"] == "subscribed", "others have their own"
        async with open_socket(address, wren) as again:
            assert (await subscribe(again))["type"] == "subscribed"
        monkeypatch.setattr(connection_module, "CHANNELS_MAX", 1)
        async with open_socket(address, wren) as greedy:
            assert (await subscribe(greedy))["type"] == "subscribed"
            assert (await subscribe(greedy, "lobby"))["code"] == "too_many_channels"
            assert (await subscribe(greedy))["type"] == "subscribed", "the same again is no second one"
        monkeypatch.setattr(connection_module, "IDLE_S", 0.3)
        async with open_socket(address, wren) as silent:
            assert await ended(silent, within_s=5) == 4408
        monkeypatch.setattr(connection_module, "LIFE_S", 0.0)
        async with open_socket(address, wren) as old:
            assert await ended(old, within_s=5) == 1012, "to come again, and show its session"


async def test_a_deleted_token_ends_its_connection_and_no_other(hall: Hall) -> None:
    wren = await hall.user("wren")
    made = (await wren.client.post("/me/tokens", json={"name": "tv"})).json()
    async with served(hall) as address, open_socket(address, wren) as page:
        await subscribe(page)
        async with open_token(address, made["secret"]) as screen:
            await subscribe(screen)
            assert (await wren.client.delete(f"/me/tokens/{made['id']}")).status_code in (200, 204)
            async with asyncio.timeout(1):
                assert await ended(screen) == 4401
        await page.send('{"type": "ping"}')
        assert (await hear(page))["type"] == "pong"


def open_token(address: str, secret: str) -> Any:
    return connect(f"ws://{address}/api/v1/ws", subprotocols=[f"qh.bearer.{secret}"])  # type: ignore[list-item]


async def test_a_real_socket_that_is_never_read_is_let_go(hall: Hall) -> None:
    """Over TCP: the system's buffers fill first, then ours, then it is closed; who reads hears everything meanwhile."""
    wren, actions = await hall.user("wren"), hall.actions(Realtime)
    async with (
        served(hall) as address,
        open_socket(address, wren, max_queue=1) as stuck,
        open_socket(address, wren) as ws,
    ):
        await subscribe(stuck)
        await subscribe(ws)
        stuck.transport.pause_reading()
        sent = 0
        while len(actions._connections[wren.user_id]) == 2 and sent < 4000:
            # What can't be compressed: 20,000 times one letter are 40 bytes on the line.
            text = '{"x":"' + secrets.token_hex(10_000) + '"}'
            big = Saying(key=f"user:{wren.user_id}", event_id=new_id(), text=text)
            await actions.channels.say([big])
            sent += 1
            assert len((await hear(ws))["x"]) == 20_000
        assert len(actions._connections[wren.user_id]) == 1
        assert sent * 20_000 > connection_module.BUFFERED_MAX
        stuck.transport.abort()
