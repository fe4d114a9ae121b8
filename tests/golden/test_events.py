"""Each event has an example that was written when it was new, and is read and said the same today."""

from __future__ import annotations

import json

import msgspec
import pytest

from questhall.kernel.contract import Event
from tests import golden

EVENTS = golden.events()


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS.keys())
def test_what_was_said_once_is_read_and_said_the_same(event: type[Event]) -> None:
    file = golden.file_of(event)
    assert file.exists(), "run `python -m tests.golden`, read what it wrote, and keep it"
    text = file.read_text()
    data = json.dumps(json.loads(text)["data"])
    read = msgspec.json.decode(data, type=event)
    assert golden.text_of(read) == text, "a consumer that knows the old form can't read this: make it a new type"
    assert set(json.loads(data)) == set(event.__struct_fields__), "a new field belongs in the example too"
    loose = msgspec.json.decode(data.replace("{", '{"more": 1, ', 1), type=event)
    assert loose == read, "fields that a consumer does not know are ignored"


def test_no_example_is_of_an_event_that_is_gone() -> None:
    assert {file.stem for file in golden.FOLDER.glob("*.json")} == set(EVENTS)
