"""Every list and page of every service, asked with what no honest client would send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from questhall.gateway import policy
from questhall.kernel.limits import Quota
from questhall.kernel.paging import cursor_of
from questhall.kernel.testing import Hall

ROOT = "http://localhost:8000"
NOBODY = "01890000-0000-7000-8000-000000000000"
CURSORS = [
    *(cursor_of(n) for n in (2**63, -(2**63) - 1, 2**200)),
    *(cursor_of(n, NOBODY) for n in (2**31, 2**63)),
    *(cursor_of(text) for text in ("\0", "a\0b", "x" * 250, NOBODY)),
    "\0",
    "é",
    "A" * 400,
    "====",
]
TEXTS = [
    *("\0", "a\0b", "\N{GRINNING FACE}", "9" * 400, "-1", str(2**63), "1e400", "NaN", "%", "\\"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
]
SEGMENTS = [NOBODY, "github", "a%00b", "%F0%9F%98%80", str(2**63)]


def questions(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Paths and queries of every GET route."""
    for template, operations in document["paths"].items():
        if "get" not in operations:
            continue
        for segment in SEGMENTS if "{" in template else [""]:
            yield re.sub(r"\{[^}]+\}", segment, template), {}
        path = re.sub(r"\{[^}]+\}", NOBODY, template)
        for parameter in operations["get"].get("parameters", []):
            if parameter["in"] == "query":
                name = parameter["name"]
                yield from ((path, {name: value}) for value in (CURSORS if name == "after" else TEXTS))


async def test_no_question_however_hostile_is_a_failure_of_ours(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    plenty = Quota("plenty", 1_000_000, 60)
    monkeypatch.setitem(policy.QUOTAS, "read", plenty)
    monkeypatch.setattr(policy, "USER_QUOTA", plenty)
    monkeypatch.setattr(policy, "ADDRESS_QUOTA", plenty)
    ada = await hall.user("ada", role="admin")
    document = (await ada.client.get(f"{ROOT}/api/openapi.json")).json()
    asked, cursors, failed = 0, 0, []
    for path, query in questions(document):
        answer = await ada.client.get(f"{ROOT}{path}", params=query)
        asked += 1
        assert answer.status_code != 429
        if answer.status_code >= 500:
            failed.append((path, query, answer.status_code))
        if query.get("after") == cursor_of(2**200):
            cursors += 1
            assert answer.status_code in (404, 422), (path, answer.text)
    assert failed == []
    assert asked > 300
    assert cursors > 8
