"""What passes over the socket is what the AsyncAPI document says."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from jsonschema import Draft202012Validator

from questhall.contracts import realtime
from questhall.kernel.service import discover
from questhall.kernel.testing import Hall
from tests.quests.test_quests import MERGE, did, publish
from tests.realtime.test_socket import open_socket, served


def validator(document: dict[str, Any], name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


async def test_every_message_fits_its_schema(hall: Hall) -> None:
    document = (await hall.client().get("http://localhost:8000/api/asyncapi.json")).json()
    by_tag = {kind.__struct_config__.tag: kind.__name__ for kind in realtime.SERVER_SAYS}
    asked = {kind.__struct_config__.tag: kind.__name__ for kind in realtime.CLIENT_SAYS}
    events = {event.type: event.__name__ for event in (*realtime.TOLD_TO_PLAYERS, *realtime.TOLD_TO_ALL)}
    await publish(hall, MERGE)
    wren = await hall.user("wren")
    heard: list[dict[str, Any]] = []
    async with served(hall) as address, open_socket(address, wren) as ws:
        for said in (
            {"type": "subscribe", "channel": "me", "cursor": None},
            {"type": "subscribe", "channel": "lobby", "cursor": "1.1"},
            {"type": "ping"},
            {"type": "unsubscribe", "channel": "lobby"},
        ):
            validator(document, asked[said["type"]]).validate(said)
            await ws.send(json.dumps(said))
        for wrong in ('{"type": "subscribe", "channel": "guild:1"}', '{"type": "shout"}', "{"):
            await ws.send(wrong)
        await hall.record("integrations", did(wren))
        while not any(message.get("event") == "level.reached" for message in heard):
            heard.append(json.loads(await asyncio.wait_for(ws.recv(), 5)))
    assert {message["type"] for message in heard} == set(by_tag)
    for message in heard:
        validator(document, by_tag[message["type"]]).validate(message)
        if message["type"] == "message":
            validator(document, events[message["event"]]).validate(message["data"])


def test_every_event_about_a_player_is_told_or_kept_back_on_purpose() -> None:
    quiet = {
        "user.registered", "user.login", "session.started", "session.revoked", "user.suspended", "password.changed",
        "email.changed", "token.created", "token.revoked", "invite.created", "invite.revoked", "registration.changed",
        "reward.granted", "reward.settled", "reward.revoked", "user.deleted",
    }  # fmt: skip
    personal = {event.type for service in discover() for event in service.contract.events if event.personal}
    told = {event.type for event in realtime.TOLD_TO_PLAYERS}
    assert personal - told <= quiet, "say it on the channel me, or say here that it is not to be said"
    assert told <= personal
    assert not any(event.personal for event in realtime.TOLD_TO_ALL)
