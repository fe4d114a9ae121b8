"""Group commit: requests that arrive together are applied together, each with its own outcome."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Generic, TypeVar

__all__ = ["GroupCommit"]

Req = TypeVar("Req")
Res = TypeVar("Res")


class GroupCommit(Generic[Req, Res]):
    """Applies whatever queued up while the last batch was being committed, ``cap`` at most at a time.

    A request that comes alone goes at once, so nobody waits for company. ``apply`` answers in order; an
    answer that is an exception is raised to that caller alone, an exception of ``apply`` itself to all of
    the batch. A caller that hangs up does not cancel its batch.
    """

    def __init__(self, apply: Callable[[list[Req]], Awaitable[list[Res | Exception]]], *, cap: int = 256) -> None:
        self._apply = apply
        self._cap = cap
        self._queue: deque[tuple[Req, asyncio.Future[Res]]] = deque()
        self._worker: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many requests are queued."""
        return len(self._queue)

    async def submit(self, request: Req) -> Res:
        """The outcome of one request."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Res] = loop.create_future()
        self._queue.append((request, future))
        if self._worker is None:
            # A context of its own: a batch belongs to no single caller's request, event or transaction.
            self._worker = loop.create_task(self._work(), context=Context())
        return await future

    async def _work(self) -> None:
        try:
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(self._cap, len(self._queue)))]
                await self._serve(batch)
        finally:
            self._worker = None

    async def _serve(self, batch: list[tuple[Req, asyncio.Future[Res]]]) -> None:
        try:
            answers = await self._apply([request for request, _ in batch])
            assert len(answers) == len(batch), "one answer a request"
        except BaseException as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error if isinstance(error, Exception) else ConnectionError("shutting down"))
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
