"""Calls between services: one suite for both transports."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
import uvicorn

from questhall.kernel import rpc
from questhall.kernel.access import Forbidden, KeyRing
from questhall.kernel.contract import Cause, Contract, Refusal, call
from questhall.kernel.database import current_cause, current_tx
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


async def test_a_server_that_is_gone_is_absent(tmp_path: Path) -> None:
    http = rpc.Http({"shop": "http://127.0.0.1:9"}, KeyRing(tmp_path))
    with pytest.raises(rpc.ServiceAbsent):
        await rpc.stub(Shop, caller="store", transport=http).sell("hat")
    await http.close()
