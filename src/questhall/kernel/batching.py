"""Group commit: requests that arrive together are applied together, each with its own outcome."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

__all__ = ["GroupCommit", "Turn"]

Req = TypeVar("Req")
Res = TypeVar("Res")

PLACES = 2
SHARE_MIN = 32
"""Requests: what is done once a batch costs as much as about twenty of them."""


class Turn(Generic[Req]):
    """A batch's turn: what it takes, and when the next one's is."""

    def __init__(self, collect: Callable[[], list[Req]], before: Turn[Req] | None) -> None:
        self._collect = collect
        self._before = before
        self._passed = asyncio.Event()

    async def take(self) -> list[Req]:
        """The requests of the batch, which nobody else joins then; called once, when all is ready for them. Waits until the
        batch before has passed on.
        """
        if self._before is not None:
            await self._before._passed.wait()  # noqa: SLF001 - of the same class
            self._before = None
        return self._collect()

    def pass_on(self) -> None:
        """What is left of this batch needs nobody to wait: the next may take. Its end passes on too."""
        self._before = None  # one that failed before it took, while the database is away, holds none of those before it
        self._passed.set()


class GroupCommit(Generic[Req, Res]):
    """Applies whatever queued up while the last batch was being committed, ``cap`` at most at a time.

    ``apply`` is given its turn, of which it takes the requests of the batch; it answers one outcome a request, in their
    order, and one that is an exception is raised to that caller alone. A request that comes alone goes at once, so nobody
    waits for company. An exception of ``apply`` itself is raised to all of the batch. A caller that hangs up does not
    cancel its batch.

    The next ``apply`` is called while the last one still runs: it makes itself ready (a connection, a transaction), and
    takes whatever came until the last one passed on; but no more than half of all that is asked, so that two batches take
    turns: one is with the database while the other is answered and asked anew. Were all in one batch, the database and
    this process would wait for each other.
    """

    def __init__(self, apply: Callable[[Turn[Req]], Awaitable[Sequence[Res | Exception]]], *, cap: int = 256) -> None:
        self._apply = apply
        self._cap = cap
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue: deque[tuple[Req, asyncio.Future[Res]]] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._entering = False
        self._asked = 0
        """Requests that are queued or not yet answered."""
        self._last: Turn[Req] | None = None

    @property
    def waiting(self) -> int:
        """How many requests are queued."""
        return len(self._queue)

    def submit(self, request: Req) -> asyncio.Future[Res]:
        """The outcome of one request, to be awaited."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()  # asked once: it costs a call of the system each time
        future: asyncio.Future[Res] = self._loop.create_future()
        self._asked += 1
        self._queue.append((request, future))
        self._call_worker()
        return future

    def _call_worker(self) -> None:
        if not self._queue or self._entering or len(self._workers) == PLACES:
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

        def collect() -> list[Req]:
            if not batch:
                size = min(self._cap, len(self._queue), max(SHARE_MIN, (self._asked + 1) // 2))
                batch.extend(self._queue.popleft() for _ in range(size))
                self._entering = False
                self._call_worker()
            return [request for request, _ in batch]

        turn = self._last = Turn(collect, self._last)
        try:
            answers = await self._apply(turn)
            assert len(answers) == len(batch), "one answer a request"
        except BaseException as error:
            collect()  # whoever waited for this turn is told
            self._fail([future for _, future in batch], error)
            if not isinstance(error, Exception):
                raise
            return
        finally:
            turn.pass_on()
        self._answer([future for _, future in batch], answers)

    def _fail(self, futures: Sequence[asyncio.Future[Res]], error: BaseException) -> None:
        self._asked -= len(futures)
        for future in futures:
            if not future.done():
                future.set_exception(error if isinstance(error, Exception) else ConnectionError("shutting down"))

    def _answer(self, futures: Sequence[asyncio.Future[Res]], answers: Sequence[Res | Exception]) -> None:
        self._asked -= len(futures)
        for future, answer in zip(futures, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
