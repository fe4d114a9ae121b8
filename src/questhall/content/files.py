"""One file of content: a list of definitions in YAML 1.2 (its core schema), in UTF-8."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

__all__ = ["Unreadable", "read", "write"]

BYTES_MAX = 16 * 1024 * 1024
WIDTH = 120
_BREAKS = re.compile("[\x85\u2028\u2029]")
"""To YAML 1.1 these end a line, and would come back as a space or a newline."""
_TAG = "tag:yaml.org,2002:"


class Unreadable(ValueError):
    """The text is no file of content; says where and why."""


class _Loader(yaml.SafeLoader):
    """Nothing is read as something else: a date and `no` are texts, `010` is no eight, and no key is lost to its double."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuses aliases: a short text could stand for a huge one."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="an alias (*) is not read here: write it out", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuses a key that is there twice, or is no text."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != f"{_TAG}str":
                raise yaml.MarkedYAMLError(problem="a name of a field is a text", problem_mark=key.start_mark)
            if key.value in seen:
                problem = f"{key.value} is there twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Lists stand in from what holds them, and several lines are written as lines."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """See above."""
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        """Everything is written out."""
        return True


def _lines(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _BREAKS.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


_Dumper.add_representer(str, _lines)
for _name, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+0123456789."),
    ("null", r"~|null|Null|NULL|", "~nN"),
):
    _firsts = [*_first, ""] if _name == "null" else [*_first]
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(rf"^(?:{_pattern})$"), _firsts)


def read(raw: bytes) -> list[dict[str, Any]]:
    """The definitions in a file. Raises Unreadable."""
    if len(raw) > BYTES_MAX:
        raise Unreadable(f"it is larger than {BYTES_MAX // 1024 // 1024} MB")
    try:
        found = yaml.load(raw.decode("utf-8-sig"), _Loader)  # noqa: S506 - a safe loader's
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is no text in UTF-8 (byte {error.start})") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise Unreadable(f"{where}{error.problem or error.context or 'it is no YAML'}") from None
    except yaml.YAMLError as error:
        raise Unreadable(" ".join(str(error).split())) from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Unreadable("it has to be a list of definitions, each beginning with `- slug: ...`")
    return found


def write(definitions: Iterable[dict[str, Any]], heading: str) -> str:
    """The text of a file, under a comment."""
    parts = [
        yaml.dump([one], Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH, default_flow_style=False)
        for one in definitions
    ]
    return f"# {heading}\n" + ("\n".join(parts) or "[]\n")
