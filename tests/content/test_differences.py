"""What a plan tells: field by field, and parts of lists by their names."""

from __future__ import annotations

from typing import Any

import pytest

from questhall.kernel.content import differences

READ, WALK = {"id": "read", "count": 1}, {"id": "walk", "count": 2}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"a": 2, "b": [3]}, [("a", 1, 2), ("b", None, [3])]),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 1}}, [("a/y", 2, None)]),
        ({"o": [READ, WALK]}, {"o": [{**READ, "count": 5}, WALK]}, [("o/read/count", 1, 5)]),
        ({"o": [READ, WALK]}, {"o": [WALK]}, [("o/read", READ, None)]),
        ({"o": [READ, WALK]}, {"o": [WALK, READ]}, [("o (order)", ["read", "walk"], ["walk", "read"])]),
        ({"o": ["a"]}, {"o": ["a", "b"]}, [("o", ["a"], ["a", "b"])]),
        ({"o": [READ, READ]}, {"o": [READ]}, [("o", [READ, READ], [READ])]),
    ],
)
def test_differences(before: Any, after: Any, told: list[tuple[str, Any, Any]]) -> None:
    assert [(one.field, one.before, one.after) for one in differences(before, after)] == told
