"""Quotas hold in any window, for 64 at once, over a real server and without one."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questhall.kernel import cache as cache_module
from questhall.kernel.cache import Cache
from questhall.kernel.limits import Limits, Quota

QUOTA = Quota("burst", 200, 1.0)


async def opened(url: str) -> Cache:
    cache = Cache(url, prefix=f"t{uuid4().hex[:8]}:")
    await cache.open()
    return cache


@pytest.mark.parametrize("with_redis", [True, False])
async def test_no_window_admits_more_than_the_quota(
    redis_url: str, with_redis: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "TIMEOUT_S", 30.0)  # however slow this machine is, Redis is not away
    cache = await opened(redis_url if with_redis else "")
    limits, admitted, until = Limits(cache), [], time.monotonic() + 3.2  # when each was asked, and answered

    async def client() -> None:
        while time.monotonic() < until:
            asked = time.monotonic()
            verdict = await limits.take([(QUOTA, "one")])
            if verdict.admitted:
                admitted.append((asked, time.monotonic()))
            else:
                assert verdict.headers()[-1] == (b"retry-after", b"1")
            await asyncio.sleep(0.002)

    await asyncio.gather(*(client() for _ in range(64)))
    await cache.close()
    # Only what lies in a window with both its ends was surely admitted in it, however slow this machine is.
    most = max(sum(start <= a and b < start + QUOTA.window_s for a, b in admitted) for start, _ in admitted)
    assert most <= QUOTA.count * 1.01
    assert len(admitted) > QUOTA.count * 1.5, "and what it promises can be had"


@given(st.integers(1, 5_000), st.floats(0.1, 4_000))
def test_burst_and_refill_are_the_quota(count: int, window_s: float) -> None:
    quota = Quota("any", count, window_s)
    refilled = -(-int(window_s * 1e6) // quota.interval_us)
    assert quota.burst - 1 + refilled <= count


async def test_a_refused_request_is_taken_from_no_quota(redis_url: str) -> None:
    for url in (redis_url, ""):
        cache = await opened(url)
        limits = Limits(cache)
        wide, narrow = Quota("wide", 9, 3600), Quota("narrow", 1, 3600)
        assert (await limits.take([(wide, "a"), (narrow, "b")])).admitted
        for _ in range(9):
            refused = await limits.take([(wide, "a"), (narrow, "b")])
            assert (refused.admitted, refused.quota.name) == (False, "narrow")
        verdict = await limits.take([(wide, "a")])
        assert (verdict.admitted, verdict.remaining) == (True, 3)
        assert dict(verdict.headers())[b"ratelimit-policy"] == b'"wide";q=9;w=3600'
        assert dict(verdict.headers())[b"ratelimit"].startswith(b'"wide";r=3;t=')
        await cache.close()


async def test_nobody_begins_anew_when_redis_goes_away(redis_url: str) -> None:
    cache = await opened(redis_url)
    limits, quota = Limits(cache), Quota("tight", 9, 3600)
    codes = [(await limits.take([(quota, "a")])).admitted for _ in range(3)]
    await cache.close()
    codes += [(await limits.take([(quota, "a")])).admitted for _ in range(4)]
    assert codes == [True] * quota.burst + [False] * (7 - quota.burst)
