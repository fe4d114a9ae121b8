"""CEL, the Common Expression Language: compiled once, bounded in cost, evaluated natively.

The bounds hold by the expression's text (length, parts, nesting of macros, functions, patterns), by the size of what it
looks at, and by a trial of its cost when it is saved. So nobody who authors a rule, and nobody who sends an event, can
make an evaluation slow.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import combinations, pairwise
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
"""Steps of about a microsecond that an expression may take over what it looks at; for more, it does not hold."""
ENTRIES_A_STEP = 30
"""Values of the input that are read, compared or copied in a step: whatever a name leads to is copied."""
BYTES_A_STEP = 7000
"""Bytes of a text that are joined in a step."""
TRIAL_RUNS = 100
TRIAL_MAX_S = 0.005
"""CPU time of all the trial runs together, on a sample; what takes longer is refused when it is saved."""
PATTERNS_MAX_S = 0.001
"""CPU time that all patterns of ``matches`` may take together: each is built anew each time."""
MACRO_PATTERN_MAX_S = 0.00004
"""CPU time of a pattern within a macro: it is built anew for each entry."""
HARD_TEXT = 1024
"""Characters of the texts that a pattern is tried on."""
HARD_LETTERS = 6
HARD_TEXT_MAX_S = 0.00003
"""CPU time that all patterns together may take over such a text: for an input of the largest size, 64 times as much."""
CLEARLY_HARD_S = 10 * HARD_TEXT_MAX_S
FEW_RUNS, MANY_RUNS = 3, 30

_TOKEN = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[A-Za-z_][A-Za-z0-9_]*|\d+(?:\.\d+)?|&&|\|\||[=!<>]=|[^\s]"
)
_SYNTAX = re.compile(r"<input>:(\d+):(\d+): Syntax error: (.*)")
_META = re.compile(r"[]\\.*+?()|^${}[]")
"""What stands for something else in a pattern."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_READS = {".": 1, "[": 1, "in": 2, "==": 2, "!=": 2, "<": 2, ">": 2, "<=": 2, ">=": 2}
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


class Reads(msgspec.Struct, frozen=True):
    """What an expression looks at, told from its text."""

    fields: frozenset[str] | None
    """Fields of ``data``; None: any."""
    event: bool


EVERYTHING = Reads(None, event=True)
NARROW_MAX = 2
"""So many forms of an event's data are made for different readers; then one of all of it."""


class Facts:
    """What expressions look at: an event's ``data``, and ``event`` (type, source, time). Prepared once, for any number of them.

    ``size`` is the number of bytes of the data as JSON, where it is known; ``fit``: whether they are looked at at all.
    """

    __slots__ = ("_contexts", "_extent", "data", "event", "fit", "size")

    def __init__(self, data: Mapping[str, Any], event: Mapping[str, Any], *, size: int | None = None) -> None:
        self.data = data
        self.event = event
        self._contexts: dict[Reads, Any] = {}
        self._extent: tuple[int, int] | None = None
        self.size = len(msgspec.json.encode(data)) if size is None else size
        self.fit = self.size <= INPUT_MAX and (_is_flat(data) or _depth(data) <= INPUT_DEPTH_MAX)

    def context(self, reads: Reads) -> Any:
        """The native form of what is read; None for what can't be looked at."""
        # Each field is copied into the native form, which costs more than what is then done with it: so an expression gets
        # what it reads. Where many read different things, one form of all is cheaper in the end.
        if reads not in self._contexts and len(self._contexts) >= NARROW_MAX:
            reads = EVERYTHING
        if reads not in self._contexts:
            self._contexts[reads] = self._native(reads)
        return self._contexts[reads]

    def _native(self, reads: Reads) -> Any:
        data, event = self.data, self.event
        if reads.fields is not None:
            data = {name: data[name] for name in reads.fields if name in data}
            event = event if reads.event else {}
        try:
            return cel.Context(variables={"data": data, "event": event})
        except _FAILED:
            return None

    @property
    def extent(self) -> tuple[int, int]:
        """The number of entries of the largest list or map, and of all together."""
        if self._extent is None:
            self._extent = (len(self.data), len(self.data)) if _is_flat(self.data) else _extent(self.data)
        return self._extent


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What an expression costs, told from its text."""

    reads: int
    """Names and signs that read, compare or copy what they are given."""
    joins: int
    """Each copies all that was joined before it."""
    flat: int
    """Steps for each entry of a list or map."""
    nested: int
    """Steps for each pair of entries."""
    inner: int
    """Times that macros look at the whole input, for each entry."""
    builds: int
    """Macros that build lists: each entry copies those before it."""
    written: int
    """Entries of lists that are written in it."""

    def steps(self, facts: Facts) -> float:
        """Steps over these facts, at most."""
        widest, entries = facts.extent
        width = max(widest, self.written)
        copied = self.joins**2 * (2 * entries / ENTRIES_A_STEP + facts.size / BYTES_A_STEP)
        looked = 1 + (self.inner * entries + self.written) / ENTRIES_A_STEP * (width if self.builds else 1)
        built = self.builds * width**2 / ENTRIES_A_STEP
        over = (self.flat * width + self.nested * width**2) * looked
        return self.reads * entries / ENTRIES_A_STEP + copied + built + over


class Expression:
    """A compiled condition."""

    __slots__ = ("_cost", "_program", "reads", "source")

    def __init__(self, source: str, program: Any, cost: Cost, reads: Reads) -> None:
        self.source = source
        self._program = program
        self._cost = cost
        self.reads = reads

    def affordable(self, facts: Facts) -> bool:
        """Whether it is evaluated at all over these facts; where not, it does not hold."""
        return self._cost.steps(facts) <= STEPS_MAX

    def holds(self, facts: Facts) -> bool:
        """Whether it is true. A field that the event does not have makes it false, not an error."""
        return self.value(facts) is True

    def value(self, facts: Facts) -> Any:
        """What it evaluates to; None where a field is missing."""
        if not facts.fit or not self.affordable(facts):
            return None
        context = facts.context(self.reads)
        if context is None:
            return None
        try:
            return self._program.execute(context)
        except _FAILED:
            return None


def _said(error: ValueError) -> str:
    """What the parser says, without its grammar."""
    text = str(error).split("\n")[0]
    at = _SYNTAX.search(text)
    if at is None:
        return text[:300]
    if "input '<EOF>'" in at[3]:
        return "something is missing at its end"
    return f"it can't be read from line {at[1]}, character {at[2]}, on"


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
        raise InvalidExpression(_said(error)) from None
    bound = {tokens[n + 2] for n, token in enumerate(tokens[:-2]) if token in _MACROS and tokens[n + 1] == "("}
    unknown = set(program.variables()) - {"data", "event"} - bound
    if unknown:
        raise InvalidExpression(f"there is no {', '.join(sorted(unknown))}: only data and event")
    return Expression(source, program, _cost(tokens, depths), _reads(tokens, bound))


def _reads(tokens: list[str], bound: set[str]) -> Reads:
    # A macro's own variable may be called as what it hides: then the text does not say what is read.
    if bound & {"data", "event"}:
        return EVERYTHING
    fields: set[str] = set()
    for number, token in enumerate(tokens):
        if token != "data" or (number and tokens[number - 1] == "."):
            continue
        sign, name, call = [*tokens[number + 1 : number + 4], "", "", ""][:3]
        if sign != "." or not _NAME.fullmatch(name) or call == "(":
            return EVERYTHING
        fields.add(name)
    return Reads(frozenset(fields), event="event" in tokens)


def _cost(tokens: list[str], depths: list[int]) -> Cost:
    macros = [depth for number, depth in enumerate(depths) if _opens_macro(tokens, number)]
    return Cost(
        reads=sum(_READS.get(token, 0) for token in tokens),
        joins=tokens.count("+"),
        flat=len(macros) and len(macros) + sum(WEIGHTS.get(token, 0) for token in tokens),
        nested=sum(depth > 1 for depth in macros),
        inner=sum(depth > 0 and token in ("data", "event") for token, depth in zip(tokens, depths, strict=True)),
        builds=tokens.count("map") + tokens.count("filter"),
        written=max(tokens.count(",") + tokens.count("[") - len(macros), 0),
    )


def check_expression(source: str, sample: Facts, *, condition: bool = True) -> Expression:
    """Compiles, and tries its cost on a sample. A ``condition`` has to be true or false. Refuses ``invalid_expression``."""
    expression = compile_expression(source)
    _check_patterns(source)
    if not expression.affordable(sample):
        raise InvalidExpression(f"it takes longer than {STEPS_MAX} steps over a sample")
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


def _patterns(tokens: list[str]) -> list[tuple[str, int]]:
    """Patterns of ``matches``, each with the number of macros that it stands in."""
    depths, found = _macro_depths(tokens), list[tuple[str, int]]()
    for number, token in enumerate(tokens[:-1]):
        if token == "matches" and tokens[number + 1] == "(":
            pattern, after = [*tokens, "", ""][number + 2], [*tokens, "", ""][number + 3]
            if pattern[:1] not in ("'", '"') or after != ")":
                raise InvalidExpression("matches takes a pattern in quotes")
            found.append((pattern, depths[number]))
    return found


def _check_patterns(source: str) -> None:
    built = matched = 0.0
    for pattern, depth in _patterns(_TOKEN.findall(source)):
        program = cel.compile(f"data.matches({pattern})")
        try:
            alone, over_text = _costs(program, pattern)
        except RuntimeError as error:
            raise InvalidExpression(f"{pattern} is no pattern: {str(error).splitlines()[-1][:100]}") from None
        built, matched = built + alone, matched + over_text
        if built > PATTERNS_MAX_S or (depth and alone > MACRO_PATTERN_MAX_S):
            raise InvalidExpression(f"the pattern {pattern[:40]} is too large")
        if matched > HARD_TEXT_MAX_S:
            raise InvalidExpression(f"the pattern {pattern[:40]} takes too long over a long text")


def _hard_texts(pattern: str) -> Iterator[str]:
    # A pattern has the most to remember where a text keeps looking as if it might fit: a mix of two of its letters, or
    # of other signs that stand in it for themselves. Where it has none, any text does.
    plain = sorted(dict.fromkeys(_META.sub("", pattern[1:-1])), key=lambda sign: not sign.isalnum())
    letters = ("".join(plain)[:HARD_LETTERS] or "a") + "~"
    for pair in combinations(letters, 2):
        # Mixed, yet the same each time.
        yield "".join(random.Random(pattern).choices(pair, k=HARD_TEXT))  # noqa: S311


def _costs(program: Any, pattern: str) -> tuple[float, float]:
    """CPU time of a pattern alone, and what a hard text adds to it."""
    alone = over_text = 1.0
    for runs in FEW_RUNS, MANY_RUNS:
        # The second is a small difference of two readings: what seems too much is read again before it is believed.
        alone = min(alone, _fastest(program, "", runs))
        over_text = max(_fastest(program, text, runs) for text in _hard_texts(pattern)) - alone
        if over_text <= HARD_TEXT_MAX_S or over_text > CLEARLY_HARD_S:
            break
    return alone, over_text


def _fastest(program: Any, text: str, runs: int) -> float:
    """CPU time, the least of some runs: others at work on this machine don't count."""
    fastest = 1.0
    context = cel.Context(variables={"data": text})
    for _ in range(runs):
        began = time.thread_time()
        program.execute(context)
        fastest = min(fastest, time.thread_time() - began)
    return fastest


def _opens_macro(tokens: list[str], number: int) -> bool:
    return number >= 2 and tokens[number] == "(" and tokens[number - 1] in _MACROS and tokens[number - 2] == "."


def _macro_depths(tokens: list[str]) -> list[int]:
    """For each token, in how many macros it stands; the bracket that opens one stands in it."""
    depth = 0
    found: list[int] = []
    opened: list[bool] = []
    for number, token in enumerate(tokens):
        if token == "(":
            opened.append(_opens_macro(tokens, number))
            depth += opened[-1]
        elif token == ")" and opened:
            depth -= opened.pop()
        found.append(depth)
    return found


def _is_flat(data: Mapping[str, Any]) -> bool:
    return not any(value.__class__ in (dict, list) for value in data.values())


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


def _extent(value: Any) -> tuple[int, int]:
    if not isinstance(value, dict | list):
        return 0, 0
    inner = [_extent(child) for child in (value.values() if isinstance(value, dict) else value)]
    return max(len(value), *(widest for widest, _ in inner), 0), len(value) + sum(entries for _, entries in inner)
