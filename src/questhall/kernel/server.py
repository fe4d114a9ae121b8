"""The ASGI server, set the same way wherever one is run."""

from __future__ import annotations

import asyncio
import gc
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, ClassVar, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from questhall.kernel.contract import Refusal
from questhall.kernel.problems import PROBLEM_TYPE, problem_of

__all__ = ["HeadTooLarge", "MalformedRequest", "Server", "server", "settle_heap", "widen_files"]

YOUNG_MAX = 20_000
MIDDLE_MAX = 20
OLD_MAX = 50
FILES_MAX = 65_536


HEAD_TIMEOUT_S = 10.0
"""What a connection may take from its first moment, and a request from its first byte, to the end of its head."""
BODY_AFTER_ANSWER_S = 5.0
"""What the rest of a body may take that was answered before it came whole."""
HEAD_MAX = 64 * 1024
"""Bytes of a request's line and fields, those after a chunked body included; and of what is read and leads to nothing."""


class MalformedRequest(Refusal):
    """What came is no HTTP; the connection is closed."""

    code: ClassVar[str] = "malformed_request"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "This is no HTTP"


class HeadTooLarge(Refusal):
    """A request's line and header fields have 64 KiB at most; the connection is closed."""

    code: ClassVar[str] = "head_too_large"
    status: ClassVar[int] = 431
    title: ClassVar[str] = "The head of this request is too large"


class _Joining:
    """A transport that sends an answer's head along with the first of its body: one write and one packet, not two.

    ASGI asks for it ("must not start sending the response until it has received at least one body event"); uvicorn sends
    the head at once, and uvloop writes at once what it is given.
    """

    __slots__ = ("_begun", "_head", "bare")

    def __init__(self, bare: asyncio.Transport) -> None:
        self.bare = bare
        self._head = b""
        self._begun = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bare, name)

    def write(self, data: bytes) -> None:
        """Sends it, unless it is a head: that waits for what follows."""
        if self._head:
            head, self._head, self._begun = self._head, b"", True
            self.bare.writelines((head, data))
        elif not self._begun and not data.startswith(b"HTTP/1.1 100 "):
            self._head = data
        else:
            self.bare.write(data)

    def end(self) -> None:
        """The answer is whole: sends a head that had no body; what comes next is a head."""
        if self._head:
            self.write(b"")
        self._begun = False

    def close(self) -> None:
        """Sends what still waits, and ends the connection."""
        self.end()
        self.bare.close()


class _Protocol(HttpToolsProtocol):
    """uvicorn's, with limits on a request's head. It has none: a slow line would stay for ever, and a long one is put
    together piece by piece, which stops the loop for seconds.
    """

    _unused = 0
    """Bytes since something came of them: a head, a part of a body, the end of a request."""
    _head_since: float | None = None
    _head_due: asyncio.TimerHandle | None = None
    _rest_due: asyncio.TimerHandle | None = None
    _joining: _Joining

    def connection_made(self, transport: Any) -> None:
        """The head of the first request is awaited."""
        super().connection_made(transport)
        self._joining = _Joining(transport)
        self.transport = cast("asyncio.Transport", self._joining)
        self._await_head()

    def handle_websocket_upgrade(self) -> None:
        """A socket has no answers to be joined, and no more heads: what would wait for one is let go."""
        self.transport = self._joining.bare
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None
        super().handle_websocket_upgrade()

    def on_response_complete(self) -> None:
        """The answer is given; to HEAD it had no body."""
        self._joining.end()
        if self.cycle.more_body and self._rest_due is None:
            self._rest_due = self.loop.call_later(BODY_AFTER_ANSWER_S, self.transport.close)
        super().on_response_complete()

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._unused += len(data)
        super().data_received(data)
        if self._unused > HEAD_MAX and not self.transport.is_closing():
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:
        """The request can't be read; or 431, it is too large to be."""
        status, body, _ = problem_of(HeadTooLarge() if self._unused > HEAD_MAX else MalformedRequest())
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: {PROBLEM_TYPE}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def on_message_begin(self) -> None:
        """The first byte of a request came."""
        super().on_message_begin()
        self._await_head()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._unused = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The end of a request."""
        self._unused = 0
        self._rest_came()
        super().on_message_complete()

    def _rest_came(self) -> None:
        if self._rest_due is not None:
            self._rest_due.cancel()
            self._rest_due = None

    def on_headers_complete(self) -> None:
        """The head came; all that is left of what came with it is looked at after it."""
        size = len(self.url) + sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers)
        if size > HEAD_MAX:
            self._unused = size
            raise ValueError("the head is too large")  # ends the parser's work; see send_400_response
        self._head_since, self._unused = None, 0
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._head_since = None
        if self._head_due is not None:
            self._head_due.cancel()
        self._rest_came()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        # One timer, armed anew when it ends and not with each request: two calls of the loop less in each.
        self._head_since = self.loop.time()
        if self._head_due is None:
            self._head_due = self.loop.call_later(HEAD_TIMEOUT_S, self._look_at_head)

    def _look_at_head(self) -> None:
        self._head_due = None
        if self._head_since is None:
            return
        left = self._head_since + HEAD_TIMEOUT_S - self.loop.time()
        if left <= 0:
            self.transport.close()
        else:
            self._head_due = self.loop.call_later(left, self._look_at_head)


class Server(uvicorn.Server):
    """Without uvicorn's own signal handling: the process has one of its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Catches nothing."""
        yield


def server(app: Any, **options: Any) -> Server:
    """A server for an application; ``options`` are uvicorn's, such as ``uds`` or ``port``."""
    config = uvicorn.Config(
        app,
        interface="asgi3",
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        http=_Protocol,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        ws_max_size=64 * 1024,
        backlog=1024,
        **options,
    )
    return Server(config)


def widen_files() -> None:
    """As many open files as this process may have, within reason: a shell gives 1,024, and each socket is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def settle_heap() -> None:
    """Takes what a process made while it started out of the garbage collector's sight; called once it serves.

    A full collection of all modules, routes and schemas stops the loop for 25 ms, at full load twice a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, MIDDLE_MAX, OLD_MAX)
