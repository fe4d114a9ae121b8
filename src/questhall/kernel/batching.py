"""Group commit: requests that arrive together are applied together, each with its own outcome."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

import msgspec

__all__ = ["Applied", "GroupCommit"]

Req = TypeVar("Req")
Res = TypeVar("Res")


class Applied(msgspec.Struct, Generic[Res], frozen=True, gc=False):
    """What became of a batch."""

    answers: Sequence[Res | Exception]
    """One a request, in their order; one that is an exception is raised to that caller alone."""
    durable: Callable[[], Awaitable[None]] | None = None
    """Waited for before anybody is answered, while the next batch is applied already; what it raises, all callers get."""


class GroupCommit(Generic[Req, Res]):
    """Applies whatever queued up while the last batch was being committed, ``cap`` at most at a time.

    ``apply`` is given ``take``, which it calls once, when its turn has come: it answers the requests of the batch, which
    nobody else joins then. A request that comes alone goes at once, so nobody waits for company. An exception of
    ``apply`` itself is raised to all of the batch. A caller that hangs up does not cancel its batch.

    With ``ahead``, the next ``apply`` is called while the last one still runs: for one that waits for its turn (a lock
    in the database) before it takes, so that the turn passes on without a round trip between them.
    """

    def __init__(
        self,
        apply: Callable[[Callable[[], list[Req]]], Awaitable[Applied[Res]]],
        *,
        cap: int = 256,
        ahead: bool = False,
    ) -> None:
        self._apply = apply
        self._cap = cap
        self._places = 2 if ahead else 1
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue: deque[tuple[Req, asyncio.Future[Res]]] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._entering = False
        self._answering: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many requests are queued."""
        return len(self._queue)

    def submit(self, request: Req) -> asyncio.Future[Res]:
        """The outcome of one request, to be awaited."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()  # asked once: it costs a call of the system each time
        future: asyncio.Future[Res] = self._loop.create_future()
        self._queue.append((request, future))
        self._call_worker()
        return future

    def _call_worker(self) -> None:
        if not self._queue or self._entering or len(self._workers) == self._places:
            return
        self._entering = True
        # A context of its own: a batch belongs to no single caller's request, event or transaction.
        worker = asyncio.create_task(self._work(), context=Context())
        self._workers.add(worker)
        worker.add_done_callback(self._left)

    def _left(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if not worker.cancelled():
            self._call_worker()

    async def _work(self) -> None:
        batch: list[tuple[Req, asyncio.Future[Res]]] = []

        def take() -> list[Req]:
            if not batch:
                batch.extend(self._queue.popleft() for _ in range(min(self._cap, len(self._queue))))
                self._entering = False
                self._call_worker()
            return [request for request, _ in batch]

        try:
            applied = await self._apply(take)
            assert len(applied.answers) == len(batch), "one answer a request"
        except BaseException as error:
            take()  # whoever waited for this turn is told
            _fail([future for _, future in batch], error)
            if not isinstance(error, Exception):
                raise
            return
        futures = [future for _, future in batch]
        if applied.durable is None:
            _answer(futures, applied.answers)
            return
        task = asyncio.create_task(self._answer_when_durable(futures, applied))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    @staticmethod
    async def _answer_when_durable(futures: list[asyncio.Future[Res]], applied: Applied[Res]) -> None:
        assert applied.durable is not None
        try:
            await applied.durable()
        except BaseException as error:
            _fail(futures, error)
            if not isinstance(error, Exception):
                raise
        else:
            _answer(futures, applied.answers)


def _fail(futures: Sequence[asyncio.Future[Res]], error: BaseException) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error if isinstance(error, Exception) else ConnectionError("shutting down"))


def _answer(futures: Sequence[asyncio.Future[Res]], answers: Sequence[Res | Exception]) -> None:
    for future, answer in zip(futures, answers, strict=True):
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
