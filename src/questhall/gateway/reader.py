"""A reader for the OpenAPI document: one page without a script or anybody else's host, under the strict policy."""

from __future__ import annotations

import html
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import msgspec

from questhall.kernel.contract import Refusal

__all__ = ["docs_page", "docs_style"]


def docs_style() -> bytes:
    """The reader's style sheet."""
    return files("questhall.gateway").joinpath("reader.css").read_bytes()


def docs_page(document: bytes, refusals: Iterable[type[Refusal]]) -> bytes:
    """Every route by service, every shape, and every problem's meaning: what a problem's ``type`` leads to."""
    spec = msgspec.json.decode(document)
    groups: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, item in sorted(spec["paths"].items()):
        for method, operation in item.items():
            groups.setdefault(operation.get("tags", ["gateway"])[0], []).append((path, method, operation))
    names = sorted(groups)
    menu = "".join(f"<li><a href='#{_e(name)}'>{_e(name)}</a></li>" for name in [*names, "shapes", "problems"])
    sections = "".join(
        f"<section><h2 id='{_e(name)}'>{_e(name)}</h2>{''.join(_operation(*one) for one in groups[name])}</section>"
        for name in names
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>Questhall API</title><link rel=stylesheet href=/api/docs.css>"
        f"<body><nav aria-label='Services'><ul>{menu}</ul></nav><main><h1>Questhall API</h1>"
        "<p>The documents themselves: <a href=/api/openapi.json>OpenAPI 3.1</a>, "
        "<a href=/api/asyncapi.json>AsyncAPI 3</a> (events and WebSocket). Sign in with an access token: "
        "<code>Authorization: Bearer qh_…</code>.</p>"
        f"{sections}{_shapes(spec['components']['schemas'])}{_problems(refusals)}</main>"
    ).encode()


def _e(text: object) -> str:
    return html.escape(str(text))


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    body = operation.get("requestBody", {}).get("content", {})
    rows = [_row(one["name"], one.get("schema", {}), one) for one in operation.get("parameters", [])]
    rows += [
        f"<tr><th>body</th><td>{_kind(one.get('schema', {}))}</td><td>{_e(kind)}</td></tr>"
        for kind, one in body.items()
    ]
    table = f"<table><tbody>{''.join(rows)}</tbody></table>" if rows else ""
    answers = "".join(_answer(status, one) for status, one in sorted(operation.get("responses", {}).items()))
    return (
        f"<article><h3><code><b class={method}>{method.upper()}</b> {_e(path)}</code></h3>"
        f"<p>{_e(operation.get('summary', ''))}. Permission <code>{_e(operation.get('x-permission', ''))}</code>.</p>"
        f"{table}<p>Answers: {answers}</p></article>"
    )


def _row(name: str, schema: dict[str, Any], parameter: dict[str, Any]) -> str:
    needed = " (needed)" if parameter.get("required") else ""
    text = f"{parameter.get('in', '')}{needed} {parameter.get('description', '')}"
    return f"<tr><th><code>{_e(name)}</code></th><td>{_kind(schema)}</td><td>{_e(text.strip())}</td></tr>"


def _answer(status: str, response: dict[str, Any]) -> str:
    shapes = [_kind(one.get("schema", {})) for one in response.get("content", {}).values()]
    return f"<span><code>{_e(status)}</code> {' '.join(shapes)}</span> "


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a word or two; a shape of its own is a link."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"<a href='#{_e(name)}'>{_e(name)}</a>"
    for word in ("oneOf", "anyOf", "allOf"):
        if word in schema:
            return " or ".join(dict.fromkeys(_kind(one) for one in schema[word]))
    if "enum" in schema:
        return " or ".join(f"<code>{_e(value)}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{_e(schema['const'])}</code>"
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    kind = schema.get("type", "any")
    words = kind if isinstance(kind, str) else " or ".join(kind)
    bounds = ", ".join(f"{name} {schema[name]}" for name in _BOUNDS if name in schema)
    return _e(f"{words} {schema.get('format', '')} {bounds}".strip())


_BOUNDS = ("minimum", "maximum", "minLength", "maxLength", "pattern", "default")


def _shapes(schemas: dict[str, Any]) -> str:
    parts = ["<section><h2 id=shapes>shapes</h2>"]
    for name, schema in sorted(schemas.items()):
        needed = set(schema.get("required", ()))
        rows = "".join(
            _row(field, one, {"required": field in needed, "description": one.get("description", "")})
            for field, one in schema.get("properties", {}).items()
        )
        inner = f"<table><tbody>{rows}</tbody></table>" if rows else f"<p>{_kind(schema)}</p>"
        parts.append(
            f"<article><h3 id='{_e(name)}'>{_e(name)}</h3><p>{_e(schema.get('description', ''))}</p>{inner}</article>"
        )
    return "".join(parts) + "</section>"


def _problems(refusals: Iterable[type[Refusal]]) -> str:
    by_code = {refusal.code: refusal for refusal in _all(refusals)}
    rows = "".join(
        f"<tr id='{_e(code)}'><th><code>{_e(code)}</code></th><td>{refusal.status}</td>"
        f"<td>{_e((refusal.__doc__ or refusal.title).strip().splitlines()[0])}</td></tr>"
        for code, refusal in sorted(by_code.items())
    )
    fixed = "".join(
        f"<tr id='{code}'><th><code>{code}</code></th><td>{status}</td><td>{text}</td></tr>"
        for code, status, text in _OTHERS
    )
    return f"<section><h2 id=problems>problems</h2><table><tbody>{rows}{fixed}</tbody></table></section>"


_OTHERS = (
    ("internal", 500, "Something went wrong on our side; it was written down under the id in <code>instance</code>."),
    ("invalid", 422, "Some of the request can't be used; <code>errors</code> points at each place."),
    ("malformed_body", 400, "The body is no JSON."),
    ("unavailable", 503, "A part is starting or away; try again after <code>Retry-After</code> seconds."),
)
"""Problems that are no refusal of anybody's."""


def _all(refusals: Iterable[type[Refusal]]) -> list[type[Refusal]]:
    """Those of the contracts, and those of kernel and gateway, which no contract lists."""
    found = list(refusals)
    open_ = [Refusal]
    while open_:
        kinds = open_.pop().__subclasses__()
        open_ += kinds
        found += [kind for kind in kinds if kind.__module__.startswith(("questhall.kernel.", "questhall.gateway."))]
    return found
