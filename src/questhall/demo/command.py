"""`questhall demo`: the demo on a running installation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from questhall import embedded
from questhall.contracts.identity import AlreadyTaken, Identity
from questhall.demo.fill import MAILS, Filled, NotNew, Refused, fill
from questhall.kernel.children import CannotStart
from questhall.kernel.client import Client, Unreachable
from questhall.kernel.settings import Settings

__all__ = ["run"]


class _Accounts:
    """Over the installation's own socket, as `questhall user create` and `questhall token create`."""

    def __init__(self, identity: Any) -> None:
        self._identity = identity

    async def outsiders(self) -> list[tuple[str, str]]:
        return [(one.username, one.role) for one in await self._identity.people_outside(MAILS.removeprefix("@"))]

    async def admin(self, username: str, email: str, password: str) -> bool:
        try:
            await self._identity.create_user(username, email, password, True)
        except AlreadyTaken:
            return False
        return True

    async def token(self, username: str) -> str:
        return str(await self._identity.create_token(username))


def run(settings: Settings, on_step: Callable[[int, int], None], tell: Callable[[str, str], None]) -> Filled:
    """Fills a running installation, as ``fill`` says. Raises CannotStart."""

    async def work(api: str, stub: Callable[[Any], Any]) -> Filled:
        client = Client(api)
        try:
            return await fill(client, _Accounts(stub(Identity)), on_step, tell)
        except NotNew as problem:
            raise CannotStart(str(problem), "try the demo on a new one, with another --data and --port") from None
        except (Unreachable, Refused) as problem:
            raise CannotStart(str(problem), "see that it runs, and run this again: it goes on where it was") from None
        finally:
            await client.close()

    return embedded.with_api(settings, work)
