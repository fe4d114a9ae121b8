"""Schemathesis over the OpenAPI document of a served installation, as somebody."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from questhall.contracts.identity import Identity
from questhall.gateway import policy
from questhall.kernel.limits import Quota
from questhall.kernel.server import server
from questhall.kernel.testing import PASSWORD, Hall, HallUser
from questhall.services.identity.actions import exporting, sessions

CONFIG = Path(__file__).with_name("schemathesis.toml")
PLACEHOLDER = b"Bearer whoever-it-is"
ENDS = re.compile(r"/me/(sessions|tokens)/|/auth/(logout|password)")
"""What may end the caller's own session or token."""
PLENTY = Quota("plenty", 100_000_000, 60)


def without_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation whose limits are never reached: what is asked too often would be refused before it was read."""
    for name in policy.QUOTAS:
        monkeypatch.setitem(policy.QUOTAS, name, PLENTY)
    monkeypatch.setattr(policy, "USER_QUOTA", PLENTY)
    monkeypatch.setattr(policy, "ADDRESS_QUOTA", PLENTY)
    monkeypatch.setattr(sessions, "LOGIN_TRIES", PLENTY)
    monkeypatch.setattr(exporting, "ASKED", PLENTY)


class Doorman:
    """In front of the installation: who comes with the placeholder is a player, by session or by token.

    One whose secret was ended by what it asked for gets another: so log-out and the end of tokens are tried too.
    """

    def __init__(self, hall: Hall, user: HallUser, *, by_token: bool) -> None:
        self.hall = hall
        self.user = user
        self.by_token = by_token
        self.statuses: Counter[int] = Counter()
        self.failures: list[str] = []
        self.entered = 0
        self._secret: list[tuple[bytes, bytes]] | None = None

    async def app(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The ASGI application."""
        headers = list(scope.get("headers", []))
        known = (b"authorization", PLACEHOLDER) in headers
        if known:
            headers.remove((b"authorization", PLACEHOLDER))
            scope = {**scope, "headers": [*headers, *await self._enter()]}

        async def noting(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                status = message["status"]
                self.statuses[status] += 1
                if status >= 500:
                    self.failures.append(f"{scope['method']} {scope['path']} answered {status}")
                if known and status < 300 and ENDS.search(scope["path"]):
                    self._secret = None
            await send(message)

        await self.hall.installation.app(scope, receive, noting)

    async def _enter(self) -> list[tuple[bytes, bytes]]:
        if self._secret is None:
            self.entered += 1
            identity = self.hall.actions(Identity)
            if self.by_token:
                for one in await identity.tokens(self.user.user_id, None, 100):
                    await identity.end_token(self.user.user_id, one["id"])
                secret = await identity.create_token(self.user.username)
                self._secret = [(b"authorization", f"Bearer {secret}".encode())]
            else:
                _, secret = await identity.login(self.user.username, PASSWORD)
                cookie = f"{self.hall.installation.settings.cookie('session')}={secret}"
                origin = self.hall.installation.settings.public_url
                self._secret = [(b"cookie", cookie.encode()), (b"origin", origin.encode())]
        return self._secret


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """An application's address."""
    one = server(app, host="127.0.0.1", port=0)
    task = asyncio.create_task(one.serve())
    while not one.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{one.servers[0].sockets[0].getsockname()[1]}"
    finally:
        one.should_exit = True
        await task


class Run(msgspec.Struct, frozen=True):
    """What became of a run."""

    code: int
    said: str


def configured(folder: Path, ids: Mapping[str, Sequence[str]], *, same: bool) -> Path:
    """The configuration, with ids that there are by the names of the parameters that take them.

    ``same``: whether the same is asked each time.
    """
    text = CONFIG.read_text() if same else CONFIG.read_text().replace("deterministic = true\n", "")
    text += "\n[parameters]\n"
    text += '"header.Idempotency-Key" = { dictionary = "keys", probability = 0.5 }\n'
    text += '"header.If-Match" = { dictionary = "versions", probability = 0.9 }\n'
    text += "".join(f'"path.{name}" = {{ dictionary = "{name}", probability = 0.7 }}\n' for name in ids)
    text += "".join(f"\n[dictionaries.{name}]\nvalues = {json.dumps(values)}\n" for name, values in ids.items())
    file = folder / "schemathesis.toml"
    file.write_text(text)
    return file


async def schemathesis(root: str, config: Path, *, examples: int) -> Run:
    """Runs it over the document at an address; ``examples`` of each operation, beside those that cover its schema."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    command += [f"{root}/api/openapi.json", "--url", root, "--max-examples", str(examples)]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=config.parent,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return Run(process.returncode or 0, said.decode(errors="replace"))
