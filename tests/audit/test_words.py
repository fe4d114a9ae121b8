"""Events in plain words, and audit's other pure decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from questhall.kernel.sealing import differences, digest_of
from questhall.kernel.service import discover
from questhall.services.audit import rules, words

WREN, EVE = UUID("a1f4c0de-0000-4000-8000-000000000001"), UUID("a1f4c0de-0000-4000-8000-000000000002")
BADGE = {
    "name": "Bridge builder",
    "tier": "gold",
    "rarity": "rare",
    "award_id": "a1",
    "achievement_id": "b1",
    "version": 3,
}
COINS = {"currency": "coins", "amount": 1, "transfer_id": "t1", "reason": "First steps", "source": "mint:quests"}


@pytest.mark.parametrize(
    ("kind", "data", "text", "link"),
    [
        ("user.registered", {}, "You arrived at the camp", None),
        ("currency.credited", COINS, "You received 1 coin for First steps", ("transaction", "t1")),
        (
            "currency.credited",
            {**COINS, "currency": "xp", "amount": 2500, "reason": ""},
            "You received 2,500 XP",
            ("transaction", "t1"),
        ),
        (
            "currency.credited",
            {**COINS, "currency": "event:snow-flakes", "amount": 2, "transaction_type": "reversal"},
            "You got 2 snow flakes back",
            ("transaction", "t1"),
        ),
        ("currency.debited", {**COINS, "amount": 5}, "You gave 5 coins for First steps", ("transaction", "t1")),
        (
            "currency.debited",
            {**COINS, "amount": 5, "source": "sink:debt"},
            "You paid back 5 coins that you owed",
            ("transaction", "t1"),
        ),
        (
            "currency.owed",
            {**COINS, "amount": 5, "debt": 12},
            "You owe 12 coins: what comes in pays it back first",
            ("transaction", "t1"),
        ),
        ("badge.earned", BADGE, "You earned the badge “Bridge builder”, gold", ("badge", "a1")),
        (
            "badge.earned",
            {**BADGE, "reason": "for the party"},
            "You were given the badge “Bridge builder”, gold",
            ("badge", "a1"),
        ),
        ("badge.revoked", {"name": "Kind", "tier": None}, "The badge “Kind” was taken back", None),
        ("badge.revoked", {"name": "Kind", "tier": "gold"}, "The badge “Kind”, gold, was taken back", None),
        ("level.reached", {"level": 4, "xp": 700}, "You reached level 4", ("level", "4")),
        ("level.reached", {"level": 4, "xp": 700, "earlier": ["e1"]}, "You reached level 4 again", ("level", "4")),
        ("streak.extended", {"length": 1, "best": 9}, "A new streak begins", None),
        ("streak.extended", {"length": 7, "best": 9}, "Your streak burns for 7 days", None),
        ("streak.broken", {"length": 1}, "Your streak rests after 1 day", None),
        (
            "quest.completed",
            {"title": "{curly}", "difficulty": "easy", "quest_id": "q1"},
            "You completed “{curly}”",
            ("quest", "q1"),
        ),
        ("quest.accepted", {"title": "Merge one", "quest_id": "q1"}, "You set out on “Merge one”", ("quest", "q1")),
        ("user.role_changed", {"role": "manager"}, "You author quests and badges now, as a manager", None),
        ("user.suspended", {"suspended": True, "reason": "x"}, "Your account rests for a while", None),
    ],
)
def test_lines_of_a_history(kind: str, data: dict[str, Any], text: str, link: tuple[str, str] | None) -> None:
    line = words.line_of(kind, data)
    assert line is not None
    assert (line.text, line.link) == (text, link)
    assert line.icon


def test_an_act_says_what_and_where() -> None:
    data = {
        "kind": "github.review.submitted",
        "source": "acme",
        "attributes": {"repo": "octo/hall", "number": 12, "title": "Fix"},
    }
    line = words.line_of("activity.recorded", data)
    assert line is not None
    assert (line.text, line.detail) == ("You reviewed a pull request", "octo/hall #12, Fix")
    other = words.line_of("activity.recorded", {"kind": "course.lesson_finished", "source": "school", "attributes": {}})
    assert other is not None
    assert (other.text, other.detail) == ("Course lesson finished", "from school")
    step = words.step_of("activity.recorded", data)
    assert (step.kind, step.title, step.detail) == ("activity", "A pull request was reviewed", "octo/hall #12, Fix")
    turned = {**data, "attributes": {"repo": "octo\u202e/hall", "title": "Fix\u2066 it"}}
    assert words.step_of("activity.recorded", turned).detail == "octo/hall, Fix it", (
        "it is kept as it came, shown as it reads"
    )
    assert words.told("github", "Acme", turned)[0] == "GitHub told us: a pull request was reviewed in octo/hall"


@pytest.mark.parametrize(
    "kind", ["quest.progressed", "badge.progressed", "reward.settled", "session.started", "user.login"]
)
def test_noise_is_no_part_of_a_history(kind: str) -> None:
    assert words.line_of(kind, {}) is None
    assert rules.class_of(kind) == "passing"


def test_every_event_about_a_player_has_words_or_is_silent_on_purpose() -> None:
    personal = {event.type for service in discover() for event in service.contract.events if event.personal}
    assert personal == words.WRITERS.keys() | words.SILENT
    assert not words.WRITERS.keys() & words.SILENT
    assert {rules.class_of(kind) for kind in words.WRITERS} == {"lasting"}, "a history reads that class alone"


@pytest.mark.parametrize("kind", sorted(words.WRITERS))
def test_a_line_of_an_older_version_is_still_a_line(kind: str) -> None:
    line = words.line_of(kind, {})
    assert line is not None
    assert line.text
    assert words.step_of(kind, {}).title


def test_a_reward_says_its_parts_and_the_version_of_its_rule() -> None:
    reason = {"kind": "quest", "id": "q1", "title": "Merge one", "version": 4, "ref": "c1"}
    parts = [
        {"id": "g:0", "kind": "currency", "what": "xp", "amount": 55, "base": 50},
        {"id": "g:1", "kind": "item", "what": "i1", "amount": 2, "base": 2},
    ]
    step = words.step_of("reward.granted", {"reason": reason, "parts": parts, "modifiers": {"factor": 1.1}})
    assert (step.kind, step.title, step.detail) == (
        "reward",
        "The reward of “Merge one”",
        "55 XP, 2 × item, at 110 %",
    )
    assert step.rule == {"kind": "quest", "id": "q1", "title": "Merge one", "version": 4}
    repeated = words.step_of("reward.granted", {"reason": reason, "parts": parts, "modifiers": {"factor": 0.8**2}})
    assert repeated.detail.endswith(", at 64 %")
    assert words.step_of("badge.earned", BADGE).rule == {
        "kind": "achievement",
        "id": "b1",
        "title": "Bridge builder",
        "version": 3,
    }
    given = words.step_of("badge.earned", {**BADGE, "reason": "for the party"})
    assert given.detail == "by hand: for the party", "its rule did not ask for anything"


@pytest.mark.parametrize(
    ("kind", "effect", "sees_all", "named"),
    [
        ("transaction", str(EVE), False, str(EVE)),
        ("transaction", "1 OR 1=1", True, None),
        ("level", "7", False, f"{WREN}:7"),
        ("level", "007", False, f"{WREN}:7"),
        ("level", "x", False, None),
        ("level", "-1", False, None),
        ("level", "٧", False, None),
        ("level", f"{EVE}:7", False, None),
        ("level", f"{WREN}:7", False, f"{WREN}:7"),
        ("level", f"{EVE}:7", True, f"{EVE}:7"),
    ],
)
def test_names_of_effects(kind: str, effect: str, sees_all: bool, named: str | None) -> None:
    assert rules.reference(kind, effect, WREN, sees_all=sees_all) == named


def test_when_a_chain_is_whole() -> None:
    one, two = uuid4(), uuid4()
    assert rules.is_act(None, None)
    assert rules.is_act(one, one), "what began the chain is no event"
    assert not rules.is_act(one, two)
    assert not rules.is_act(one, None)
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert rules.may_still_come(now - timedelta(minutes=9), now)
    assert not rules.may_still_come(now - timedelta(minutes=10), now)


def test_differences_name_the_rows() -> None:
    rows = {n: (n, UUID(int=n), "text") for n in (3, 4, 9)}
    digests = b"".join(digest_of(row) for row in rows.values())
    assert differences([3, 4, 9], digests, rows) == []
    edited = {3: rows[3], 4: (4, UUID(int=4), "other"), 5: (5, UUID(int=5), "new")}
    assert differences([3, 4, 9], digests, edited) == [
        (4, "the row was changed"),
        (5, "the row was slipped in"),
        (9, "the row is gone"),
    ]


@pytest.mark.parametrize(
    ("source_kind", "activity", "title", "detail"),
    [
        (
            "github",
            {"kind": "github.pull_request.merged", "attributes": {"repo": "Acme/app"}},
            "GitHub told us: a pull request was merged in Acme/app",
            "through the source “Our school”",
        ),
        ("cloudevents", {"kind": "school.lesson_done", "attributes": {}}, "Our school told us: school lesson done", ""),
        ("github", {}, "GitHub told us: something happened", "through the source “Our school”"),
    ],
)
def test_a_delivery_says_what_it_told_of(source_kind: str, activity: Any, title: str, detail: str) -> None:
    assert words.told(source_kind, "Our school", activity) == (title, detail)
