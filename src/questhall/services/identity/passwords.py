"""Password hashing: argon2id, one at a time, so that a flood of log-ins can't take all cores."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from questhall.contracts.identity import TooBusy

T = TypeVar("T")
WAITING_MAX = 64
"""Above this many (more than a second of work) nobody else is let into the line: the rest of the house goes on."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_pool = ThreadPoolExecutor(1, thread_name_prefix="argon2")
_waiting = 0


@cache
def common_passwords() -> frozenset[str]:
    """Those that anybody tries first."""
    text = files("questhall.services.identity").joinpath("common_passwords.txt").read_text("ascii")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


@cache
def _nobodys() -> str:
    return _hasher.hash("the password of nobody at all")


async def hashed(password: str) -> str:
    """The hash that is kept. Refuses ``too_busy``."""
    return await _in_line(lambda: _hasher.hash(_normal(password)))


async def matches(secret: str | None, password: str) -> bool:
    """Whether it is the password. Takes as long when there is no hash to compare with. Refuses ``too_busy``."""
    return await _in_line(lambda: _verify(secret, password))


def needs_rehash(secret: str) -> bool:
    """Whether it was hashed with older parameters."""
    return _hasher.check_needs_rehash(secret)


async def _in_line(work: Callable[[], T]) -> T:
    global _waiting  # noqa: PLW0603 - the line is one a process, as the pool is
    if _waiting >= WAITING_MAX:
        raise TooBusy(retry_after=1)
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_pool, work)
    finally:
        _waiting -= 1


def _normal(password: str) -> str:
    """One spelling of what keyboards write differently: an é is one character here and two there."""
    return unicodedata.normalize("NFKC", password)


def _verify(secret: str | None, password: str) -> bool:
    try:
        return _hasher.verify(secret or _nobodys(), _normal(password)) and secret is not None
    except (VerificationError, InvalidHashError):
        return False
