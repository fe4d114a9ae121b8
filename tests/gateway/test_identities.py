"""What the gateway believes of a caller: signed, for a moment, and never after it was revoked."""

from __future__ import annotations

import asyncio
import hashlib
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from questhall.contracts.identity import Identity
from questhall.gateway import identities as identities_module
from questhall.gateway import policy as policy_module
from questhall.gateway.policy import network_of
from questhall.kernel.access import NotSignedIn
from questhall.kernel.limits import Quota
from questhall.kernel.testing import Hall, HallUser
from tests.identity.changes import change_user


def digest_of(user: HallUser) -> bytes:
    return hashlib.sha256(user.cookie()[1].encode()).digest()


async def kept(hall: Hall, user: HallUser) -> tuple[str, Any]:
    """Key and value of what Redis holds of a player's session."""
    cache = hall.installation.process.cache
    key = cache.key("who", digest_of(user).hex())
    text = await cache.get(key)
    return key, None if text is None else msgspec.json.decode(text)


async def test_redis_holds_a_signed_token_and_a_forged_one_is_not_believed(hall: Hall) -> None:
    wren = await hall.user("wren")
    await wren.client.get("/me")
    key, value = await kept(hall, wren)
    token, asked_at, until = value
    ring = hall.installation.process.keyring
    assert ring.verify(token.encode()).user_id == wren.user_id
    assert 0 < until - asked_at <= 60
    head, _, signature = token.split(".")
    claims = {"sub": str(wren.user_id), "aud": "questhall", "exp": 2**40, "role": "admin", "perms": ["users:read"]}
    import base64

    forged = base64.urlsafe_b64encode(msgspec.json.encode(claims)).rstrip(b"=").decode()
    for text in (f"{head}.{forged}.{signature}", "nonsense"):
        await hall.installation.process.cache.set(key, msgspec.json.encode([text, asked_at, until]), ttl_s=60)
        hall.installation.gateway.policy.identities.forget()
        assert (await wren.client.get("/admin/users")).status_code == 403
        assert (await wren.client.get("/me")).status_code == 200, "identity was asked instead"


async def test_the_policy_decides_with_an_inner_token(hall: Hall) -> None:
    wren = await hall.user("wren", role="manager")
    headers = {b"cookie": "=".join(wren.cookie()).encode()}
    decision = await hall.installation.gateway.policy.decide("GET", "/api/v1/me", headers, "127.0.0.1")
    assert decision.token is not None
    assert hall.installation.process.keyring.verify(decision.token.encode()) == decision.caller
    assert decision.caller.session_id is not None
    nobody = await hall.installation.gateway.policy.decide("GET", "/api/v1/auth/registration", {}, "127.0.0.1")
    assert nobody.token is None


async def test_keys_rotate_under_load_and_nobody_notices(hall: Hall) -> None:
    users = [await hall.user(f"wren{n}") for n in range(4)]
    identities, ring = hall.installation.gateway.policy.identities, hall.installation.process.keyring
    before = ring._newest

    async def load(user: HallUser) -> list[int]:
        codes: list[int] = []
        for _ in range(25):
            identities.forget()  # so that Redis's token is verified each time
            codes.append((await user.client.get("/me")).status_code)
        return codes

    async def rotate() -> None:
        await asyncio.sleep(0.05)
        ring.keep_fresh(life_s=0)

    *codes, _ = await asyncio.gather(*(load(user) for user in users for _ in range(2)), rotate())
    assert {code for some in codes for code in some} == {200}
    assert ring._newest != before
    assert len(ring.jwks()["keys"]) == 2


async def test_a_revocation_that_redis_did_not_hear_still_holds(hall: Hall) -> None:
    """Redis is away while a session ends, and comes back with what it knew before."""
    wren, admin = await hall.user("wren"), await hall.user("ada", role="admin")
    await wren.client.get("/me")
    cache = hall.installation.process.cache
    await cache.close()
    assert (await change_user(admin, "wren", status="suspended")).status_code == 200
    await hall.drain()
    assert (await wren.client.get("/me")).status_code == 401
    await cache.open()
    assert (await kept(hall, wren))[1] is not None, "it was not told"
    hall.installation.gateway.policy.identities.forget()
    assert (await wren.client.get("/me")).status_code == 401


async def test_a_revocation_beats_a_question_that_is_under_way(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    wren = await hall.user("wren")
    identities = hall.installation.gateway.policy.identities
    inner, asked, go_on = identities._identity.resolve, asyncio.Event(), asyncio.Event()

    async def slowly(secret_hash: bytes) -> Any:
        found = await inner(secret_hash)
        asked.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(identities._identity, "resolve", slowly, raising=False)
    late = asyncio.create_task(identities.ask(digest_of(wren)))
    await asked.wait()
    monkeypatch.undo()
    await hall.actions(Identity).logout_everywhere(wren.user_id)
    await hall.drain()
    go_on.set()
    await late
    assert (await kept(hall, wren))[1] is not None, "the late answer was kept"
    identities.forget()  # a second passes
    assert (await wren.client.get("/me")).status_code == 401


async def test_money_is_never_moved_on_the_word_of_a_cache(hall: Hall) -> None:
    admin = await hall.user("ada", role="admin")
    assert (await admin.client.get("/me")).status_code == 200
    async with hall.database(Identity).tx() as tx:  # as if the event were still under way
        await tx.execute("UPDATE sessions SET revoked_at = now() WHERE user_id = $1", admin.user_id)
    assert (await admin.client.get("/me")).status_code == 200
    answer = await admin.client.post("/admin/transactions", json={}, headers={"idempotency-key": "k"})
    assert answer.status_code == 401


async def test_what_is_believed_ends_at_the_players_midnight(hall: Hall) -> None:
    wren = await hall.user("wren")
    hall.clock.set(datetime(2026, 3, 2, 23, 59, 59, 700_000, tzinfo=UTC))
    hall.installation.gateway.policy.identities.forget()
    await hall.installation.gateway.policy.identities.purge(wren.user_id)
    client = hall.client()
    await client.post("/auth/login", json={"username": "wren", "password": "correct horse battery"})
    await client.get("/me")
    hall.clock.set(datetime(2026, 3, 3, 0, 0, 0, 100_000, tzinfo=UTC))
    await asyncio.sleep(0.4)
    await client.get("/me")
    await hall.drain()
    assert [event["data"]["local_day"] for event in await hall.log("user.login")][-2:] == ["2026-03-02", "2026-03-03"]


async def test_who_guesses_secrets_is_slowed_and_who_holds_one_is_not(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    wren, asked = await hall.user("wren"), 0
    await wren.client.get("/me")
    monkeypatch.setattr(policy_module, "ADDRESS_QUOTA", Quota("guesses", 9, 3600))
    inner = hall.actions(Identity).resolve

    async def counted(secret_hash: bytes) -> Any:
        nonlocal asked
        asked += 1
        return await inner(secret_hash)

    monkeypatch.setattr(hall.actions(Identity), "resolve", counted)
    client = hall.client()
    codes = [(await client.get("/me", headers={"authorization": f"Bearer qh_{n:040}"})).status_code for n in range(12)]
    assert set(codes) == {401, 429}
    assert codes[-1] == 429
    assert asked <= 5, "the table is not asked for guesses without end"
    hall.installation.gateway.policy.identities._local.clear()
    assert (await wren.client.get("/me")).status_code == 200, "Redis knows this one: it is no guess"


async def test_many_tokens_of_one_player_share_a_quota(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    wren = await hall.user("wren")
    secrets = [(await wren.client.post("/me/tokens", json={"name": f"t{n}"})).json()["secret"] for n in range(3)]
    monkeypatch.setattr(policy_module, "USER_QUOTA", Quota("user", 7, 3600))
    codes = [
        (await hall.client().get("/me", headers={"authorization": f"Bearer {secrets[n % 3]}"})).status_code
        for n in range(6)
    ]
    assert codes == [200, 200, 200, 200, 429, 429]
    assert (await wren.client.get("/me")).status_code == 200, "the page goes on"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_addresses_are_counted_by_what_one_person_holds(address: str, network: str) -> None:
    assert network_of(address) == network


async def test_what_redis_says_too_long_is_not_believed(hall: Hall) -> None:
    wren = await hall.user("wren")
    identities = hall.installation.gateway.policy.identities
    await wren.client.get("/me")
    key, (token, asked_at, _) = await kept(hall, wren)
    await hall.installation.process.cache.set(key, msgspec.json.encode([token, asked_at, time.time() - 1]), ttl_s=60)
    identities.forget()
    assert await identities.find(digest_of(wren), fresh=False) is None
    with pytest.raises(NotSignedIn):
        identities.digest(b"short")
    assert identities_module.CACHED_S + identities_module.SKEW_S < 300
