"""CEL, the Common Expression Language: compiled once, bounded in cost, evaluated natively.

The bounds hold by the expression's text (length, parts, nesting of macros, functions, patterns), by the size of what it
looks at, and by a trial of its cost when it is saved. So nobody who authors a rule, and nobody who sends an event, can
make an evaluation slow.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, ClassVar

import cel
import msgspec

from questhall.kernel.contract import Refusal

__all__ = ["Expression", "Facts", "InvalidExpression", "check_expression", "compile_expression"]

LENGTH_MAX = 1024
"""Bytes of an expression."""
NODES_MAX = 200
"""Parts (names, literals, signs) of an expression."""
MACRO_DEPTH_MAX = 2
INPUT_MAX = 64 * 1024
"""Bytes of JSON that an expression looks at; nothing holds for what is larger."""
INPUT_DEPTH_MAX = 32
WEIGHTS = {"map": 2, "filter": 2, "matches": 20}
"""What these take, in steps, beyond the macro itself: lists are built anew, patterns compiled anew."""
STEPS_MAX = 1000
"""Steps of about a microsecond that the macros of an expression may take over what it looks at; for more, it does not hold."""
TRIAL_RUNS = 100
TRIAL_MAX_S = 0.005
"""CPU time of all the trial runs together, on a sample; what takes longer is refused when it is saved."""
PATTERN_MAX_S = 0.001
"""CPU time that a pattern of ``matches`` may take: it is built anew each time."""

_TOKEN = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[A-Za-z_][A-Za-z0-9_]*|\d+(?:\.\d+)?|&&|\|\||[=!<>]=|[^\s]"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
_FUNCTIONS = frozenset(
    {"contains", "startsWith", "endsWith", "matches", "size", "has", "in", "string", "int", "uint", "double", "bytes"}
    | {"duration", "timestamp", "type", "dyn", "getFullYear", "getMonth", "getDayOfYear", "getDayOfMonth", "getDate"}
    | {"getDayOfWeek", "getHours", "getMinutes", "getSeconds", "getMilliseconds"}
)
_FAILED = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""What a field that is not there, a division by zero or a sum that is too large raise: the expression does not hold."""


class InvalidExpression(Refusal):
    """The expression can't be used: ``detail`` says why."""

    code: ClassVar[str] = "invalid_expression"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This condition can't be used"


class Facts:
    """What expressions look at: an event's ``data``, and ``event`` (type, source, time). Prepared once, for any number of them.

    ``size`` is the number of bytes of the data as JSON, where it is known.
    """

    __slots__ = ("_context", "_widest", "data", "event")

    def __init__(self, data: Mapping[str, Any], event: Mapping[str, Any], *, size: int | None = None) -> None:
        self.data = data
        self.event = event
        self._context: Any = None
        self._widest = -1
        if size is None:
            size = len(msgspec.json.encode(data))
        if size <= INPUT_MAX and _depth(data) <= INPUT_DEPTH_MAX:
            try:
                self._context = cel.Context(variables={"data": data, "event": event})
            except _FAILED:
                self._context = None

    @property
    def context(self) -> Any:
        """The native form; None for what is too large or can't be looked at."""
        return self._context

    @property
    def widest(self) -> int:
        """The number of entries of the largest list or map."""
        if self._widest < 0:
            self._widest = _width(self.data)
        return self._widest


class Expression:
    """A compiled condition."""

    __slots__ = ("_flat", "_literal", "_nested", "_program", "source")

    def __init__(self, source: str, program: Any, *, flat: int, nested: int, literal: int) -> None:
        self.source = source
        self._program = program
        self._flat = flat
        self._nested = nested
        self._literal = literal

    def _affordable(self, facts: Facts) -> bool:
        if not self._flat:
            return True
        width = max(facts.widest, self._literal)
        return self._flat * width + self._nested * width * width <= STEPS_MAX

    def holds(self, facts: Facts) -> bool:
        """Whether it is true. A field that the event does not have makes it false, not an error."""
        return self.value(facts) is True

    def value(self, facts: Facts) -> Any:
        """What it evaluates to; None where a field is missing."""
        if facts.context is None or not self._affordable(facts):
            return None
        try:
            return self._program.execute(facts.context)
        except _FAILED:
            return None


@lru_cache(maxsize=4096)
def compile_expression(source: str) -> Expression:
    """Compiles, within the bounds of length, parts and macro nesting. Refuses ``invalid_expression``."""
    if len(source.encode()) > LENGTH_MAX:
        raise InvalidExpression(f"it is longer than {LENGTH_MAX} bytes")
    tokens = _TOKEN.findall(source)
    if len(tokens) > NODES_MAX:
        raise InvalidExpression(f"it has more than {NODES_MAX} parts")
    depths = _macro_depths(tokens)
    if max(depths, default=0) > MACRO_DEPTH_MAX:
        raise InvalidExpression(f"macros are nested deeper than {MACRO_DEPTH_MAX}")
    _check_writing(source, tokens)
    _check_functions(tokens)
    try:
        program = cel.compile(source)
    except ValueError as error:
        raise InvalidExpression(str(error).split("\n")[0][:300]) from None
    bound = {tokens[n + 2] for n, token in enumerate(tokens[:-2]) if token in _MACROS and tokens[n + 1] == "("}
    unknown = set(program.variables()) - {"data", "event"} - bound
    if unknown:
        raise InvalidExpression(f"there is no {', '.join(sorted(unknown))}: only data and event")
    literal = tokens.count(",") + 1
    flat = len(depths) and len(depths) + sum(WEIGHTS.get(token, 0) for token in tokens)
    return Expression(source, program, flat=flat, nested=sum(d > 1 for d in depths), literal=literal)


def check_expression(source: str, sample: Facts, *, condition: bool = True) -> Expression:
    """Compiles, and tries its cost on a sample. A ``condition`` has to be true or false. Refuses ``invalid_expression``."""
    expression = compile_expression(source)
    for pattern in _patterns(source):
        _check_pattern(pattern)
    value = expression.value(sample)
    if condition and value is not None and not isinstance(value, bool):
        raise InvalidExpression("it has to be true or false")
    began = time.thread_time()
    for _ in range(TRIAL_RUNS):
        expression.value(sample)
        if time.thread_time() - began > TRIAL_MAX_S:
            raise InvalidExpression(f"it takes longer than {TRIAL_MAX_S / TRIAL_RUNS * 1e6:.0f} µs")
    return expression


def _check_writing(source: str, tokens: list[str]) -> None:
    # What would make the tokens here other than those that CEL reads.
    if "'''" in source or '"""' in source:
        raise InvalidExpression("texts stand in single or double quotes")
    for token, following in pairwise(tokens):
        if token.lower() in ("r", "b", "rb", "br") and following[:1] in ("'", '"'):
            raise InvalidExpression("texts stand in plain quotes, without a letter before them")
        if token == following == "/":
            raise InvalidExpression("there is no room for comments")


def _check_functions(tokens: list[str]) -> None:
    # A name that is called and not known would never hold, in silence.
    for name, following in pairwise(tokens):
        if following == "(" and _NAME.fullmatch(name) and name not in _FUNCTIONS and name not in _MACROS:
            raise InvalidExpression(f"there is no function {name}")


def _patterns(source: str) -> list[str]:
    tokens = _TOKEN.findall(source)
    found: list[str] = []
    for number, token in enumerate(tokens[:-1]):
        if token == "matches" and tokens[number + 1] == "(":
            pattern, after = [*tokens, "", ""][number + 2], [*tokens, "", ""][number + 3]
            if pattern[:1] not in ("'", '"') or after != ")":
                raise InvalidExpression("matches takes a pattern in quotes")
            found.append(pattern)
    return found


def _check_pattern(pattern: str) -> None:
    program = cel.compile(f"''.matches({pattern})")
    fastest = 1.0
    for _ in range(3):
        began = time.thread_time()
        try:
            program.execute({})
        except RuntimeError as error:
            raise InvalidExpression(f"{pattern} is no pattern: {str(error).splitlines()[-1][:100]}") from None
        fastest = min(fastest, time.thread_time() - began)
        if fastest <= PATTERN_MAX_S:
            return
    raise InvalidExpression(f"the pattern {pattern[:40]} is too large")


def _macro_depths(tokens: list[str]) -> list[int]:
    """For each macro, how deep it is nested: 1 for the outermost."""
    depth = 0
    found: list[int] = []
    opened: list[bool] = []
    for number, token in enumerate(tokens):
        if token == "(":
            macro = number >= 2 and tokens[number - 1] in _MACROS and tokens[number - 2] == "."
            opened.append(macro)
            depth += macro
            if macro:
                found.append(depth)
        elif token == ")" and opened:
            depth -= opened.pop()
    return found


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level and deepest <= INPUT_DEPTH_MAX:
        deepest += 1
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, dict | list)
        ]
    return deepest


def _width(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    children = value.values() if isinstance(value, dict) else value
    return max(len(value), *(_width(child) for child in children), 0)
