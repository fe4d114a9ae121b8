"""identity: signing up and in, sessions, tokens, roles, zones."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from questhall.contracts.identity import Identity
from questhall.kernel.testing import PASSWORD, Hall, HallUser
from questhall.services.identity import passwords
from questhall.services.identity.actions.sessions import LOGIN_TRIES
from tests.identity.changes import change_user

NEW = {"username": "wren", "email": "wren@example.org", "password": PASSWORD, "timezone": "Europe/Berlin"}


def token_of(mail: dict[str, str]) -> str:
    """The secret in a mailed link."""
    return mail["body"].split("#")[1].split()[0]


async def resets(admin: HallUser) -> list[dict[str, str]]:
    mails = (await admin.client.get("/admin/outbox")).json()["items"]
    return [mail for mail in mails if mail["subject"] == "Set a new password"]


async def test_register_sign_in_and_out(hall: Hall) -> None:
    client = hall.client()
    answer = await client.post("/auth/register", json=NEW)
    assert answer.status_code == 201, answer.text
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=lax" in answer.headers["set-cookie"]
    assert "Secure" not in answer.headers["set-cookie"], "browsers refuse it over plain http"
    me = (await client.get("/me")).json()
    assert (me["username"], me["role"], me["timezone"]) == ("wren", "player", "Europe/Berlin")
    assert (await client.post("/auth/logout")).status_code == 204
    await hall.drain()
    assert (await client.get("/me")).status_code == 401, "the session ended at once"
    assert (await client.post("/auth/login", json={"username": "WREN", "password": PASSWORD})).status_code == 200
    assert (await client.get("/me")).status_code == 200


async def test_log_out_everywhere_ends_other_devices(hall: Hall) -> None:
    wren = await hall.user("wren")
    other = hall.client()
    await other.post("/auth/login", json={"username": "wren", "password": PASSWORD})
    assert (await other.get("/me")).status_code == 200
    assert (await wren.client.post("/auth/logout-everywhere")).status_code == 204
    await hall.drain()
    assert (await other.get("/me")).status_code == 401
    assert (await wren.client.get("/me")).status_code == 401


async def test_unknown_name_and_wrong_password_look_and_cost_the_same(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hall.user("wren")
    work: list[bool] = []
    inner = passwords._verify
    monkeypatch.setattr(passwords, "_verify", lambda s, p: (work.append(True), inner(s, p))[1])
    answers = [
        await hall.client().post("/auth/login", json={"username": name, "password": "not the password"})
        for name in ("wren", "nobody-here")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    bodies = [{**answer.json(), "instance": ""} for answer in answers]
    assert bodies[0] == bodies[1]
    assert len(work) == 2, "one argon2 each"


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"username": "x"}, "invalid_username", "#/username"),
        ({"username": "admin"}, "invalid_username", "#/username"),
        ({"email": "no address"}, "invalid_email", "#/email"),
        ({"password": "short"}, "invalid_password", "#/password"),
        ({"password": "1234567890"}, "invalid_password", "#/password"),
        ({"timezone": "Mars/Olympus"}, "invalid_timezone", "#/timezone"),
        ({"role": "admin"}, "invalid", "#/role"),
        ({"username": 5}, "invalid", "#/username"),
    ],
)
async def test_bad_registrations_say_what_is_wrong(
    hall: Hall, change: dict[str, object], code: str, pointer: str
) -> None:
    answer = await hall.client().post("/auth/register", json={**NEW, **change})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    if code != "invalid" or "username" in change:
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert await hall.actions(Identity).user_by_username("wren") is None, "nothing was stored"


async def test_malformed_json_is_a_400(hall: Hall) -> None:
    answer = await hall.client().post(
        "/auth/register", content=b'{"username": ', headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")


async def test_taken_names_and_addresses(hall: Hall) -> None:
    await hall.user("wren")
    for change in ({"email": "other@example.org"}, {"username": "other"}):
        answer = await hall.client().post("/auth/register", json={**NEW, **change})
        assert (answer.status_code, answer.json()["code"]) == (409, "already_taken")


async def test_modes_and_invitations(hall: Hall) -> None:
    admin = await hall.user("ada", role="admin")
    assert (await admin.client.patch("/admin/registration", json={"mode": "invite"})).status_code == 200
    assert (await hall.client().post("/auth/register", json=NEW)).json()["code"] == "registration_closed"
    made = await admin.client.post("/admin/invites", json={"role": "manager"}, headers={"idempotency-key": "i1"})
    again = await admin.client.post("/admin/invites", json={"role": "manager"}, headers={"idempotency-key": "i1"})
    assert made.json()["link"] == f"http://localhost:8000/sign-up#{made.json()['secret']}", "no server logs a fragment"
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["id"] == made.json()["id"]
    assert again.json()["secret"] is None, "a stored answer keeps no secret"
    joined = await hall.client().post("/auth/register", json={**NEW, "invite": made.json()["secret"]})
    assert joined.json()["role"] == "manager"
    second = {**NEW, "username": "two", "email": "two@example.org", "invite": made.json()["secret"]}
    assert (await hall.client().post("/auth/register", json=second)).status_code == 403, "an invitation works once"
    await admin.client.patch("/admin/registration", json={"mode": "approval"})
    waiting = await hall.client().post("/auth/register", json={**second, "invite": None})
    assert waiting.json()["status"] == "waiting"
    assert "set-cookie" not in waiting.headers
    login = {"username": "two", "password": PASSWORD}
    assert (await hall.client().post("/auth/login", json=login)).json()["code"] == "may_not_act"
    assert (await admin.client.post(f"/admin/users/{waiting.json()['id']}/approve")).status_code == 200
    assert (await hall.client().post("/auth/login", json=login)).status_code == 200
    await admin.client.patch("/admin/registration", json={"mode": "closed"})
    three = {**NEW, "username": "three", "email": "three@example.org"}
    assert (await hall.client().post("/auth/register", json=three)).status_code == 403


async def test_suspension_and_roles_hold_at_once(hall: Hall) -> None:
    admin, wren = await hall.user("ada", role="admin"), await hall.user("wren")
    assert (await wren.client.get("/admin/users")).status_code == 403
    assert (await change_user(admin, "wren", role="moderator")).status_code == 200
    await hall.drain()
    assert (await wren.client.get("/admin/users")).status_code == 200
    assert (await change_user(admin, "wren", status="suspended")).status_code == 200
    await hall.drain()
    assert (await wren.client.get("/me")).status_code == 401
    assert (await change_user(admin, "ada", role="player")).json()["code"] == "last_admin"


async def test_a_change_says_what_it_changes(hall: Hall) -> None:
    admin, wren = await hall.user("ada", role="admin"), await hall.user("wren")
    path, body = f"/admin/users/{wren.user_id}", {"reason": "a test", "role": "moderator"}
    assert (await admin.client.patch(path, json=body)).status_code == 428
    version = (await admin.client.get("/admin/users?q=wren")).json()["items"][0]["version"]
    read = {"if-match": f'"{version}"'}
    answers = await asyncio.gather(*(admin.client.patch(path, json=body, headers=read) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    done = next(answer for answer in answers if answer.status_code == 200)
    assert done.headers["etag"] == f'"{done.json()["version"]}"' == f'"{version + 1}"'
    late = await admin.client.patch(path, json={"reason": "a test", "role": "player"}, headers=read)
    assert (late.status_code, late.json()["code"]) == (412, "stale")
    assert (await admin.client.get("/admin/users?q=wren")).json()["items"][0]["role"] == "moderator"
    assert len(await hall.log("user.role_changed")) == 2, "and ada's own"


async def test_access_tokens_and_their_scopes(hall: Hall) -> None:
    wren = await hall.user("wren", role="manager")
    made = (await wren.client.post("/me/tokens", json={"name": "ci", "scopes": ["users:read"]})).json()
    program = hall.client()
    headers = {"authorization": f"Bearer {made['secret']}"}
    assert (await program.get("/admin/users", headers=headers)).status_code == 200
    assert (await program.get("/me", headers=headers)).status_code == 403, "its scopes do not say so"
    listed = (await wren.client.get("/me/tokens")).json()["items"]
    assert [token["secret"] for token in listed] == [None]
    assert (await wren.client.delete(f"/me/tokens/{made['id']}")).status_code == 204
    await hall.drain()
    assert (await program.get("/admin/users", headers=headers)).status_code == 401
    assert (await wren.client.delete(f"/me/tokens/{made['id']}")).status_code == 404


async def test_password_reset_by_mail_and_change(hall: Hall) -> None:
    wren, admin = await hall.user("wren"), await hall.user("ada", role="admin")
    for address in ("wren@example.org", "nobody@example.org"):
        assert (await hall.client().post("/auth/password/forgot", json={"email": address})).status_code == 202
    mails = await resets(admin)
    assert [mail["recipient"] for mail in mails] == ["wren@example.org"]
    token = token_of(mails[0])
    body = {"token": token, "password": "a wholly new phrase"}
    assert (await hall.client().post("/auth/password/reset", json=body)).status_code == 204
    await hall.drain()
    assert (await wren.client.get("/me")).status_code == 401, "all sessions ended"
    assert (await hall.client().post("/auth/password/reset", json=body)).json()["code"] == "link_not_good"
    login = {"username": "wren", "password": "a wholly new phrase"}
    assert (await wren.client.post("/auth/login", json=login)).status_code == 200
    change = {"current": "wrong", "password": "yet another phrase"}
    assert (await wren.client.post("/auth/password/change", json=change)).status_code == 401
    change["current"] = "a wholly new phrase"
    assert (await wren.client.post("/auth/password/change", json=change)).status_code == 204
    assert (await wren.client.get("/me")).status_code == 200, "the session that changed it stays"


async def test_first_admin_link_works_once(hall: Hall) -> None:
    token = await hall.actions(Identity).first_admin_token()
    body = {"token": token, "username": "ada", "email": "ada@example.org", "password": PASSWORD}
    answer = await hall.client().post("/auth/first-admin", json=body)
    assert (answer.status_code, answer.json()["role"]) == (201, "admin")
    again = {**body, "username": "eve", "email": "eve@example.org"}
    assert (await hall.client().post("/auth/first-admin", json=again)).status_code == 410
    assert await hall.actions(Identity).first_admin_token() is None


async def test_profile_changes_need_the_version_read(hall: Hall) -> None:
    wren = await hall.user("wren")
    body = {"display_name": "Wren ✨", "look": {"hair": "curls", "ember_hue": 200}}
    assert (await wren.client.patch("/me", json=body)).status_code == 428
    me = await wren.client.get("/me")
    done = await wren.client.patch("/me", json=body, headers={"if-match": me.headers["etag"]})
    assert done.json()["look"]["hair"] == "curls"
    stale = await wren.client.patch("/me", json=body, headers={"if-match": me.headers["etag"]})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")


@pytest.mark.parametrize(
    "look",
    [
        {"hair": "<b>x</b>"},
        {"outfit": "x" * 33},
        {"back": "cape\n"},
        {"background": "Mond und Sterne"},
        {"hand": ""},
        {"wings": "red"},
        {"skin": 21},
        {"ember_hue": 361},
    ],
)
async def test_a_look_is_of_ids_and_numbers(hall: Hall, look: dict[str, Any]) -> None:
    wren = await hall.user("wren")
    version = (await wren.client.get("/me")).headers["etag"]
    answer = await wren.client.patch("/me", json={"look": look}, headers={"if-match": version})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"].split("/")[1]) == (422, "look")


async def test_a_zone_change_waits_for_the_next_local_midnight(hall: Hall) -> None:
    wren = await hall.user("wren", timezone="Europe/Berlin")
    hall.clock.set(datetime(2026, 3, 28, 12, tzinfo=UTC))  # the night after, clocks go forward in Berlin
    client = hall.client()
    await client.post("/auth/login", json={"username": "wren", "password": PASSWORD})
    version = (await client.get("/me")).headers["etag"]
    answer = await client.patch("/me", json={"timezone": "Asia/Tokyo"}, headers={"if-match": version})
    assert answer.status_code == 200
    again = await client.patch("/me", json={"timezone": "UTC"}, headers={"if-match": answer.headers["etag"]})
    assert again.json()["code"] == "zone_changed_recently"
    await hall.drain()
    updated = (await hall.log("user.updated"))[-1]["data"]
    assert updated["zone_from"] == "2026-03-28T23:00:00Z"
    me = answer.json()
    assert (me["timezone"], me["timezone_now"]) == ("Asia/Tokyo", "Europe/Berlin")
    brief = (await hall.actions(Identity).users([wren.user_id]))[0]
    assert brief.timezone == "Europe/Berlin", "until midnight"
    hall.clock.set(datetime(2026, 3, 28, 23, tzinfo=UTC))
    me = (await client.get("/me")).json()
    assert (me["timezone_now"], me["timezone_from"]) == ("Asia/Tokyo", None)
    brief = (await hall.actions(Identity).users([wren.user_id]))[0]
    assert brief.timezone == "Asia/Tokyo"


async def test_first_act_of_a_local_day(hall: Hall) -> None:
    wren = await hall.user("wren", timezone="Pacific/Auckland")
    for _ in range(3):
        await wren.client.get("/me")
    await hall.drain()
    assert [event["data"]["local_day"] for event in await hall.log("user.login")] == ["2026-03-02"]
    hall.clock.advance(timedelta(hours=3))  # past midnight in Auckland, still the same day in UTC
    hall.installation.gateway.policy.identities.forget()
    await hall.installation.gateway.policy.identities.purge(wren.user_id)
    await wren.client.get("/me")
    await hall.drain()
    assert [event["data"]["local_day"] for event in await hall.log("user.login")] == ["2026-03-02", "2026-03-03"]


async def test_a_cookie_from_another_site_is_refused(hall: Hall) -> None:
    wren = await hall.user("wren")
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = await wren.client.post("/auth/logout", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    assert (await wren.client.get("/me")).status_code == 200


async def test_two_who_want_one_name_at_once(hall: Hall) -> None:
    """The loser of the race gets the same answer as somebody who comes late."""
    answers = await asyncio.gather(
        *(hall.client().post("/auth/register", json={**NEW, "email": f"wren{n}@example.org"}) for n in range(4)),
        *(hall.client().post("/auth/register", json={**NEW, "username": f"other{n}"}) for n in range(3)),
    )
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {201, 409}, [answer.text for answer in answers]
    assert codes[:4].count(201) == 1
    assert codes[4:].count(201) == 1


async def test_a_failed_registration_leaves_the_invitation(hall: Hall) -> None:
    admin = await hall.user("ada", role="admin")
    await admin.client.patch("/admin/registration", json={"mode": "invite"})
    secret = (await admin.client.post("/admin/invites", json={})).json()["secret"]
    taken = {**NEW, "username": "ada", "invite": secret}
    assert (await hall.client().post("/auth/register", json=taken)).status_code == 409
    assert (await hall.client().post("/auth/register", json={**NEW, "invite": secret})).status_code == 201
    made = (await admin.client.post("/admin/invites", json={})).json()
    assert (await admin.client.delete(f"/admin/invites/{made['id']}")).status_code == 204
    assert (await admin.client.delete(f"/admin/invites/{made['id']}")).status_code == 404
    late = {**NEW, "username": "late", "email": "late@example.org"}
    assert (await hall.client().post("/auth/register", json={**late, "invite": made["secret"]})).status_code == 403
    made = (await admin.client.post("/admin/invites", json={"expires_in_days": 3})).json()
    hall.clock.advance(timedelta(days=3, seconds=1))
    assert (await hall.client().post("/auth/register", json={**late, "invite": made["secret"]})).status_code == 403
    await hall.drain()
    for kind in ("invite.created", "invite.revoked", "registration.changed"):
        assert {event["actor"] for event in await hall.log(kind)} == {f"admin:{admin.user_id}"}


async def test_log_out_with_a_token_ends_no_session(hall: Hall) -> None:
    wren = await hall.user("wren")
    made = (await wren.client.post("/me/tokens", json={"name": "ci"})).json()
    headers = {"authorization": f"Bearer {made['secret']}"}
    assert (await hall.client().post("/auth/logout", headers=headers)).status_code == 403
    assert (await wren.client.get("/me")).status_code == 200


async def test_a_token_makes_none_that_may_do_more_than_itself(hall: Hall) -> None:
    wren = await hall.user("wren", role="manager")
    unknown = await wren.client.post("/me/tokens", json={"name": "x", "scopes": ["player", "fly"]})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_scope")
    assert unknown.json()["errors"][0]["pointer"] == "#/scopes/1"
    assert (await wren.client.post("/me/tokens", json={"name": "x", "scopes": []})).status_code == 422
    made = (await wren.client.post("/me/tokens", json={"name": "ci", "scopes": ["player"]})).json()
    program = hall.client()
    program.headers["authorization"] = f"Bearer {made['secret']}"
    assert (await program.get("/me")).json()["permissions"] == []
    more = await program.post("/me/tokens", json={"name": "more", "scopes": ["users:read"]})
    assert more.json()["code"] == "invalid_scope"
    same = (await program.post("/me/tokens", json={"name": "same"})).json()
    assert same["scopes"] == ["player"], "left out: not all that the role may do, but what the asking token may"


async def test_tokens_expire_and_follow_their_player(hall: Hall) -> None:
    admin, wren = await hall.user("ada", role="admin"), await hall.user("wren")
    made = (await wren.client.post("/me/tokens", json={"name": "ci", "expires_in_days": 2})).json()
    assert made["secret"].startswith("qh_")
    program = hall.client()
    program.headers["authorization"] = f"Bearer {made['secret']}"
    assert (await program.get("/me")).status_code == 200
    assert (await change_user(admin, "wren", status="suspended")).status_code == 200
    await hall.drain()
    assert (await program.get("/me")).status_code == 401
    assert (await change_user(admin, "wren", status="active")).status_code == 200
    await forget(hall, wren)
    assert (await program.get("/me")).status_code == 200
    assert (await wren.client.get("/me")).status_code == 401, "suspension ended the session for good"
    hall.clock.advance(timedelta(days=2, seconds=1))
    await forget(hall, wren)
    assert (await program.get("/me")).status_code == 401


async def forget(hall: Hall, user: HallUser) -> None:
    """As if a minute had passed for the gateway."""
    await hall.drain()
    hall.installation.gateway.policy.identities.forget()
    await hall.installation.gateway.policy.identities.purge(user.user_id)


async def test_who_was_suspended_while_waiting_is_announced_once_let_in(hall: Hall) -> None:
    admin = await hall.user("ada", role="admin")
    await admin.client.patch("/admin/registration", json={"mode": "approval"})
    waiting = (await hall.client().post("/auth/register", json=NEW)).json()
    await hall.drain()
    assert "wren" not in [event["data"]["username"] for event in await hall.log("user.registered")]
    assert (await admin.client.get("/users/wren")).status_code == 404
    found = (await admin.client.get("/admin/users?status=waiting")).json()["items"]
    assert [row["username"] for row in found] == ["wren"]
    path = f"/admin/users/{waiting['id']}"
    await change_user(admin, "wren", status="suspended")
    assert (await admin.client.post(f"{path}/approve")).json()["code"] == "not_waiting"
    for status in ("active", "suspended", "active"):
        await change_user(admin, "wren", status=status)
    await hall.drain()
    assert [event["data"]["username"] for event in await hall.log("user.registered")] == ["ada", "wren"]
    assert [event["data"]["suspended"] for event in await hall.log("user.suspended")] == [True, True, False]
    assert (await admin.client.get("/users/wren")).status_code == 200


async def test_sessions_end_when_idle_and_after_thirty_days(hall: Hall) -> None:
    wren = await hall.user("wren")
    for _ in range(3):
        hall.clock.advance(timedelta(hours=11, minutes=55))
        await forget(hall, wren)
        assert (await wren.client.get("/me")).status_code == 200, "it was used within 12 hours"
    hall.clock.advance(timedelta(hours=12, seconds=1))
    await forget(hall, wren)
    assert (await wren.client.get("/me")).status_code == 401
    await wren.client.post("/auth/login", json={"username": "wren", "password": PASSWORD})
    for _ in range(60):
        hall.clock.advance(timedelta(hours=11, minutes=58))
        await forget(hall, wren)
        await wren.client.get("/me")
    hall.clock.advance(timedelta(hours=3))
    await forget(hall, wren)
    assert (await wren.client.get("/me")).status_code == 401, "thirty days are over, however busy they were"
    await hall.run_job(Identity, "sweep_identity")
    hall.clock.advance(timedelta(days=31))
    await hall.run_job(Identity, "sweep_identity")
    assert await hall.actions(Identity).sessions(wren.user_id, None, 9) == []


async def on_a_phone(hall: Hall) -> httpx.AsyncClient:
    """wren, signed in from a second browser."""
    phone = hall.client()
    phone.headers["user-agent"] = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
    assert (await phone.post("/auth/login", json={"username": "wren", "password": PASSWORD})).status_code == 200
    return phone


async def test_a_player_sees_where_they_are_signed_in(hall: Hall) -> None:
    wren, start = await hall.user("wren"), hall.clock.now()
    hall.clock.advance(timedelta(hours=1))
    phone = await on_a_phone(hall)
    hall.clock.advance(timedelta(hours=1))
    await wren.client.get("/me")
    await forget(hall, wren)
    found = (await wren.client.get("/me/sessions")).json()["items"]
    assert [(one["agent"], one["current"]) for one in found] == [
        ("Firefox on Android", False),
        (f"python-httpx/{httpx.__version__}", True),
    ], "the newest first"
    began = [datetime.fromisoformat(one["created_at"]) for one in found]
    assert began == [start + timedelta(hours=1), start]
    seen = [datetime.fromisoformat(one["seen_at"]) for one in found]
    assert seen == [start + timedelta(hours=1), start + timedelta(hours=2)]
    hall.clock.advance(timedelta(minutes=9))
    await forget(hall, wren)
    later = (await wren.client.get("/me/sessions")).json()["items"][1]
    assert datetime.fromisoformat(later["seen_at"]) == seen[1], "it is not written at each request"
    assert [one["current"] for one in (await phone.get("/me/sessions")).json()["items"]] == [True, False]


async def test_a_session_that_is_ended_elsewhere_is_over_within_a_second(hall: Hall) -> None:
    wren = await hall.user("wren")
    phone = await on_a_phone(hall)
    assert (await phone.get("/me")).status_code == 200
    other, own = (await wren.client.get("/me/sessions")).json()["items"]
    path = f"/me/sessions/{other['id']}"
    eve, mod = await hall.user("eve"), await hall.user("mod", role="admin")
    for stranger in (eve, mod):
        assert (await stranger.client.delete(path)).status_code == 404, "somebody else's, whoever asks"
    assert (await hall.client().delete(path)).status_code == 401
    assert (await phone.get("/me")).status_code == 200
    answers = await asyncio.gather(*(wren.client.delete(path) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 404, 404], "it ends once"
    assert not any("set-cookie" in answer.headers for answer in answers), "this browser stays signed in"
    async with asyncio.timeout(1):
        while (await phone.get("/me")).status_code != 401:
            await asyncio.sleep(0.02)
    assert (await wren.client.get("/me")).status_code == 200
    assert [one["id"] for one in (await wren.client.get("/me/sessions")).json()["items"]] == [own["id"]]
    await hall.drain()
    said = await hall.log("session.revoked")
    assert [(event["actor"], event["data"]["session_id"]) for event in said] == [(f"user:{wren.user_id}", other["id"])]


async def test_ones_own_session_is_ended_as_by_signing_out(hall: Hall) -> None:
    wren = await hall.user("wren")
    phone = await on_a_phone(hall)
    (own,) = (one for one in (await phone.get("/me/sessions")).json()["items"] if one["current"])
    made = (await phone.post("/me/tokens", json={"name": "ci"})).json()
    answer = await phone.delete(f"/me/sessions/{own['id']}")
    assert answer.status_code == 204
    by_name = await wren.client.post("/auth/logout")
    cut = [re.sub(r"expires=[^;]*", "", one.headers["set-cookie"]) for one in (answer, by_name)]
    assert cut[0] == cut[1]
    assert "Max-Age=0" in cut[0]
    await hall.drain()
    assert (await phone.get("/me")).status_code == 401
    program = {"authorization": f"Bearer {made['secret']}"}
    assert (await phone.get("/me", headers=program)).status_code == 200, "an access token is no session"
    assert (await phone.get("/me/sessions", headers=program)).json()["items"] == []


async def test_strangers_slow_an_account_down_but_not_on_devices_it_knows(hall: Hall) -> None:
    wren, stranger = await hall.user("wren"), hall.client()
    wrong = {"username": "wren", "password": "not the password"}
    codes = [await tried(hall, stranger, wrong) for _ in range(LOGIN_TRIES.burst + 2)]
    assert codes[:-2] == [401] * LOGIN_TRIES.burst
    assert codes[-2:] == [429, 429]
    right = {"username": "wren", "password": PASSWORD}
    by_mail = {"username": "Wren@Example.org", "password": PASSWORD}
    assert await tried(hall, hall.client(), by_mail) == 429, "the account, under whatever name"
    assert await tried(hall, hall.client(), {**wrong, "username": "eve"}) == 401, "others are not slowed"
    wren.client.cookies.delete(wren.cookie()[0])
    assert await tried(hall, wren.client, right) == 200, "this browser has signed in before"


async def tried(hall: Hall, client: httpx.AsyncClient, body: dict[str, str]) -> int:
    """A try from an address of its own, so that only the account's own quota counts."""
    found = await hall.installation.process.cache.command(
        "KEYS", hall.installation.process.cache.key("limit", "auth", "*")
    )
    if found:
        await hall.installation.process.cache.delete(*(key.decode() for key in found))
    answer = await client.post("/auth/login", json=body)
    if answer.status_code == 429:
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["code"] == "rate_limited"
    return answer.status_code


async def test_the_line_of_passwords_is_short(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    await hall.user("wren")
    monkeypatch.setattr(passwords, "WAITING_MAX", 0)
    answer = await hall.client().post("/auth/login", json={"username": "wren", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (503, "too_busy")
    assert answer.headers["retry-after"] == "1"


async def test_a_changed_address_is_verified_first(hall: Hall) -> None:
    wren, admin = await hall.user("wren"), await hall.user("ada", role="admin")
    phone = hall.client()
    await phone.post("/auth/login", json={"username": "wren", "password": PASSWORD})
    assert (await wren.client.get("/me")).json()["email_verified"] is False
    body = {"email": "new@example.org", "password": "wrong password"}
    assert (await wren.client.post("/auth/email/change", json=body)).status_code == 401
    assert (await wren.client.post("/auth/email/change", json={**body, "password": PASSWORD})).status_code == 202
    assert (await wren.client.get("/me")).json()["email"] == "wren@example.org", "until the link was used"
    mails = (await admin.client.get("/admin/outbox")).json()["items"]
    assert mails[0]["recipient"] == "new@example.org"
    first = next(mail for mail in mails if mail["recipient"] == "wren@example.org")
    assert (await wren.client.post("/auth/email/verify", json={"token": token_of(first)})).status_code == 410
    await hall.client().post("/auth/password/forgot", json={"email": "wren@example.org"})
    stale = token_of((await resets(admin))[0])
    token = {"token": token_of(mails[0])}
    assert (await wren.client.post("/auth/email/verify", json=token)).status_code == 204
    await hall.drain()
    me = (await wren.client.get("/me")).json()
    assert (me["email"], me["email_verified"]) == ("new@example.org", True)
    assert (await phone.get("/me")).status_code == 401, "all other sessions ended"
    reset = {"token": stale, "password": "a wholly new phrase"}
    assert (await hall.client().post("/auth/password/reset", json=reset)).status_code == 410, (
        "it went to the old address"
    )
    told = (await admin.client.get("/admin/outbox")).json()["items"][0]
    assert (told["recipient"], told["subject"]) == ("wren@example.org", "Your address was changed")


async def test_links_are_good_for_thirty_minutes_and_few(hall: Hall) -> None:
    await hall.user("wren")
    admin = await hall.user("ada", role="admin")
    for _ in range(6):
        answer = await hall.client().post("/auth/password/forgot", json={"email": "Wren@example.org"})
        assert answer.status_code == 202, "it says the same however often"
    mails = await resets(admin)
    assert len(mails) == 3, "nobody's mailbox is flooded"
    hall.clock.advance(timedelta(minutes=30, seconds=1))
    reset = {"token": token_of(mails[0]), "password": "a wholly new phrase"}
    assert (await hall.client().post("/auth/password/reset", json=reset)).json()["code"] == "link_not_good"


async def test_a_refused_password_leaves_the_link_and_a_used_one_ends_the_others(hall: Hall) -> None:
    await hall.user("wren")
    admin = await hall.user("ada", role="admin")
    for _ in range(2):
        await hall.client().post("/auth/password/forgot", json={"email": "wren@example.org"})
    one, two = (token_of(mail) for mail in await resets(admin))
    weak = await hall.client().post("/auth/password/reset", json={"token": one, "password": "password2026!"})
    assert weak.json()["code"] == "invalid_password"
    good = {"token": one, "password": "a wholly new phrase"}
    assert (await hall.client().post("/auth/password/reset", json=good)).status_code == 204
    assert (await hall.client().post("/auth/password/reset", json={**good, "token": two})).status_code == 410


async def test_only_hashes_of_secrets_are_kept(hall: Hall) -> None:
    wren = await hall.user("wren")
    token = (await wren.client.post("/me/tokens", json={"name": "ci"}, headers={"idempotency-key": "k"})).json()[
        "secret"
    ]
    secrets = [PASSWORD, token, wren.cookie()[1], wren.cookie("device")[1]]
    async with hall.database(Identity).read() as tx:
        tables = await tx.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'identity' AND tablename <> 'mails' "
            "AND tablename NOT LIKE 'inbox%'"
        )
        for table in tables:
            rows = await tx.fetch(f'SELECT to_jsonb(t)::text FROM "{table[0]}" t')
            for row in rows:
                assert not [secret for secret in secrets if secret in row[0]], table[0]
                hexed = [secret for secret in secrets if secret.encode().hex() in row[0]]
                assert not hexed, table[0]


@pytest.mark.costly_passwords
async def test_an_older_hash_is_renewed_at_log_in(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    wren = await hall.user("wren")
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    async with hall.database(Identity).tx() as tx:
        await tx.execute("UPDATE credentials SET secret = $1 WHERE user_id = $2", old, wren.user_id)
    login = {"username": "wren", "password": PASSWORD}
    assert (await hall.client().post("/auth/login", json=login)).status_code == 200
    async with hall.database(Identity).read() as tx:
        kept = await tx.fetchval("SELECT secret FROM credentials WHERE user_id = $1", wren.user_id)
    assert "m=19456,t=2,p=1" in kept
    assert (await hall.client().post("/auth/login", json=login)).status_code == 200


async def test_what_is_known_of_a_caller_ends_with_their_day(hall: Hall) -> None:
    wren = await hall.user("wren", timezone="Pacific/Auckland")
    hall.clock.set(datetime(2026, 3, 2, 10, 59, 50, tzinfo=UTC))  # ten seconds to midnight in Auckland
    digest = hashlib.sha256(wren.cookie()[1].encode()).digest()
    principal = await hall.actions(Identity).resolve(digest)
    assert 0 < principal.fresh_s <= 10
    assert await hall.actions(Identity).resolve(b"x" * 32) is None


async def test_revert_has_nothing_to_take_back(hall: Hall) -> None:
    wren = await hall.user("wren")
    event = (await hall.log("user.registered"))[0]["id"]
    done = await hall.actions(Identity).revert([event])
    assert (done.undone, done.kept) == ([], {})
    assert (await wren.client.get("/me")).status_code == 200
