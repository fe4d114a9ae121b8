"""Any JSON, read by a mapping: what it finds, what it can't use, and that nobody makes it slow."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from questhall.services.integrations import rules
from questhall.services.integrations.cloudevents import Malformed
from questhall.services.integrations.mapped import ACTS_MAX, Mapping, Unmappable, drafts_of, faults_of

PLAIN = Mapping(
    kind="join('.', ['lesson', action])",
    account="user.name",
    external_id="id",
    occurred_at="at",
    attributes={"minutes": "minutes", "title": "lesson.title"},
)
BODY: dict[str, Any] = {
    "id": 77,
    "action": "Done",
    "user": {"name": " wren@school "},
    "at": "2026-03-02T08:00:00+01:00",
    "minutes": 25,
    "lesson": {"title": "Loops 🎉"},
}


def read(mapping: Mapping, body: Any) -> list[Any]:
    return [rules.storable(draft) for draft in drafts_of(mapping, json.dumps(body).encode())]


def why(mapping: Mapping, body: Any) -> dict[str, str]:
    with pytest.raises(Unmappable) as failed:
        read(mapping, body)
    return {fault.pointer: fault.detail for fault in failed.value.faults}


def changed(**parts: Any) -> Mapping:
    return msgspec.structs.replace(PLAIN, **parts)


def test_an_act_is_read() -> None:
    [draft] = read(PLAIN, BODY)
    assert (draft.kind, draft.account, draft.key) == ("lesson.done", "wren@school", "77")
    assert draft.occurred_at == datetime(2026, 3, 2, 7, tzinfo=UTC)
    assert draft.attributes == {"minutes": 25, "title": "Loops 🎉"}


def test_a_list_of_acts_is_read_and_what_is_not_wanted_left() -> None:
    several = changed(items="events[?action=='Done']", kind="'lesson.done'")
    acts = [BODY | {"id": n, "action": action} for n, action in ((1, "Done"), (2, "Begun"), (3, "Done"))]
    assert [draft.key for draft in read(several, {"events": acts})] == ["1", "3"]
    assert read(several, {"events": []}) == []
    assert read(several, {"ping": True}) == []
    assert why(several, {"events": [acts[0], acts[2] | {"user": {}}]}) == {
        "/account": "it finds nothing here (act 2 of 2)"
    }
    assert why(changed(items="events"), {"events": {"a": 1}}) == {"/items": "it gives an object, not a list"}
    assert "201 acts" in why(changed(items="events"), {"events": [BODY] * (ACTS_MAX + 1)})["/items"]


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("action", None, "join can't be done with nothing"),
        ("action", "two words", "no dotted name"),
        ("action", "x" * 200, "no dotted name"),
        ("user", None, "finds nothing"),
        ("user", {"name": ""}, "an empty text"),
        ("user", {"name": "\0"}, "an empty text"),
        ("user", {"name": "x" * 201}, "more than 200 characters"),
        ("user", {"name": ["wren"]}, "a list, not a text"),
        ("user", {"name": True}, "yes or no, not a text"),
        ("id", None, "finds nothing"),
        ("id", 1.5, "a number, not a text or a whole number"),
        ("id", {}, "an object, not a text"),
        ("id", "y" * 301, "more than 300 characters"),
        ("at", "yesterday", "no RFC 3339"),
        ("at", "2026-03-02T08:00:00", "no zone"),
        ("at", 1e300, "no time"),
        ("at", -(10**15), "no time"),
        ("at", False, "yes or no, not a time"),
    ],
)
def test_what_can_not_be_used_is_named_by_its_part(part: str, value: Any, said: str) -> None:
    pointer = {"action": "/kind", "user": "/account", "id": "/external_id", "at": "/occurred_at"}[part]
    faults = why(PLAIN, BODY | {part: value})
    assert list(faults) == [pointer]
    assert said in faults[pointer]


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert set(why(PLAIN, {})) == {"/kind", "/account", "/external_id"}


@pytest.mark.parametrize(
    ("at", "meant"),
    [
        (None, None),
        (1772438400, datetime(2026, 3, 2, 8, tzinfo=UTC)),
        (1772438400.5, datetime(2026, 3, 2, 8, 0, 0, 500000, tzinfo=UTC)),
        (1772438400000, datetime(2026, 3, 2, 8, tzinfo=UTC)),
    ],
)
def test_times_are_texts_seconds_or_milliseconds(at: Any, meant: datetime | None) -> None:
    assert read(PLAIN, BODY | {"at": at})[0].occurred_at == meant


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (-(2**63), None),
        (0.5, 0.5),
        (False, False),
        ("", ""),
        ("zero \0 inside", "zero  inside"),
        ("x" * 501, "x" * 500),
        (None, None),
        ([1], None),
        ({"a": 1}, None),
    ],
)
def test_attributes_are_what_a_rule_can_read_and_a_database_keep(value: Any, kept: Any) -> None:
    assert read(PLAIN, BODY | {"minutes": value})[0].attributes.get("minutes") == kept


def test_an_attribute_that_can_not_be_worked_out_is_left_out() -> None:
    endless = {"n": "to_number('inf')", "m": "length(nobody)", "o": "avg(`[]`)"}
    assert read(changed(attributes=endless), BODY)[0].attributes == {}
    half = changed(attributes={"half": '`"\\ud800"`'})
    assert why(half, BODY) == {"/attributes/half": "it gives half of a character"}


@pytest.mark.parametrize("number", [2**63, 2**64 + 1, 10**40])
def test_large_numbers_name_accounts_and_acts_exactly(number: int) -> None:
    [draft] = read(changed(account="id"), BODY | {"id": number})
    assert (draft.account, draft.key) == (str(number), str(number))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'"\\ud800"', b"[" * 20_000 + b"]" * 20_000, b"{} {}"])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        drafts_of(PLAIN, body)


def test_what_can_never_be_used_is_refused_when_it_is_saved() -> None:
    bad = changed(kind="lower(action)", external_id="id.", attributes={"ok": "id", "no": "((", "not a name": "id"})
    assert {fault.pointer: fault.detail for fault in faults_of(bad)} == {
        "/kind": "there is no function lower",
        "/external_id": "something is missing at its end",
        "/attributes/no": "something is missing at its end",
        "/attributes": "names have letters, digits and _, 60 at most, and begin with no digit",
    }
    assert faults_of(PLAIN) == []


def test_a_body_that_is_too_dear_is_refused_in_time() -> None:
    dear = {"/attributes/a": "it takes more than 1000 steps"}
    assert why(changed(attributes={"a": "list[?@ > `5`] | [0]"}), BODY | {"list": list(range(10_000))}) == dear
    costly = changed(items="acts", attributes={f"a{n}": "list[?@ > `5`] | [0]" for n in range(32)})
    acts = [BODY | {"list": list(range(150))}] * ACTS_MAX
    text = json.dumps({"acts": acts}).encode()
    began = time.thread_time()
    with pytest.raises(Unmappable, match="all expressions together take more than 20000 steps"):
        drafts_of(costly, text)
    assert time.thread_time() - began < 0.1


def test_as_many_acts_as_are_taken_at_once_and_as_many_attributes_fit() -> None:
    wide = changed(items="acts", attributes={f"a{n}": f"a{n}.b" for n in range(20)})
    acts = [BODY | {"id": n} | {f"a{m}": {"b": m} for m in range(20)} for n in range(ACTS_MAX)]
    assert len(read(wide, {"acts": acts})) == ACTS_MAX


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*BODY, "name"]), inner),
    )
)
def test_any_json_is_read_or_refused(body: Any) -> None:
    try:
        text = msgspec.json.encode(body)
    except (OverflowError, UnicodeEncodeError):
        return
    for mapping in (PLAIN, changed(items="@", account="@", external_id="@"), changed(kind="@", items="*")):
        try:
            for draft in drafts_of(mapping, text):
                assert draft.account
                assert draft.key
        except (Malformed, Unmappable) as failed:
            assert str(failed)
