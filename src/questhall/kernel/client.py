"""A client of the public API, as our own commands use it: patient where the API asks for it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import msgspec

__all__ = ["Answer", "Client", "Unreachable"]

TIMEOUT_S = 60.0
PATIENCE = 60
"""How often a request is sent again that came too early (429) or while a part was away (503)."""
TOO_EARLY = (429, 503)


class Unreachable(Exception):
    """The installation does not answer."""


class Answer(msgspec.Struct, frozen=True):
    """A status and what came with it."""

    status: int
    body: Any

    @property
    def code(self) -> str:
        """The problem's stable word; empty where it is none."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


class Client:
    """Requests to one installation; close it at the end."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Ends the connections."""
        if self._session is not None:
            await self._session.close()

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        """The answer, whatever it is; waits for as long as ``Retry-After`` says. Raises Unreachable."""
        sent = dict(headers or {})
        if token:
            sent["authorization"] = f"Bearer {token}"
        data = None
        if body is not None:
            data, sent["content-type"] = msgspec.json.encode(body), content_type
        if self._session is None:
            # No cookie is kept: each request says itself who sends it.
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        for _ in range(PATIENCE):
            try:
                async with self._session.request(method, self._url + path, data=data, headers=sent) as response:
                    content = await response.read()
                    status, wait = response.status, response.headers.get("retry-after", "1")
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise Unreachable(f"{self._url} can't be reached: {error}") from error
            if status not in TOO_EARLY:
                break
            await asyncio.sleep(float(wait))
        return Answer(status, msgspec.json.decode(content) if content else None)
