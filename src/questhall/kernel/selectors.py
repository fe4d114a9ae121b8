"""JMESPath: what picks values out of any JSON. Compiled once, and metered while it runs.

The bounds hold whatever the expression is and whatever it looks at: each visit of one of its parts is a step, and what a
function reads, copies or joins is paid in steps before it is done. So neither who writes an expression nor who sends a
body can make a selection slow, or its result large.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, ClassVar, cast

from jmespath import exceptions, functions, parser, visitor

from questhall.kernel.contract import Refusal
from questhall.kernel.text import NOT_PLAIN, is_plain

__all__ = ["InvalidSelector", "Selector", "TooDear", "Unselectable", "check_selector", "compile_selector"]

LENGTH_MAX = 512
"""Characters of an expression."""
NODES_MAX = 100
"""Parts (names, literals, signs, calls) of an expression."""
RESULT_MAX = 64 * 1024
"""Bytes of a text that an expression makes or gives."""
STEPS_MAX = 1000
"""Steps of at most 2 microseconds that a selection may take."""
ENTRIES_A_STEP = 5
"""Entries of lists and objects that are read or copied in a step."""
BYTES_A_STEP = 4000
"""Characters of a text that are compared, searched or joined in a step."""
ROUNDS = {"sort": 12, "sort_by": 12, "min_by": 12, "max_by": 12, "contains": 10, "to_string": 5, "join": 2}
"""How often these read what they are given: sorts compare an entry about as often; the others read slowly."""
DIGITS_A_STEP = 100
"""Characters of a text that are read as a number in a step."""
NUMBER_MAX = 400
"""Characters of a text that is read as a number; a longer one is none."""
_WHOLE = frozenset({"to_string", "contains", "join", "max", "min", "sort", "max_by", "min_by", "sort_by"})
"""Functions that look at all that is in what they are given; all others at its own entries alone."""
_FAILED = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""What a value of another kind than a function takes, a step of 0 or an endless number raise."""


class InvalidSelector(Refusal):
    """The expression can't be used: ``detail`` says why."""

    code: ClassVar[str] = "invalid_selector"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This expression can't be used"


class Unselectable(Exception):
    """The expression can't be followed in this JSON; the message says why."""


class TooDear(Unselectable):
    """It takes more steps than there are, or makes a text that is too long on its way."""


class _Meter:
    """Steps that are left of a selection."""

    def __init__(self) -> None:
        self.left: float = STEPS_MAX

    def spend(self, steps: float) -> None:
        self.left -= steps
        if self.left < 0:
            raise TooDear(f"it takes more than {STEPS_MAX} steps")

    def read(self, value: Any, rounds: int = 1) -> int:
        """Pays for reading all of a value, as often as that; answers about how many characters it has as JSON."""
        size, waiting = 0, [value]
        while waiting:
            found = waiting.pop()
            if isinstance(found, str):
                size += len(found)
                self.spend(rounds * len(found) / BYTES_A_STEP)
            elif isinstance(found, dict | list):
                size += len(found)
                self.spend(1 + rounds * len(found) / ENTRIES_A_STEP)
                waiting.extend(found)
                if isinstance(found, dict):
                    waiting.extend(found.values())
        return size


class _Functions(functions.Functions):
    """JMESPath's own functions, each paid for before it runs."""

    def __init__(self, meter: _Meter) -> None:
        self._meter = meter

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:
        resolved_args = list(resolved_args)
        self._meter.spend(1)
        rounds = ROUNDS.get(function_name, 1)
        for argument in resolved_args:
            if function_name in _WHOLE:
                size = self._meter.read(argument, rounds)
                if function_name == "to_string" and size > RESULT_MAX:
                    raise TooDear(f"it makes a text of more than {RESULT_MAX} bytes")
            elif isinstance(argument, dict | list):
                self._meter.spend(len(argument) / ENTRIES_A_STEP)
            elif isinstance(argument, str):
                self._meter.spend(len(argument) / BYTES_A_STEP)
        found = super().call_function(function_name, resolved_args)
        if isinstance(found, str) and len(found) > RESULT_MAX:
            raise TooDear(f"it makes a text of more than {RESULT_MAX} bytes")
        return found

    @functions.signature({"types": []})
    def _func_to_number(self, arg: Any) -> Any:
        if isinstance(arg, str):
            if len(arg) > NUMBER_MAX:
                return None
            self._meter.spend(len(arg) / DIGITS_A_STEP)
        return self._own("to_number", arg)

    @functions.signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, array: list[str]) -> str:
        if sum(map(len, array)) + len(separator) * len(array) > RESULT_MAX:
            raise TooDear(f"it makes a text of more than {RESULT_MAX} bytes")
        return self._own("join", separator, array)

    def _own(self, name: str, *arguments: Any) -> Any:
        return functions.Functions.FUNCTION_TABLE[name]["function"](self, *arguments)

    def _create_key_func(self, expref: Any, allowed_types: list[str], function_name: str) -> Any:
        # What a sort compares by is made here and nowhere else.
        key_of = cast("Any", super())._create_key_func(  # noqa: SLF001
            expref, allowed_types, function_name
        )

        def paid(element: Any) -> Any:
            key = key_of(element)
            if isinstance(key, str):
                self._meter.spend(ROUNDS[function_name] * len(key) / BYTES_A_STEP)
            return key

        return paid


class _Interpreter(visitor.TreeInterpreter):
    def __init__(self, meter: _Meter) -> None:
        super().__init__(visitor.Options(custom_functions=_Functions(meter)))
        self._meter = meter

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._meter.spend(1)
        return super().visit(node, *args, **kwargs)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        # Its sides are looked at once: what they gave stands in their place.
        sides = [self.visit(child, value) for child in node["children"]]
        if node["value"] in ("eq", "ne") and type(sides[0]) is type(sides[1]):
            self._meter.read(sides[0])
        return super().visit_comparator(_over(node, sides), value)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if isinstance(base, list):
            self._meter.spend(len(base) / ENTRIES_A_STEP)
            self._meter.spend(sum(len(entry) for entry in base if isinstance(entry, list)) / ENTRIES_A_STEP)
        return super().visit_flatten(_over(node, [base]), value)

    def visit_slice(self, node: Any, value: Any) -> Any:
        if isinstance(value, list):
            self._meter.spend(len(value) / ENTRIES_A_STEP)
        return super().visit_slice(node, value)


def _over(node: Any, values: list[Any]) -> Any:
    """A part with values in place of what led to them."""
    return {**node, "children": [{"type": "literal", "value": value, "children": []} for value in values]}


class Selector:
    """A compiled expression."""

    __slots__ = ("_parsed", "source")

    def __init__(self, source: str, parsed: Any) -> None:
        self.source = source
        self._parsed = parsed

    def select(self, value: Any) -> tuple[Any, float]:
        """What it finds in some JSON (None: nothing), and the steps that it took. Raises Unselectable."""
        meter = _Meter()
        try:
            found = _Interpreter(meter).visit(self._parsed, value)
        except _FAILED as error:
            raise Unselectable(_said(error)) from None
        if isinstance(found, str) and len(found.encode(errors="replace")) > RESULT_MAX:
            raise Unselectable(f"it gives a text of more than {RESULT_MAX} bytes")
        return found, STEPS_MAX - meter.left


@lru_cache(maxsize=4096)
def compile_selector(source: str) -> Selector:
    """Compiles, within the bounds of length and parts. Refuses ``invalid_selector``."""
    if len(source) > LENGTH_MAX:
        raise InvalidSelector(f"it is longer than {LENGTH_MAX} characters")
    if not source.strip():
        raise InvalidSelector("it is empty")
    if not is_plain(source):
        raise InvalidSelector(NOT_PLAIN)
    try:
        parsed = parser.Parser().parse(source).parsed
    except RecursionError:
        raise InvalidSelector("it is nested too deeply") from None
    except ValueError as error:
        raise InvalidSelector(_said(error)) from None
    nodes = list(_nodes(parsed))
    if len(nodes) > NODES_MAX:
        raise InvalidSelector(f"it has more than {NODES_MAX} parts")
    _check_calls(nodes)
    return Selector(source, parsed)


def check_selector(source: str) -> Selector:
    """Compiles, and tries it on nothing: what is too dear by itself is refused. Refuses ``invalid_selector``."""
    selector = compile_selector(source)
    try:
        selector.select({})
    except TooDear as error:
        raise InvalidSelector(str(error)) from None
    except Unselectable:
        pass  # what it asks for is not there; it may be in what is sent
    return selector


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _nodes(child)


def _check_calls(nodes: list[Any]) -> None:
    # What is called and not known would fail each time; what `&` marks is for the functions that follow it alone.
    marked = sum(node["type"] == "expref" for node in nodes)
    for node in nodes:
        if node["type"] != "function_expression":
            continue
        name, given = node["value"], node["children"]
        known = functions.Functions.FUNCTION_TABLE.get(name)
        if known is None:
            raise InvalidSelector(f"there is no function {name}")
        takes = known["signature"]
        more = bool(takes[-1].get("variadic"))
        if len(given) < len(takes) or (len(given) > len(takes) and not more):
            raise InvalidSelector(
                f"{name} takes {len(takes)}{' or more' if more else ''} of what stands in its brackets"
            )
        for argument, parameter in zip(given, takes, strict=False):
            if (argument["type"] == "expref") is not (parameter["types"] == ["expref"]):
                raise InvalidSelector(
                    f"{name} takes an expression after & where it goes through a list, and nowhere else"
                )
            marked -= argument["type"] == "expref"
    if marked:
        raise InvalidSelector("& stands only before what a function like sort_by goes through a list by")


def _said(error: Exception) -> str:
    """What the parser or a function says, without the words of its making and without what it looked at."""
    match error:
        case exceptions.JMESPathTypeError():
            return f"{error.function_name} can't be done with {_KINDS.get(error.actual_type, error.actual_type)}"
        case exceptions.IncompleteExpressionError():
            return "something is missing at its end"
        case exceptions.ParseError() if isinstance(error.lex_position, int):
            if error.token_type == "EOF":
                return "something is missing at its end"
            return f"it can't be read from character {error.lex_position + 1} on"
        case _:
            return "it can't be worked out here"


_KINDS = {"null": "nothing (what it asks for is not there)", "object": "an object", "array": "a list"}
_KINDS |= {"string": "a text", "number": "a number", "boolean": "yes or no", "NoneType": _KINDS["null"]}
_KINDS |= {
    "dict": "an object",
    "list": "a list",
    "str": "a text",
    "int": "a number",
    "float": "a number",
    "bool": "yes or no",
}
