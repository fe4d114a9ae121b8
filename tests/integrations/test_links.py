"""Whose account is whose: one player's at most, by GitHub's number once it is known, in bulk all or none; what waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from questhall.contracts.integrations import Integrations
from questhall.kernel.testing import Hall, HallUser
from tests.integrations.test_ingest import connect, example


def push(number: int, login: str, account_id: int) -> dict[str, Any]:
    payload = example("push")
    # Changed: another commit, by this account.
    payload["after"] = f"{number:040x}"
    payload["sender"] |= {"login": login, "id": account_id}
    return payload


async def earners(hall: Hall) -> list[str]:
    await hall.drain()
    return [event["data"]["user_id"] for event in await hall.log("activity.recorded")]


async def link(manager: HallUser, **body: str) -> Any:
    return await manager.client.post("/sources/acme/links", json=body)


async def links(manager: HallUser) -> dict[str, str]:
    items = (await manager.client.get("/sources/acme/links?limit=100")).json()["items"]
    return {item["account"]: item["username"] for item in items}


async def test_an_account_is_one_players_at_most(hall: Hall) -> None:
    _, manager, wren = await connect(hall, link="wren-gh")
    await hall.user("ben")
    again = await link(manager, account="Wren-GH", username="wren")
    assert again.status_code == 201, "the same again is no conflict"
    taken = await link(manager, account="wren-gh", username="ben")
    assert (taken.status_code, taken.json()["code"]) == (409, "account_taken")
    bulk = await link(manager, csv="account,username\nben-gh,ben\nWREN-gh,ben\n")
    assert (bulk.status_code, bulk.json()["errors"]) == (409, [{"pointer": "#/csv/3", "detail": "it is wren's"}])
    assert await links(manager) == {"wren-gh": "wren"}, "all or none"
    mine = (await wren.client.get("/me/links")).json()["items"]
    assert (await manager.client.delete(f"/sources/acme/links/{mine[0]['id']}")).status_code == 204
    assert (await manager.client.delete(f"/sources/acme/links/{mine[0]['id']}")).status_code == 404
    assert (await link(manager, account="wren-gh", username="ben")).status_code == 201
    await hall.drain()
    told = [event["type"] for event in await hall.log() if event["type"].startswith("account.")]
    assert told == ["account.linked", "account.unlinked", "account.linked"]
    lines = [line["text"] for line in (await wren.client.get("/me/history")).json()["items"]]
    assert lines[:2] == ["Your GitHub account was unlinked", "Your GitHub account was linked"]


async def test_bad_lines_are_named_and_nothing_is_linked(hall: Hall) -> None:
    _, manager, _ = await connect(hall, link=None)
    await hall.user("ben")
    text = "account,username\na,wren\nb\n,ben\nc,ben,x\n"
    bad = await link(manager, csv=text)
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_links")
    assert [error["pointer"] for error in bad.json()["errors"]] == ["#/csv/3", "#/csv/4", "#/csv/5"]
    unknown = await link(manager, csv="a,wren\nb,nobody\nc,nobody\n")
    assert [error["detail"] for error in unknown.json()["errors"]] == ["there is no player nobody"] * 2
    twice = await link(manager, csv="a,wren\nA,ben\n")
    assert twice.json()["errors"] == [{"pointer": "#/csv/2", "detail": "A is given to wren too"}]
    for body in ({}, {"account": "a"}, {"csv": ""}, {"csv": "a,wren", "account": "a"}):
        assert (await link(manager, **body)).json()["code"] == "bad_links", body
    assert await links(manager) == {}
    good = await link(manager, csv="\ufeffaccount,username\r\n a , WREN \r\n\r\nb,ben\r\n")
    assert good.status_code == 201, good.text
    assert await links(manager) == {"a": "wren", "b": "ben"}


async def test_five_thousand_links_at_once(hall: Hall) -> None:
    _, manager, _ = await connect(hall, link=None)
    text = "\n".join(f"account-{n},wren" for n in range(5000))
    answer = await link(manager, csv=text)
    assert answer.status_code == 201, answer.text
    assert len(answer.json()["items"]) == 100, "the first of them are shown"
    over = await link(manager, csv=text + "\none-more,wren")
    assert over.json()["code"] == "bad_links"


async def test_a_retried_link_gets_its_answer_again(hall: Hall) -> None:
    _, manager, _ = await connect(hall, link=None)
    body, key = {"account": "a", "username": "wren"}, {"idempotency-key": "k"}
    first = await manager.client.post("/sources/acme/links", json=body, headers=key)
    second = await manager.client.post("/sources/acme/links", json=body, headers=key)
    assert (first.status_code, second.status_code, second.json()) == (201, 201, first.json())
    assert second.headers["idempotency-replayed"] == "true"
    key = {"idempotency-key": "r"}
    rotated = [(await manager.client.post("/sources/acme/rotate", headers=key)).json()["secret"] for _ in range(2)]
    assert rotated[0]
    assert rotated[1] is None, "a secret is shown once, and a retry does not rotate again"


async def test_a_renamed_login_stays_its_players(hall: Hall) -> None:
    hook, manager, wren = await connect(hall, link="old-name")
    ben = await hall.user("ben")
    assert (await hook.send("push", push(1, "Old-Name", 7))).json()["outcome"] == "recorded"
    assert (await hook.send("push", push(2, "new-name", 7))).json()["outcome"] == "recorded", "renamed"
    assert await links(manager) == {"new-name": "wren"}
    taken_over = await hook.send("push", push(3, "new-name", 8))
    assert taken_over.json()["outcome"] == "waiting", "the name is another person's now, and earns nothing for wren"
    assert (await hook.send("push", push(4, "newest", 7))).json()["outcome"] == "recorded"
    assert (await link(manager, account="new-name", username="ben")).status_code == 201
    assert await earners(hall) == [str(wren.user_id)] * 3 + [str(ben.user_id)]


async def test_a_name_that_another_link_has_is_left_to_it(hall: Hall) -> None:
    hook, manager, wren = await connect(hall, link="one")
    ben = await hall.user("ben")
    await hook.send("push", push(1, "one", 7))
    await link(manager, account="two", username="ben")
    assert (await hook.send("push", push(2, "two", 7))).json()["outcome"] == "recorded", "by the number: still wren"
    assert await links(manager) == {"one": "wren", "two": "ben"}
    await hook.send("push", push(3, "two", 9))
    assert await earners(hall) == [str(wren.user_id)] * 2 + [str(ben.user_id)]


async def test_what_waits_is_credited_to_who_holds_the_name_now(hall: Hall) -> None:
    hook, manager, wren = await connect(hall, link=None)
    await hook.send("push", push(1, "shared", 7))
    await hook.send("push", push(2, "shared", 8))
    assert (await link(manager, account="shared", username="wren")).status_code == 201
    assert await earners(hall) == [str(wren.user_id)], "what the one before did is not theirs"
    await hook.send("push", push(3, "renamed", 8))
    assert await earners(hall) == [str(wren.user_id)] * 2, "its number was learnt from what waited"


async def test_what_came_too_long_ago_waits_no_more(hall: Hall) -> None:
    hook, manager, wren = await connect(hall, link=None)
    first = (await hook.send("push", push(1, "late", 7))).json()
    hall.clock.advance(timedelta(days=29))
    second = (await hook.send("push", push(2, "late", 7))).json()
    hall.clock.advance(timedelta(days=1, minutes=1))
    await manager.client.post("/auth/login", json={"username": "mia", "password": "correct horse battery"})
    # Even before the sweep has run.
    await link(manager, account="late", username="wren")
    assert await earners(hall) == [str(wren.user_id)]
    await hall.run_job(Integrations, "forget_old")
    async with hall.database(Integrations).read() as tx:
        rows = {row["id"]: row for row in await tx.fetch("SELECT id::text, body, body_hash FROM deliveries")}
        assert await tx.fetchval("SELECT count(*) FROM waiting") == 0
    shown = {one["id"]: one for one in (await manager.client.get("/sources/acme/deliveries")).json()["items"]}
    assert (shown[first["delivery_id"]]["outcome"], shown[second["delivery_id"]]["outcome"]) == ("ignored", "recorded")
    assert shown[first["delivery_id"]]["detail"] == "waited 30 days for an account link"
    gone, kept = rows[first["delivery_id"]], rows[second["delivery_id"]]
    assert (gone["body"], len(gone["body_hash"])) == (None, 32), "after 30 days the hash is left"
    assert kept["body"] is not None
    old = await manager.client.post(f"/sources/acme/deliveries/{first['delivery_id']}/redeliver")
    assert (old.status_code, old.json()["code"]) == (404, "source_not_found")
    again = await manager.client.post(f"/sources/acme/deliveries/{second['delivery_id']}/redeliver")
    assert again.json()["duplicate"] is True


async def test_links_are_for_managers(hall: Hall) -> None:
    _, _, wren = await connect(hall)
    for method, path in (
        ("POST", "/sources/acme/links"),
        ("GET", "/sources/acme/links"),
        ("GET", "/sources/acme/deliveries"),
        ("POST", "/sources/acme/rotate"),
    ):
        assert (await wren.client.request(method, path, json={})).status_code == 403, path
