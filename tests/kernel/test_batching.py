"""Group commit: each its own answer, together what arrives together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from questhall.kernel.batching import SHARE_MIN, GroupCommit, Turn


async def test_a_lone_request_goes_alone_and_those_that_queue_go_together() -> None:
    batches: list[list[int]] = []

    async def apply(turn: Turn[int]) -> Sequence[int | Exception]:
        batches.append(requests := await turn.take())
        await asyncio.sleep(0.01)
        return [request * 2 for request in requests]

    group = GroupCommit(apply, cap=4)
    answers = await asyncio.gather(*(group.submit(n) for n in range(10)))
    assert answers == [n * 2 for n in range(10)]
    assert [len(batch) for batch in batches] == [4, 4, 2]


async def test_one_refused_never_fails_its_neighbours() -> None:
    async def apply(turn: Turn[int]) -> Sequence[int | Exception]:
        requests = await turn.take()
        return [ValueError("odd") if request % 2 else request for request in requests]

    group = GroupCommit(apply)
    answers = await asyncio.gather(*(group.submit(n) for n in range(4)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, ValueError, int, ValueError]


async def test_a_batch_that_fails_fails_all_of_it_and_the_next_goes_on() -> None:
    fail = True

    async def apply(turn: Turn[int]) -> Sequence[int | Exception]:
        requests = await turn.take()
        if fail:
            raise ConnectionError("away")
        return requests

    group = GroupCommit(apply)
    answers = await asyncio.gather(group.submit(1), group.submit(2), return_exceptions=True)
    assert all(isinstance(answer, ConnectionError) for answer in answers)
    fail = False
    assert await group.submit(3) == 3


async def test_nobody_is_answered_before_the_batch_is_on_disk_and_the_next_is_applied_meanwhile() -> None:
    applied: list[list[int]] = []
    disk: dict[int, asyncio.Future[None]] = {}

    async def apply(turn: Turn[int]) -> Sequence[int | Exception]:
        requests = await turn.take()
        applied.append(requests)
        turn.pass_on()
        await disk.setdefault(requests[0], asyncio.get_running_loop().create_future())
        return requests

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

    async def apply(turn: Turn[int]) -> Sequence[int | Exception]:
        requests = await turn.take()
        started.set()
        await asyncio.sleep(0.02)
        applied.extend(requests)
        return requests

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


async def test_the_next_waits_for_its_turn_while_the_last_is_applied_and_takes_what_came_until_then() -> None:
    steps: list[str] = []

    async def apply(turn: Turn[int]) -> Sequence[int | Exception]:
        steps.append("is ready")
        requests = await turn.take()
        steps.append(f"takes {requests}")
        await asyncio.sleep(0.02)
        steps.append("passes on")
        turn.pass_on()
        await asyncio.sleep(0.01)
        return requests

    group = GroupCommit(apply)
    first = group.submit(1)
    await asyncio.sleep(0.005)
    second = group.submit(2)
    await asyncio.sleep(0.005)
    third = group.submit(3)
    assert await asyncio.gather(first, second, third) == [1, 2, 3]
    assert steps == ["is ready", "takes [1]", "is ready", "passes on", "takes [2, 3]", "passes on"]
    assert await group.submit(4) == 4, "and the next comes alone again"
    assert steps[6:] == ["is ready", "takes [4]", "passes on"]


async def test_ahead_never_more_than_two_and_all_of_a_thousand_answered() -> None:
    inside = most = 0

    async def apply(turn: Turn[int]) -> Sequence[int | Exception]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        requests = await turn.take()
        assert 1 <= len(requests) <= 7, "nobody takes an empty batch"
        await asyncio.sleep(0)
        turn.pass_on()
        inside -= 1
        return requests

    group = GroupCommit(apply, cap=7)

    async def caller(n: int) -> int:
        await asyncio.sleep(n % 10 * 0.001)
        return await group.submit(n)

    assert await asyncio.gather(*(caller(n) for n in range(1000))) == list(range(1000))
    assert most == 2


async def test_who_waited_for_a_turn_that_never_came_is_told() -> None:
    turns = 0

    async def apply(turn: Turn[int]) -> Sequence[int | Exception]:
        nonlocal turns
        turns += 1
        if turns == 1:
            requests = await turn.take()
            await asyncio.sleep(0.02)
            return requests
        if turns == 2:
            await asyncio.sleep(0.01)
            raise ConnectionError("away")
        return await turn.take()

    group = GroupCommit(apply)
    first = group.submit(1)
    await asyncio.sleep(0)
    answers = await asyncio.gather(first, group.submit(2), group.submit(3), return_exceptions=True)
    assert answers[0] == 1
    assert all(isinstance(answer, ConnectionError) for answer in answers[1:])
    assert await group.submit(4) == 4


async def test_two_batches_take_turns_each_with_at_most_half_of_those_who_ask() -> None:
    sizes: list[int] = []

    async def apply(turn: Turn[int]) -> Sequence[int | Exception]:
        requests = await turn.take()
        sizes.append(len(requests))
        await asyncio.sleep(0.002)
        return requests

    group = GroupCommit(apply)
    await asyncio.gather(*(group.submit(n) for n in range(4 * SHARE_MIN)))
    # All in one would leave the database idle while they are answered; batches too small cost more than turns gain.
    assert sizes == [2 * SHARE_MIN, SHARE_MIN, SHARE_MIN]
