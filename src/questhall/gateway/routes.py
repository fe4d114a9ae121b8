"""The route table: by method and full template, static segments before parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from questhall.kernel.contract import Refusal
from questhall.kernel.http import RouteInfo

__all__ = ["MethodNotAllowed", "NotFound", "RouteTable"]


class NotFound(Refusal):
    """There is no such route."""

    code: ClassVar[str] = "not_found"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is nothing here"


class MethodNotAllowed(Refusal):
    """The route exists for other methods, which the answer's ``Allow`` names."""

    code: ClassVar[str] = "method_not_allowed"
    status: ClassVar[int] = 405
    title: ClassVar[str] = "This can't be done here"


class UpgradeRequired(Refusal):
    """The route is a WebSocket."""

    code: ClassVar[str] = "upgrade_required"
    status: ClassVar[int] = 426
    title: ClassVar[str] = "Please come by WebSocket"


class _Node(msgspec.Struct):
    fixed: dict[str, _Node]
    any: _Node | None
    routes: dict[str, RouteInfo]


class RouteTable:
    """Routes by path segments."""

    def __init__(self, routes: list[RouteInfo]) -> None:
        self._root = _Node({}, None, {})
        for route in routes:
            node = self._root
            for segment in route.template.strip("/").split("/"):
                if segment.startswith("{"):
                    node.any = node.any or _Node({}, None, {})
                    node = node.any
                else:
                    node = node.fixed.setdefault(segment, _Node({}, None, {}))
            node.routes[route.method] = route

    def find(self, method: str, path: str) -> RouteInfo | None:
        """The route; None if there is none. Refuses ``method_not_allowed``, ``upgrade_required``."""
        # The first is the one that counts, as where it is served: a static segment is never a parameter's value.
        node = next(self._nodes(self._root, path.strip("/").split("/"), 0), None)
        if node is None:
            return None
        route = node.routes.get(method) or (node.routes.get("GET") if method == "HEAD" else None)
        if route is not None:
            return route
        others = set(node.routes)
        others.discard("WEBSOCKET")
        if not others:
            raise UpgradeRequired(headers=[(b"upgrade", b"websocket"), (b"connection", b"upgrade")])
        if "GET" in others:
            others.add("HEAD")
        raise MethodNotAllowed(headers=[(b"allow", ", ".join(sorted(others)).encode())])

    def _nodes(self, node: _Node, segments: list[str], at: int) -> Iterator[_Node]:
        if at == len(segments):
            if node.routes:
                yield node
            return
        fixed = node.fixed.get(segments[at])
        if fixed is not None:
            yield from self._nodes(fixed, segments, at + 1)
        if node.any is not None:
            yield from self._nodes(node.any, segments, at + 1)
