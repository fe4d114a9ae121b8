"""A file of content says what it seems to say: nothing is lost, read as something else, or stands for more than it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questhall.content import files

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    [
        "no",
        "on",
        "~",
        "null",
        "2026-03-02",
        "1:30",
        "010",
        "0x1F",
        "1_000",
        ".5",
        "=",
        "<<",
        "",
        " a ",
        "a\n\n b\n",
        "- x",
        "\ufeff",
    ]
)
VALUES = st.recursive(
    TEXTS | st.integers(-(2**60), 2**60) | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)
DEFINITIONS = st.lists(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), max_size=3)


@given(DEFINITIONS)
def test_what_is_written_is_read_again(definitions: list[dict[str, Any]]) -> None:
    text = files.write(definitions, "Quests")
    assert files.read(text.encode()) == definitions
    assert files.write(files.read(text.encode()), "Quests") == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"- slug: a\n  title: [\n", "line 3, column 1"),
        (b"- slug: a\n  slug: b\n", "line 2, column 3: slug is there twice"),
        (b"- slug: a\n  rewards: {xp: 1, xp: 2}\n", "line 2, column 20: xp is there twice"),
        (b"- slug: a\n  1: b\n", "line 2, column 3: a name of a field is a text"),
        (b"- &a {slug: a}\n- *a\n", r"line 2, column 3: an alias \(\*\)"),
        (b"- slug: \xff\n", r"no text in UTF-8 \(byte 8\)"),
        (b"slug: a\n", "a list of definitions"),
        (b"- a\n- b\n", "a list of definitions"),
        (b"- slug: !!python/name:os.system x\n", "line 1, column 9"),
        (b"- " + b"[" * 5000, "nested too deeply"),
        (b"- slug: a\x07\n", "unacceptable character"),
        (b"#" * (files.BYTES_MAX + 1), "larger than 16 MB"),
    ],
)
def test_what_is_no_content_is_said_with_its_place(text: bytes, said: str) -> None:
    with pytest.raises(files.Unreadable, match=said):
        files.read(text)


def test_an_empty_file_has_nothing() -> None:
    assert files.read(b"# nothing yet\n") == files.read(b"[]\n") == []
