"""Rate limits: GCRA (a leaky bucket that keeps one number a key), one Lua call with the server's time."""

from __future__ import annotations

import math
import time
from typing import ClassVar

import msgspec

from questhall.kernel.cache import Cache
from questhall.kernel.contract import Refusal

__all__ = ["Limits", "Quota", "RateLimited", "Verdict"]

LOCAL_MAX = 50_000

# KEYS: one a quota; ARGV: emission interval (us), tolerance (us) a quota. All are looked at first; only if all admit
# is any counted. Answers {admitted, index of the tightest, its remaining, its reset us}.
_SCRIPT = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local tats, tight, remaining, reset, refused, wait = {}, 1, nil, 0, false, 0
for i, key in ipairs(KEYS) do
  local interval, tolerance = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local tat = math.max(tonumber(redis.call('GET', key) or '0'), now)
  local new = tat + interval
  local left = math.floor((tolerance - (new - now)) / interval)
  if new - now > tolerance then
    refused = true
    if new - now - tolerance > wait then wait, tight = new - now - tolerance, i end
  elseif not refused and (remaining == nil or left < remaining) then
    remaining, tight, reset = left, i, new - now
  end
  tats[i] = new
end
if refused then return {0, tight, 0, wait} end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', tats[i]), 'PX', math.ceil((tats[i] - now) / 1000) + 1)
end
return {1, tight, remaining, reset}
"""


class RateLimited(Refusal):
    """Too many requests; try again after ``Retry-After`` seconds."""

    code: ClassVar[str] = "rate_limited"
    status: ClassVar[int] = 429
    title: ClassVar[str] = "That was too fast"


class Quota(msgspec.Struct, frozen=True):
    """At most ``count`` requests in any ``window_s`` seconds: half of them at once, the rest as time goes by."""

    name: str
    count: int
    window_s: float

    @property
    def burst(self) -> int:
        """Requests at once, after a pause."""
        return self.count // 2 + 1

    @property
    def interval_us(self) -> int:
        """Microseconds that one request costs. With the burst before it, a window never holds more than ``count``."""
        return max(1, math.ceil(self.window_s * 1_000_000 / (self.count - self.burst + 1)))


class Verdict(msgspec.Struct, frozen=True):
    """Whether it was admitted, and what the tightest quota says."""

    admitted: bool
    quota: Quota
    remaining: int
    reset_s: float

    def headers(self) -> list[tuple[bytes, bytes]]:
        """``RateLimit-Policy`` and ``RateLimit`` (IETF draft), with ``Retry-After`` when refused."""
        quota = self.quota
        found = [
            (b"ratelimit-policy", f'"{quota.name}";q={quota.count};w={math.ceil(quota.window_s)}'.encode()),
            (b"ratelimit", f'"{quota.name}";r={self.remaining};t={math.ceil(self.reset_s)}'.encode()),
        ]
        if not self.admitted:
            found.append((b"retry-after", str(max(1, math.ceil(self.reset_s))).encode()))
        return found


class Limits:
    """Counts over the cache, so that several gateways agree; by itself when the cache is away."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._local: dict[str, float] = {}

    async def take(self, wanted: list[tuple[Quota, str]]) -> Verdict:
        """Takes one request from each quota for its subject, or from none if one of them is used up."""
        keys = [self._cache.key("limit", quota.name, subject) for quota, subject in wanted]
        arguments: list[int] = []
        for quota, _ in wanted:
            arguments += [quota.interval_us, quota.interval_us * quota.burst]
        answer = await self._cache.script(_SCRIPT, keys, arguments)
        if answer is None:
            return self._take_here(wanted, keys)
        admitted, index, remaining, reset = (int(value) for value in answer)
        if admitted:
            self._note(wanted, keys)
        return Verdict(bool(admitted), wanted[index - 1][0], remaining, reset / 1e6)

    def _note(self, wanted: list[tuple[Quota, str]], keys: list[str]) -> None:
        """Counts here too what was let through, so that nobody begins anew when the cache goes away."""
        now = time.monotonic()
        self._forget_idle(now)
        for (quota, _), key in zip(wanted, keys, strict=True):
            self._local[key] = max(self._local.get(key, 0.0), now) + quota.interval_us / 1e6

    def _forget_idle(self, now: float) -> None:
        if len(self._local) > LOCAL_MAX:
            self._local = {key: tat for key, tat in self._local.items() if tat > now}

    def _take_here(self, wanted: list[tuple[Quota, str]], keys: list[str]) -> Verdict:
        now = time.monotonic()
        self._forget_idle(now)
        verdicts: list[Verdict] = []
        after: list[float] = []
        for (quota, _), key in zip(wanted, keys, strict=True):
            interval, tolerance = quota.interval_us / 1e6, quota.interval_us * quota.burst / 1e6
            new = max(self._local.get(key, 0.0), now) + interval
            over = new - now - tolerance
            left = max(0, math.floor((tolerance - (new - now)) / interval + 1e-9))
            verdicts.append(Verdict(over <= 1e-9, quota, left, over if over > 1e-9 else new - now))
            after.append(new)
        refused = [verdict for verdict in verdicts if not verdict.admitted]
        if refused:
            return max(refused, key=lambda verdict: verdict.reset_s)
        self._local.update(zip(keys, after, strict=True))
        return min(verdicts, key=lambda verdict: verdict.remaining)
