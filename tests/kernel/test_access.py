"""Inner tokens: only ours, only in time; keys rotate without a gap."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from questhall.kernel.access import AUDIENCE, TOKEN_TYPE, Caller, KeyRing, NotSignedIn
from questhall.kernel.encryption import Sealer, Unreadable

CALLER = Caller(user_id=uuid4(), username="wren", role="player", permissions=frozenset({"quests:write"}))


def forged(ring: KeyRing, *, key: Any = None, alg: str = "Ed25519", **change: Any) -> bytes:
    header = {"alg": alg, "typ": change.pop("typ", TOKEN_TYPE), "kid": change.pop("kid", ring._newest)}
    claims = {"sub": str(CALLER.user_id), "aud": AUDIENCE, "exp": int(time.time()) + 60, **change}
    return jwt.encode(header, claims, key or ring._keys[ring._newest], algorithms=[alg]).encode()


def test_what_is_signed_is_believed(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    assert ring.verify(ring.sign(CALLER).encode()) == CALLER
    service = Caller(service="store")
    assert ring.verify(ring.sign(service).encode()).service == "store"
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "change",
    [
        {"typ": "JWT"},
        {"aud": "another"},
        {"exp": int(time.time()) - 1},
        {"kid": "inner-unknown"},
        {"sub": "nobody"},
        {"sub": "service:store", "act": "nobody"},
        {"aud": ["another"]},
        {"key": OKPKey.generate_key("Ed25519")},
        {"key": OctKey.generate_key(256), "alg": "HS256"},
    ],
)
def test_what_is_forged_is_not(tmp_path: Path, change: dict[str, Any]) -> None:
    ring = KeyRing(tmp_path)
    ring.verify(forged(ring))
    with pytest.raises(NotSignedIn):
        ring.verify(forged(ring, **change))


@pytest.mark.parametrize("token", [b"", b"a.b.c", b"....", b"\xff\xff", b"e30.e30."])
def test_nonsense_is_no_token(tmp_path: Path, token: bytes) -> None:
    with pytest.raises(NotSignedIn):
        KeyRing(tmp_path).verify(token)


def test_keys_rotate_with_an_overlap_and_other_processes_see_it(tmp_path: Path) -> None:
    ring, other = KeyRing(tmp_path), KeyRing(tmp_path)
    before = ring.sign(CALLER).encode()
    ring.rotate()
    after = ring.sign(CALLER).encode()
    assert other.verify(after) == CALLER
    assert ring.verify(before) == CALLER
    ring.rotate()
    ring._verified.clear()
    with pytest.raises(NotSignedIn):
        ring.verify(before)


def test_a_key_is_replaced_when_it_is_a_day_old_by_one_process_alone(tmp_path: Path) -> None:
    one, two = KeyRing(tmp_path), KeyRing(tmp_path)
    first = one._newest
    one.keep_fresh()
    assert one._newest == first, "it is young"
    old = tmp_path / f"inner-{time.time_ns() - 25 * 3600 * 10**9:020d}-000000.json"
    (tmp_path / f"{first}.json").rename(old)
    three = KeyRing(tmp_path)
    token = three.sign(CALLER).encode()
    three.keep_fresh()
    two.keep_fresh()
    assert three._newest == two._newest != old.stem
    assert len(list(tmp_path.glob("inner-*.json"))) == 2, "the other one took up what was made"
    assert two.verify(token) == CALLER, "signed before, verified after"


async def test_a_process_rotates_by_itself(tmp_path: Path) -> None:
    from questhall.kernel.process import Process
    from questhall.kernel.settings import Settings

    process = Process(Settings(data=tmp_path), [], database_url="", redis_url="")
    file = next((tmp_path / "keys").glob("inner-*.json"))
    file.rename(file.with_name(f"inner-{1:020d}-000000.json"))
    await process.start()
    await asyncio.sleep(0.05)
    await process.stop()
    assert process.keyring._newest > f"inner-{1:020d}-000000"


def test_a_service_may_speak_for_a_player(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    found = ring.verify(ring.sign(Caller(service="store", user_id=CALLER.user_id)).encode())
    assert (found.service, found.user_id) == ("store", CALLER.user_id)


def test_a_scoped_token_is_not_its_player() -> None:
    scoped = Caller(user_id=uuid4(), scopes=("ingest",), permissions=frozenset({"ingest"}))
    assert scoped.may("ingest")
    assert not scoped.may("signed_in")


def test_sealed_secrets_open_only_here_and_for_what_they_are(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path / "a")
    sealed = sealer.seal("s3cret", context="source:1")
    assert b"s3cret" not in sealed
    sealer.rotate()
    assert Sealer(tmp_path / "a").open(sealed, context="source:1") == "s3cret"
    for other, context in ((sealer, "source:2"), (Sealer(tmp_path / "b"), "source:1")):
        with pytest.raises(Unreadable):
            other.open(sealed, context=context)
