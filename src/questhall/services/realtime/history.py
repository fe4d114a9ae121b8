"""What channels have said lately: one bounded stream a channel, in Redis, so that a restart of ours loses nothing of it.

An entry's id is ``<epoch>-<number>``: the epoch is the moment when the stream began, numbers go up by one. So a stream that
was evicted or flushed begins anew under another epoch, and a client that names the old one is told to reload.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from uuid import UUID

import msgspec

from questhall.kernel.cache import Cache

__all__ = ["History", "Opened", "Place", "Saying", "place_of"]

KEPT = 256
"""Messages of a channel that can be had again."""
KEPT_S = 3600
"""How long they are kept after the last listener went."""
MISSED_MAX = 128 * 1024
"""Bytes that are told again at most: half of what may wait for a slow reader."""

_NOW = """
local t = redis.call('TIME')
local now = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
local function last_of(key)
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  if not last then return nil end
  local epoch, number = string.match(last[1], '^(%d+)-(%d+)$')
  return epoch, tonumber(number)
end
"""

# KEYS: the channel of each message. ARGV: kept, kept ms; and for each: event id, text, whether somebody listens, whether
# it may have been said before. Nothing is kept for a channel that nobody listens to or has listened to lately. Answers
# for each the entry's id, or '' when it was not kept, or '=' when it had been said.
_SAY = (
    _NOW
    + """
local answers = {}
for i, key in ipairs(KEYS) do
  local id, text, heard, check = ARGV[4 * i - 1], ARGV[4 * i], ARGV[4 * i + 1] == '1', ARGV[4 * i + 2] == '1'
  local epoch, number = last_of(key)
  local answer = ''
  if epoch or heard then
    if epoch and check then
      for _, entry in ipairs(redis.call('XREVRANGE', key, '+', '-')) do
        if entry[2][2] == id then answer = '=' break end
      end
    end
    if answer == '' then
      answer = (epoch or now) .. '-' .. string.format('%.0f', (number or 0) + 1)
      redis.call('XADD', key, 'MAXLEN', ARGV[1], answer, 'e', id, 'm', text)
      if heard then redis.call('PEXPIRE', key, ARGV[2]) end
    end
  end
  answers[i] = answer
end
return answers
"""
)

# KEYS: the channel. ARGV: kept ms, and the epoch and number after which is asked. Answers where the channel stands, whether
# everything after that is there, and it.
_OPEN = (
    _NOW
    + """
local key, epoch, number = KEYS[1], last_of(KEYS[1])
if not epoch then
  epoch, number = now, 0
  redis.call('XADD', key, epoch .. '-0', 'e', '', 'm', '')
end
redis.call('PEXPIRE', key, ARGV[1])
local place = epoch .. '-' .. string.format('%.0f', number)
local after = tonumber(ARGV[3])
if ARGV[2] ~= epoch or after > number then return {place, 0, {}} end
local entries = redis.call('XRANGE', key, '(' .. epoch .. '-' .. ARGV[3], '+')
if #entries ~= number - after then return {place, 0, {}} end
return {place, 1, entries}
"""
)
_CURSOR = re.compile(r"(\d{1,15})\.(\d{1,15})")


class Place(msgspec.Struct, frozen=True):
    """Where a channel stands."""

    epoch: str
    number: int

    @property
    def cursor(self) -> str:
        """As clients name it."""
        return f"{self.epoch}.{self.number}"


class Saying(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be said in a channel. ``text`` is a JSON object that still lacks its cursor."""

    key: str
    event_id: UUID
    text: str

    def at(self, place: Place) -> str:
        """The message, with its cursor."""
        return with_cursor(self.text, place)


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as a new listener finds it; ``missed`` is None when what was missed is not there any more."""

    place: Place
    missed: list[str] | None


def with_cursor(text: str, place: Place) -> str:
    """A message with its cursor."""
    return f'{{"cursor":"{place.cursor}",{text[1:]}'


def place_of(entry: bytes) -> Place:
    """A place from an entry's id."""
    epoch, _, number = entry.decode().partition("-")
    return Place(epoch, int(number))


class History:
    """The streams. Each method answers None when Redis is away; what was said meanwhile begins a new generation of keys."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._generation: str | None = None
        self._gap = False
        """Whether something was said that is in no stream: then all streams of before are of no use."""

    async def _key(self, channel: str) -> str | None:
        if self._generation is None:
            name, fresh = self._cache.key("channels"), secrets.token_hex(6)
            await self._cache.command("SET", name, fresh, *(() if self._gap else ("NX",)))
            found = await self._cache.get(name)
            if found is None or (self._gap and found != fresh.encode()):
                return None
            self._generation, self._gap = found.decode(), False
        return self._cache.key("channel", self._generation, channel)

    def _lost(self) -> None:
        self._generation, self._gap = None, True

    async def say(self, sayings: Sequence[tuple[Saying, bool, bool]]) -> list[Place | None] | None:
        """Numbers and keeps messages, each with whether somebody listens here and whether it may have been said before.

        A place is None for what need not be told: it was said before, or nobody hears it.
        """
        keys: list[str] = []
        arguments: list[object] = [KEPT, KEPT_S * 1000]
        for saying, heard, check in sayings:
            key = await self._key(saying.key)
            if key is None:
                self._lost()
                return None
            keys.append(key)
            arguments += [str(saying.event_id), saying.text, int(heard), int(check)]
        answers = await self._cache.script(_SAY, keys, arguments)
        if answers is None:
            self._lost()
            return None
        return [None if answer in (b"", b"=") else place_of(answer) for answer in answers]

    async def forget(self, channel: str) -> None:
        """Ends a channel's stream. While Redis is away there is nothing to do: a new generation begins when it is back."""
        key = await self._key(channel)
        if key is None or not await self._cache.delete(key):
            self._lost()

    async def open(self, channel: str, cursor: str | None) -> Opened | None:
        """Where a channel stands, and what was said after a cursor."""
        asked = _CURSOR.fullmatch(cursor or "")
        key = await self._key(channel)
        epoch, number = (asked.group(1), asked.group(2)) if asked else ("-", "0")
        answer = None if key is None else await self._cache.script(_OPEN, [key], [KEPT_S * 1000, epoch, number])
        if answer is None:
            return None
        place = place_of(answer[0])
        if cursor is None:
            return Opened(place=place, missed=[])
        missed = [with_cursor(fields[3].decode(), place_of(entry)) for entry, fields in answer[2]]
        whole = bool(answer[1]) and sum(map(len, missed)) <= MISSED_MAX
        return Opened(place=place, missed=missed if whole else None)
