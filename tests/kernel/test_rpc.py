"""Calls between services: one suite for both transports."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import httpx
import msgspec
import pytest
import uvicorn

from questhall.kernel import rpc
from questhall.kernel.access import Caller, Forbidden, KeyRing
from questhall.kernel.contract import Cause, Contract, Refusal, call
from questhall.kernel.database import Unavailable, current_cause, current_tx
from questhall.kernel.ids import new_id


class Sold(msgspec.Struct, frozen=True):
    """What was sold."""

    what: str
    count: int


class NoneLeft(Refusal):
    """Nothing is left."""

    code: ClassVar[str] = "none_left"


class Shop(Contract):
    """Sells."""

    name: ClassVar[str] = "shop"
    refusals: ClassVar[tuple[type[Refusal], ...]] = (NoneLeft,)

    @call("store")
    async def sell(self, what: str, count: int = 1) -> Sold:
        """Sells; refuses ``none_left``."""
        raise NotImplementedError


class Absent(Contract):
    """Not deployed."""

    name: ClassVar[str] = "absent"

    @call("*")
    async def ask(self) -> int:
        """Asks."""
        raise NotImplementedError


class ShopActions(Shop):
    causes: ClassVar[list[Any]] = []

    async def sell(self, what: str, count: int = 1) -> Sold:
        self.causes.append(current_cause.get())
        if what == "moon":
            raise NoneLeft("there is one only", left=0)
        if what == "bug":
            raise ZeroDivisionError
        if what == "away":
            raise Unavailable("its database is away")
        return Sold(what, count)


@pytest.fixture(params=["local", "http"])
async def transport(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[rpc.Transport]:
    if request.param == "local":
        yield rpc.Local({"shop": ShopActions()})
        return
    ring = KeyRing(tmp_path)
    app = rpc.internal_app({"shop": ShopActions()}, contracts={"shop": Shop}, keyring=ring)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, interface="asgi3", log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    http = rpc.Http({"shop": f"http://127.0.0.1:{listener.getsockname()[1]}"}, ring)
    while not server.started:
        await asyncio.sleep(0.01)
    yield http
    await http.close()
    server.should_exit = True
    await task


async def test_answers_and_defaults(transport: rpc.Transport) -> None:
    shop = rpc.stub(Shop, caller="store", transport=transport)
    assert await shop.sell("hat") == Sold("hat", 1)
    assert await shop.sell(what="hat", count=3) == Sold("hat", 3)


async def test_refusals_come_back_as_themselves(transport: rpc.Transport) -> None:
    with pytest.raises(NoneLeft) as refused:
        await rpc.stub(Shop, caller="store", transport=transport).sell("moon")
    assert refused.value.detail == "there is one only"
    assert refused.value.extra == {"left": 0}


async def test_only_the_callers_named_may_call(transport: rpc.Transport) -> None:
    with pytest.raises(Forbidden):
        await rpc.stub(Shop, caller="guilds", transport=transport).sell("hat")


async def test_an_absent_service_is_said_to_be(transport: rpc.Transport) -> None:
    with pytest.raises(rpc.ServiceAbsent):
        await rpc.stub(Absent, caller="store", transport=transport).ask()


async def test_never_inside_a_transaction(transport: rpc.Transport) -> None:
    token = current_tx.set(object())  # type: ignore[arg-type]
    try:
        with pytest.raises(AssertionError, match="inside a Tx"):
            await rpc.stub(Shop, caller="store", transport=transport).sell("hat")
    finally:
        current_tx.reset(token)


async def test_the_cause_goes_along(transport: rpc.Transport) -> None:
    cause = Cause(correlation_id=new_id(), causation_id=new_id(), actor="user:x")
    token = current_cause.set(cause)
    await rpc.stub(Shop, caller="store", transport=transport).sell("hat")
    current_cause.reset(token)
    assert ShopActions.causes[-1] == cause


async def test_an_answer_that_takes_too_long_is_not_waited_for(tmp_path: Path) -> None:
    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    http = rpc.Http(
        {"shop": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}, KeyRing(tmp_path), timeout_s=0.3
    )
    began = asyncio.get_running_loop().time()
    with pytest.raises(rpc.ServiceAbsent):
        await rpc.stub(Shop, caller="store", transport=http).sell("hat")
    assert asyncio.get_running_loop().time() - began < 5
    await http.close()
    server.close()


async def test_a_server_that_is_gone_is_absent(tmp_path: Path) -> None:
    http = rpc.Http({"shop": "http://127.0.0.1:9"}, KeyRing(tmp_path))
    with pytest.raises(rpc.ServiceAbsent):
        await rpc.stub(Shop, caller="store", transport=http).sell("hat")
    await http.close()


async def test_what_a_contract_does_not_have_cant_be_called(transport: rpc.Transport) -> None:
    with pytest.raises(Forbidden):
        await transport.call(Shop, "steal", "store", {})
    with pytest.raises(Forbidden):
        await transport.call(Shop, "_private", "store", {})


async def test_a_mistake_of_the_other_side_is_no_refusal(transport: rpc.Transport) -> None:
    with pytest.raises(Exception) as failed:  # noqa: PT011 - what it is differs, that it is no refusal does not
        await rpc.stub(Shop, caller="store", transport=transport).sell("bug")
    assert not isinstance(failed.value, Refusal)
    assert await rpc.stub(Shop, caller="store", transport=transport).sell("hat") == Sold("hat", 1), (
        "and the next is answered"
    )


async def test_a_database_that_is_away_is_no_mistake(transport: rpc.Transport) -> None:
    with pytest.raises((rpc.ServiceAbsent, Unavailable)):
        await rpc.stub(Shop, caller="store", transport=transport).sell("away")


async def test_arguments_that_do_not_fit_are_a_mistake(transport: rpc.Transport) -> None:
    with pytest.raises(TypeError):
        await rpc.stub(Shop, caller="store", transport=transport).sell("hat", colour="red")
    with pytest.raises(TypeError):
        await rpc.stub(Shop, caller="store", transport=transport).sell()
    with pytest.raises(TypeError):
        await rpc.stub(Shop, caller="store", transport=transport).sell("hat", 1, 2)


@pytest.mark.parametrize(
    ("token", "status"), [("", 401), ("Bearer nonsense", 401), ("other key", 401), ("a player's", 403)]
)
async def test_the_door_between_services_is_for_services(tmp_path: Path, token: str, status: int) -> None:
    ring = KeyRing(tmp_path / "ours")
    app = rpc.internal_app({"shop": ShopActions()}, contracts={"shop": Shop}, keyring=ring)
    if token == "other key":
        token = f"Bearer {KeyRing(tmp_path / 'theirs').sign(Caller(service='store'), ttl_s=60)}"
    if token == "a player's":
        token = f"Bearer {ring.sign(Caller(user_id=new_id(), role='admin'), ttl_s=60)}"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://inner") as client:
        answer = await client.post("/internal/shop/sell", json={"what": "hat"}, headers={"authorization": token})
        assert (answer.status_code, "count" in answer.text) == (status, False)
        signed = {"authorization": f"Bearer {ring.sign(Caller(service='store'), ttl_s=60)}"}
        for name in ("steal", "__init__", "explain"):
            answer = await client.post(f"/internal/shop/{name}", json={}, headers=signed)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), name
        for path in ("/internal/shop", "/internal/none/sell", "/internal/shop/sell/x", "/"):
            assert (await client.post(path)).status_code == 404
        assert (await client.get("/internal/shop/sell")).status_code == 404
