"""What GitHub's payloads become: kinds, keys, who, attributes; and the document that says so."""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from questhall.services.integrations import cloudevents, github, rules
from tests.integrations.test_ingest import example, examples

DOCUMENT = Path(__file__).parents[2] / "docs/activities.md"
TYPES = {"text": str, "number": int, "yes or no": bool}
EXAMPLES = examples()


def drafts(event: str, payload: dict[str, Any]) -> list[github.Draft]:
    try:
        return github.drafts_of(event, payload)
    except github.Ignored:
        return []


def merged(by: str = "octocat") -> dict[str, Any]:
    payload = example("pull_request", action="closed")
    # Changed: the example was closed unmerged. These are the fields that GitHub sends for a merge.
    payload["pull_request"] |= {"merged": True, "merged_at": "2026-03-01T10:00:00Z", "merged_by": {"login": by}}
    payload["sender"] = {"login": by, "id": 583231, "type": "User"}
    return payload


def _shape(key: str, event: str, payload: dict[str, Any]) -> str:
    """A key with its values named."""
    entity = github._part(payload, github._ENTITY.get(event, event))
    if event == "push":
        return "push:<repo>:<ref>:<after>"
    if event in ("star", "watch"):
        return re.sub(r":[^:]+:[^:]+:", ":<repo>:<login>:", key)
    if key.startswith("review:") and key.count(":") == 1:
        return "review:<id>"
    thing = str(entity.get("node_id") or entity.get("id"))
    if key.endswith(github._fingerprint(payload)):
        return key.replace(github._fingerprint(payload), "<content>").replace(f":{github._repo(payload)}:", ":<repo>:")
    shape = key.replace(f":{thing}:", ":<node_id>:" if entity.get("node_id") else ":<id>:")
    return shape.replace(f":{entity.get('updated_at')}", ":<updated_at>")


def rows() -> list[str]:
    """The document's table of kinds, as the code and all of GitHub's examples have it."""
    keys: dict[str, set[str]] = defaultdict(set)
    names: dict[str, dict[str, None]] = defaultdict(dict)
    for event, payload in [*EXAMPLES, ("pull_request", merged())]:
        for draft in drafts(event, payload):
            if event != "ping":
                keys[draft.kind].add(
                    _shape(draft.key.removesuffix("_by"), event, payload) + draft.key[-3:] * draft.key.endswith("_by")
                )
                names[draft.kind] |= dict.fromkeys(sorted(draft.attributes))
    return [
        f"| `{kind}` | {', '.join(f'`{key}`' for key in sorted(keys[kind]))} | {', '.join(sorted(names[kind]))} |"
        for kind in sorted(keys)
    ]


def documented() -> dict[str, type]:
    """The attributes that the document explains, with their types."""
    found = re.findall(r"^\| `([a-z_]+)` \| (text|number|yes or no) \| .+ \|$", DOCUMENT.read_text(), re.MULTILINE)
    return {name: TYPES[kind] for name, kind in found}


def test_the_document_lists_every_kind_with_its_key_and_attributes() -> None:
    listed = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `github.")]
    assert listed == rows(), "the table should read:\n" + "\n".join(rows())


def test_the_document_explains_every_attribute_and_its_type() -> None:
    said: dict[str, set[type]] = defaultdict(set)
    for event, payload in [*EXAMPLES, ("pull_request", merged())]:
        for draft in drafts(event, payload):
            for name, value in draft.attributes.items():
                said[name].add(type(value))
    explained = documented()
    assert {name: {kind} for name, kind in explained.items() if name in said} == said, "one type each, as documented"
    read = {name for reads in [github._COMMON, *github._SPECIAL.values()] for name in reads} | {"repo"}
    assert set(explained) == read


def test_the_document_names_what_we_name_otherwise() -> None:
    text = DOCUMENT.read_text()
    for event, name in github._NAMES.items():
        assert any(f"`github.{name}.<action>`" in line for line in text.splitlines() if f"`{event}`" in line), event


def test_every_kind_can_be_stored_and_is_a_plain_word() -> None:
    for event, payload in EXAMPLES:
        for draft in drafts(event, payload):
            assert github.KIND.fullmatch(draft.kind), draft.kind
            assert rules.storable(draft) == draft
            assert draft.account_id == str(payload["sender"]["id"])


def test_who_merges_anothers_work_is_credited_beside_its_author() -> None:
    author, merger = drafts("pull_request", merged())
    assert (author.kind, author.account) == ("github.pull_request.merged", "Codertocat")
    assert (merger.kind, merger.account, merger.account_id) == ("github.pull_request.merged_by", "octocat", "583231")
    assert merger.key == f"{author.key}_by"
    assert len(drafts("pull_request", merged("Codertocat"))) == 1, "one's own work counts once"


def test_two_hooks_that_tell_of_one_act_make_one_key() -> None:
    for event in ("create", "gollum", "check_run", "label", "status"):
        payload = example(event)
        other = {**copy.deepcopy(payload), "organization": {"login": "acme"}, "installation": {"id": 7}}
        assert drafts(event, payload)[0].key == drafts(event, other)[0].key, event
    first, second = example("create"), example("create") | {"ref": "another"}
    assert drafts("create", first)[0].key != drafts("create", second)[0].key


def test_free_text_makes_no_kind() -> None:
    payload = example("repository_dispatch") | {"action": "Deploy NOW, please!"}
    [draft] = drafts("repository_dispatch", payload)
    assert (draft.kind, draft.attributes["event_type"]) == ("github.repository_dispatch", "Deploy NOW, please!")
    with pytest.raises(github.Ignored):
        github.drafts_of("issues", example("issues") | {"action": "<script>"})


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_no_payload_whatever_breaks_the_reading(data: st.DataObject) -> None:
    event, payload = data.draw(st.sampled_from(EXAMPLES))
    broken = copy.deepcopy(payload)
    for _ in range(data.draw(st.integers(1, 4))):
        place: dict[str, Any] = broken
        for _ in range(data.draw(st.integers(0, 2))):
            inner = [value for value in place.values() if isinstance(value, dict) and value]
            if inner:
                place = data.draw(st.sampled_from(inner))
        place[data.draw(st.sampled_from(sorted(place)))] = data.draw(junk)
    for draft in drafts(event, broken):
        stored = rules.storable(draft)
        assert len(stored.key) <= rules.KEY_MAX
        assert len(stored.account) <= github.LOGIN_MAX
        assert all(isinstance(value, str | int | float | bool) for value in stored.attributes.values())


@given(st.dictionaries(st.text(max_size=200), junk, max_size=100))
@settings(max_examples=200, deadline=None)
def test_data_of_a_cloudevent_is_flat_and_bounded(data: dict[str, Any]) -> None:
    found = cloudevents._flat(data)
    assert len(found) <= cloudevents.ATTRIBUTES_MAX
    assert all(len(name) <= cloudevents.NAME_MAX for name in found)
    assert all(isinstance(value, str | int | float | bool) for value in found.values())


def event(**more: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "1", "source": "/s", "type": "a.b", "account": "wren", **more}


def test_no_other_source_and_id_make_the_same_key() -> None:
    one, two = cloudevents._draft(event(source="a:b", id="c")), cloudevents._draft(event(source="a", id="b:c"))
    assert one.key != two.key
    long = rules.storable(cloudevents._draft(event(id="x" * 2000)))
    other = rules.storable(cloudevents._draft(event(id="x" * 1999 + "y")))
    assert long.key != other.key
    assert len(long.key) <= rules.KEY_MAX


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id is missing"),
        ({"source": "a b"}, "URI reference"),
        ({"type": "No spaces"}, "dotted name"),
        ({"account": " "}, "who did it"),
        ({"account": 7}, "who did it"),
        ({"time": "yesterday"}, "RFC 3339"),
        ({"time": "2026-03-02T08:00:00"}, "no zone"),
        ({"data_base64": "%%%"}, "no base64"),
        ({"data_base64": "e30=", "data": {}}, "in place of data"),
        ({"data_base64": "e3s="}, "no JSON"),
    ],
)
def test_a_bad_event_is_refused_with_its_reason(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(cloudevents.Malformed, match=reason):
        cloudevents._draft(event(**wrong))


def test_data_may_come_encoded() -> None:
    assert cloudevents._draft(event(data_base64="eyJhIjogMX0=")).attributes == {"a": 1}
    picture = event(data_base64="AAEC", datacontenttype="image/png")
    assert cloudevents._draft(picture).attributes == {}
