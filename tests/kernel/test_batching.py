"""Group commit: each its own answer, together what arrives together."""

from __future__ import annotations

import asyncio

import pytest

from questhall.kernel.batching import Applied, GroupCommit


async def test_a_lone_request_goes_alone_and_those_that_queue_go_together() -> None:
    batches: list[list[int]] = []

    async def apply(requests: list[int]) -> Applied[int]:
        batches.append(requests)
        await asyncio.sleep(0.01)
        return Applied([request * 2 for request in requests])

    group = GroupCommit(apply, cap=4)
    answers = await asyncio.gather(*(group.submit(n) for n in range(10)))
    assert answers == [n * 2 for n in range(10)]
    assert [len(batch) for batch in batches] == [4, 4, 2]


async def test_one_refused_never_fails_its_neighbours() -> None:
    async def apply(requests: list[int]) -> Applied[int]:
        return Applied([ValueError("odd") if request % 2 else request for request in requests])

    group = GroupCommit(apply)
    answers = await asyncio.gather(*(group.submit(n) for n in range(4)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, ValueError, int, ValueError]


async def test_a_batch_that_fails_fails_all_of_it_and_the_next_goes_on() -> None:
    fail = True

    async def apply(requests: list[int]) -> Applied[int]:
        if fail:
            raise ConnectionError("away")
        return Applied(requests)

    group = GroupCommit(apply)
    answers = await asyncio.gather(group.submit(1), group.submit(2), return_exceptions=True)
    assert all(isinstance(answer, ConnectionError) for answer in answers)
    fail = False
    assert await group.submit(3) == 3


async def test_nobody_is_answered_before_the_batch_is_durable_and_the_next_is_applied_meanwhile() -> None:
    applied: list[list[int]] = []
    disk: dict[int, asyncio.Future[None]] = {}

    async def apply(requests: list[int]) -> Applied[int]:
        applied.append(requests)
        disk[requests[0]] = asyncio.get_running_loop().create_future()
        return Applied(requests, lambda: disk[requests[0]])

    group = GroupCommit(apply)
    first = group.submit(1)
    await asyncio.sleep(0.01)
    second, third = group.submit(2), group.submit(3)
    await asyncio.sleep(0.01)
    assert applied == [[1], [2, 3]]
    assert not first.done()
    assert not second.done()
    disk[2].set_exception(ConnectionError("the disk is away"))
    disk[1].set_result(None)
    assert await first == 1
    answers = await asyncio.gather(second, third, return_exceptions=True)
    assert all(isinstance(answer, ConnectionError) for answer in answers)


async def test_a_caller_that_hangs_up_does_not_cancel_its_batch() -> None:
    applied: list[int] = []
    started = asyncio.Event()

    async def apply(requests: list[int]) -> Applied[int]:
        started.set()
        await asyncio.sleep(0.02)
        applied.extend(requests)
        return Applied(requests)

    group = GroupCommit(apply)

    async def caller() -> int:
        return await group.submit(1)

    gone = asyncio.create_task(caller())
    await started.wait()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await asyncio.sleep(0.05)
    assert applied == [1]
