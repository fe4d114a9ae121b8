"""Who gets in, how often, and what is shown of whom."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from questhall.contracts.identity import Identity
from questhall.kernel.testing import PASSWORD, Hall, Servers, fresh_database, open_hall
from questhall.services.identity import passwords, rules
from questhall.services.identity.actions.links import MAILS
from questhall.services.identity.actions.sign_up import FIRST_ADMIN_LIFE
from tests.identity.changes import change_user


def person(name: str, **more: Any) -> dict[str, Any]:
    return {"username": name, "email": f"{name}@example.org", "password": PASSWORD, **more}


@pytest.mark.parametrize(
    ("chosen", "url", "mode"),
    [
        ("", "http://localhost:8000", "open"),
        ("", "http://127.0.0.1:8000", "open"),
        ("", "https://hall.example.org", "invite"),
        ("", "http://192.0.2.7:8000", "invite"),
        ("closed", "http://localhost:8000", "closed"),
    ],
)
async def test_registration_is_open_on_loopback_alone_unless_somebody_chose(
    hall: Hall, chosen: str, url: str, mode: str
) -> None:
    actions = hall.actions(Identity)
    actions.at.settings = msgspec.structs.replace(actions.at.settings, registration=chosen, public_url=url)
    assert (await hall.client().get("/auth/registration")).json()["mode"] == mode


async def test_an_invitation_lets_in_as_many_as_it_says_however_they_come(hall: Hall) -> None:
    admin = await hall.user("ada", role="admin")
    await admin.client.patch("/admin/registration", json={"mode": "invite"})
    made = (await admin.client.post("/admin/invites", json={"uses": 3})).json()
    assert (made["uses"], made["uses_max"], made["used"]) == (0, 3, False)
    answers = await asyncio.gather(
        *(hall.client().post("/auth/register", json=person(f"p{n}", invite=made["secret"])) for n in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [403] * 3
    listed = (await admin.client.get("/admin/invites")).json()["items"][0]
    assert (listed["uses"], listed["used"]) == (3, True)
    assert (await admin.client.delete(f"/admin/invites/{made['id']}")).status_code == 404, (
        "there is nothing to take back"
    )
    assert (await admin.client.post("/admin/invites", json={"uses": 0})).status_code == 422


async def test_lists_come_in_pages(hall: Hall) -> None:
    admin = await hall.user("ada", role="admin")
    for n in range(5):
        await admin.client.post("/admin/invites", json={"note": str(n)})
        await admin.client.post("/me/tokens", json={"name": str(n)})
    for path, field in (("/admin/invites", "note"), ("/me/tokens", "name"), ("/me/sessions", "id")):
        seen: list[str] = []
        after = ""
        while after is not None:
            page = (await admin.client.get(f"{path}?limit=2{after and '&after=' + after}")).json()
            assert len(page["items"]) <= 2
            seen += [item[field] for item in page["items"]]
            after = page["next"]
        assert len(seen) == len(set(seen))
        assert seen == ["4", "3", "2", "1", "0"] or path == "/me/sessions"


async def test_two_use_the_first_admins_link_at_once_and_it_does_not_live_for_ever(hall: Hall) -> None:
    old = await hall.actions(Identity).first_admin_token()
    token = await hall.actions(Identity).first_admin_token()
    late = await hall.client().post("/auth/first-admin", json={"token": old, **person("old")})
    assert late.status_code == 410, "a new link ends the one before"
    hall.clock.advance(FIRST_ADMIN_LIFE + timedelta(seconds=1))
    late = await hall.client().post("/auth/first-admin", json={"token": token, **person("late")})
    assert late.status_code == 410
    token = await hall.actions(Identity).first_admin_token()
    answers = await asyncio.gather(
        *(hall.client().post("/auth/first-admin", json={"token": token, **person(f"p{n}")}) for n in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 410, 410, 410]


async def test_a_private_profile_is_shown_to_its_player_and_to_moderators(hall: Hall) -> None:
    wren, eve, mod = await hall.user("wren"), await hall.user("eve"), await hall.user("mod", role="moderator")
    assert (await eve.client.get("/users/wren")).json()["display_name"] == "wren"
    version = (await wren.client.get("/me")).headers["etag"]
    done = await wren.client.patch("/me", json={"private": True}, headers={"if-match": version})
    assert done.json()["private"] is True
    for path in ("/users/wren", "/users/wren/achievements"):
        hidden, missing = await eve.client.get(path), await eve.client.get(path.replace("wren", "nobody"))
        assert hidden.status_code == missing.status_code == 404, path
        assert {**hidden.json(), "instance": ""} == {**missing.json(), "instance": ""}, "nothing tells them apart"
        for reader in (wren, mod):
            assert (await reader.client.get(path)).status_code == 200, path


async def test_a_token_neither_outlives_the_one_that_made_it_nor_multiplies_for_ever(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    wren = await hall.user("wren")
    short = (await wren.client.post("/me/tokens", json={"name": "short", "expires_in_days": 1})).json()
    program = hall.client()
    program.headers["authorization"] = f"Bearer {short['secret']}"
    for days in (None, 90):
        made = (await program.post("/me/tokens", json={"name": "long", "expires_in_days": days})).json()
        assert made["expires"] == short["expires"]
    monkeypatch.setattr(rules, "TOKENS_MAX", 5)
    answers = await asyncio.gather(*(wren.client.post("/me/tokens", json={"name": f"{n}"}) for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 4
    assert {answer.json().get("code") for answer in answers} == {None, "too_many_tokens"}
    assert (await program.get("/me")).status_code == 200
    assert (await wren.client.get("/me/tokens")).json()["items"][-1]["last_used"] is not None


async def test_nobody_raises_themselves(hall: Hall) -> None:
    mod = await hall.user("mod", role="moderator")
    body = {"reason": "because", "role": "admin"}
    assert (await mod.client.patch(f"/admin/users/{mod.user_id}", json=body)).status_code == 403
    version = (await mod.client.get("/me")).headers["etag"]
    assert (await mod.client.patch("/me", json={"role": "admin"}, headers={"if-match": version})).status_code == 422
    assert (await mod.client.post("/admin/invites", json={"role": "admin"})).status_code == 403
    wanted = {"name": "t", "scopes": ["player", "users:write"]}
    refused = await mod.client.post("/me/tokens", json=wanted)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_scope"), "it would wake up with the role"
    assert refused.json()["errors"][0]["pointer"] == "#/scopes/1"
    assert "users:read" in refused.json()["detail"], "what may be had is named"
    made = (await mod.client.post("/me/tokens", json={**wanted, "scopes": ["users:read", "player"]})).json()
    headers = {"authorization": f"Bearer {made['secret']}"}
    assert (await hall.client().patch(f"/admin/users/{mod.user_id}", json=body, headers=headers)).status_code == 403


async def test_two_admins_can_not_both_leave(hall: Hall) -> None:
    ada, bob = await hall.user("ada", role="admin"), await hall.user("bob", role="admin")
    answers = await asyncio.gather(change_user(ada, "bob", role="player"), change_user(bob, "ada", status="suspended"))
    # Who is suspended before their own request was looked at does not get to the last admin's door at all.
    assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 401], [200, 403])
    async with hall.database(Identity).read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM users WHERE role = 'admin' AND status = 'active'") == 1


async def test_a_mailbox_is_not_flooded_by_who_claims_it(hall: Hall) -> None:
    wren, admin = await hall.user("wren"), await hall.user("ada", role="admin")
    body = {"email": "victim@example.org", "password": PASSWORD}
    codes = [(await wren.client.post("/auth/email/change", json=body)).status_code for _ in range(MAILS.burst + 1)]
    assert codes == [202] * MAILS.burst + [429]
    mails = (await admin.client.get("/admin/outbox?limit=100")).json()["items"]
    assert sum(mail["recipient"] == "victim@example.org" for mail in mails) == MAILS.burst


async def test_a_password_is_the_same_however_a_keyboard_spells_it(hall: Hall) -> None:
    await hall.client().post("/auth/register", json=person("wren", password="cre\u0301me bru\u0302le\u0301e 12"))
    answer = await hall.client().post(
        "/auth/login", json={"username": "wren", "password": "cr\u00e9me br\u00fbl\u00e9e 12"}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"email": "a\0b@example.org"}, {"locale": "a\0b"}, {"locale": "x" * 30}, {"display_name": "x" * 401}],
)
async def test_what_can_not_be_kept_is_refused(hall: Hall, change: dict[str, str]) -> None:
    answer = await hall.client().post("/auth/register", json=person("wren") | change)
    assert answer.status_code == 422, answer.text
    assert (await hall.client().post("/auth/login", json={"username": "a\0b", "password": "x"})).status_code in (
        401,
        422,
    )


async def test_a_log_in_gives_a_new_session_and_an_address_is_one_in_any_case(hall: Hall) -> None:
    wren = await hall.user("wren")
    first = wren.cookie()[1]
    again = await wren.client.post("/auth/login", json={"username": "WREN@Example.ORG", "password": PASSWORD})
    assert again.status_code == 200
    assert wren.cookie()[1] != first
    assert len(first) >= 22, "128 bits or more"
    taken = await hall.client().post("/auth/register", json=person("other", email="Wren@EXAMPLE.org"))
    assert (taken.status_code, taken.json()["code"]) == (409, "already_taken")


@pytest.mark.costly_passwords
async def test_unknown_names_take_as_long_as_known_ones(hall: Hall) -> None:
    """Medians of interleaved tries, generously bounded: without the hash for nobody it is a tenth of the time."""
    await hall.user("wren")
    loop = asyncio.get_running_loop()
    took: dict[str, list[float]] = {"wren": [], "nobody": []}
    for _ in range(7):
        for name, times in took.items():
            began = loop.time()
            with pytest.raises(Exception, match="Name or password"):
                await hall.actions(Identity).login(name, "not the password")
            times.append(loop.time() - began)
    known, unknown = (sorted(times)[3] for times in took.values())
    assert 0.5 < unknown / known < 2, (known, unknown)
    assert await passwords.matches(None, "the password of nobody at all") is False


async def test_two_installations_on_one_host_do_not_sign_each_others_players_out(
    servers: Servers, migrated: tuple[str, Path], hall: Hall
) -> None:
    """A browser sends the cookies of a host to each of its ports."""
    template, data = migrated
    wren = await hall.user("wren")
    async with (
        fresh_database(servers.database, template=template) as url,
        open_hall(url, servers.redis, data, public_url="http://localhost:8001") as second,
    ):
        there = second.client()
        there.cookies.jar = wren.client.cookies.jar
        assert (await there.get("/me")).status_code == 401
        assert (await there.post("/auth/register", json=person("eve"))).status_code == 201
        assert (await there.get("/me")).json()["username"] == "eve"
        assert (await wren.client.get("/me")).json()["username"] == "wren"
        assert (await there.post("/auth/logout")).status_code == 204
    assert (await wren.client.get("/me")).status_code == 200
